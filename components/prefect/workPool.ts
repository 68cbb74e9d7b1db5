import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, checkQueues, declared } from "../checks";
import { OwnResource } from "../ownResource";
import { prefectWorkPool } from "../trampoline";

/** A work queue of a work pool on a Prefect API. */
export interface PrefectWorkQueueArgs {
  /**
   * Its priority: runs of queue 1 start before those of queue 2. By default the server decides.
   * @example priority: 1
   */
  priority?: pulumi.Input<number>;
  /**
   * The maximum number of concurrent runs of the queue. 0 holds all of them. By default there is no limit.
   * @example concurrencyLimit: 3
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * Whether its runs are held. By default they are not.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * Description of the queue. By default none.
   * @example description: "What must not wait"
   */
  description?: pulumi.Input<string>;
}

const PREFECT_WORK_QUEUE_ARGUMENTS: ArgumentNames<PrefectWorkQueueArgs> = {
  priority: "optional",
  concurrencyLimit: "nullable",
  isPaused: "optional",
  description: "optional",
};

/**
 * Arguments of a `PrefectWorkPool`. A setting that is not given keeps its value on the server. A setting that is removed gets Prefect's
 * default again.
 */
export interface PrefectWorkPoolArgs {
  /**
   * Name of the work pool. By default the resource's name. A change is a replacement.
   * @example workPoolName: "etl"
   */
  workPoolName?: pulumi.Input<string>;
  /**
   * Pool type. A change is a replacement, because Prefect cannot change it.
   * @example type: "process:push"
   */
  type: pulumi.Input<string>;
  /**
   * Base job template: job_configuration and variables. By default an empty one.
   * @example baseJobTemplate: { job_configuration: { … }, variables: { … } }
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * Description of the pool. By default none.
   * @example description: "Loads and reports"
   */
  description?: pulumi.Input<string>;
  /**
   * Whether its runs are held. By default they are not.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * The maximum number of concurrent runs. 0 holds all of them. By default there is no limit.
   * @example concurrencyLimit: 10
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * Work queues by name. By default only the queue `default`, which always exists.
   * @example queues: { urgent: { priority: 1 } }
   */
  queues?: Record<string, PrefectWorkQueueArgs>;
  /**
   * Whether to take over an existing pool of the same type, instead of an error. Then the pool belongs to this resource, and is deleted
   * with it. By default an existing pool is an error.
   * @example adoptExisting: true
   */
  adoptExisting?: pulumi.Input<boolean>;
}

const PREFECT_WORK_POOL_ARGUMENTS: ArgumentNames<PrefectWorkPoolArgs> = {
  workPoolName: "optional",
  type: "required",
  baseJobTemplate: "optional",
  description: "optional",
  isPaused: "optional",
  concurrencyLimit: "nullable",
  queues: "optional",
  adoptExisting: "optional",
};

/**
 * A work pool on a Prefect API.
 *
 * ```ts
 * new PrefectWorkPool("etl", { type: "process:push", baseJobTemplate, concurrencyLimit: 4 }, { provider: connection });
 * ```
 */
export class PrefectWorkPool extends OwnResource {
  /** Name of the work pool. */
  declare readonly workPoolName: pulumi.Output<string>;
  /** Pool type. */
  declare readonly type: pulumi.Output<string>;
  /** Prefect's id of the pool. It changes when the pool is replaced. */
  declare readonly workPoolId: pulumi.Output<string>;
  /** Id of the queue `default`. */
  declare readonly defaultQueueId: pulumi.Output<string>;
  /** URL of the API on which it is registered. */
  declare readonly apiUrl: pulumi.Output<string>;

  constructor(name: string, args: PrefectWorkPoolArgs, opts?: pulumi.CustomResourceOptions) {
    const of = declared("PrefectWorkPool", name, args, PREFECT_WORK_POOL_ARGUMENTS);
    checkQueues(args.queues, PREFECT_WORK_QUEUE_ARGUMENTS, of);
    const props = { workPoolName: name, ...args, workPoolId: undefined, defaultQueueId: undefined, apiUrl: undefined };
    super(
      prefectWorkPool,
      name,
      props,
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionAuth"] }, opts),
      "pushpool",
      "PrefectWorkPool",
    );
  }
}
