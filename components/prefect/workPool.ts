import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, checkQueues, declared } from "../checks";
import type { AnyJson } from "../json";
import { prefectWorkPool } from "../trampoline";

/** A work queue of a work pool on a Prefect API. */
export interface PrefectWorkQueueArgs {
  /**
   * Which queue goes first: 1 before 2. By default the server decides.
   * @example priority: 1
   */
  priority?: pulumi.Input<number>;
  /**
   * How many runs of the queue may be under way at a time. 0 holds them all. By default there is no limit.
   * @example concurrencyLimit: 3
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * Whether its runs are held. By default they are not.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * What the queue is for. By default there is no description.
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

/** What is not given is left to the server, and to whoever changes it there; what is no longer given goes back to Prefect's default. */
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
   * What the pool is for. By default there is no description.
   * @example description: "Loads and reports"
   */
  description?: pulumi.Input<string>;
  /**
   * Whether its runs are held. By default they are not.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * How many runs may be under way at a time. 0 holds them all. By default there is no limit.
   * @example concurrencyLimit: 10
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * Work queues, by name. By default there is only the queue called default, which is always there.
   * @example queues: { urgent: { priority: 1 } }
   */
  queues?: Record<string, PrefectWorkQueueArgs>;
  /**
   * Whether to take over a pool of the same type that exists already, in place of refusing. From then on it is this resource's, and is
   * deleted with it. By default it is refused.
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
export class PrefectWorkPool extends pulumi.dynamic.Resource {
  declare readonly workPoolName: pulumi.Output<string>;
  declare readonly type: pulumi.Output<string>;
  /** Prefect's id of the pool, another one when it has been made anew. */
  declare readonly workPoolId: pulumi.Output<string>;
  declare readonly defaultQueueId: pulumi.Output<string>;
  /** The API that it is registered with. */
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
