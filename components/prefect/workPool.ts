import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../json";
import { prefectWorkPool } from "../trampoline";

export interface PrefectWorkQueueArgs {
  /**
   * Which queue goes first: 1 before 2. By default the server gives one.
   */
  priority?: pulumi.Input<number>;
  /**
   * How many runs of the queue at a time. Any number by default; 0 holds them all.
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * Whether its runs are held.
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * What it is for.
   */
  description?: pulumi.Input<string>;
}

/** What is not given is left to the server, and to whoever changes it there; what is no longer given goes back to Prefect's default. */
export interface PrefectWorkPoolArgs {
  /**
   * Name of the work pool. By default the resource's name. A change is a replacement.
   */
  workPoolName?: pulumi.Input<string>;
  /**
   * Pool type, as process:push. A change is a replacement, for Prefect cannot change it.
   */
  type: pulumi.Input<string>;
  /**
   * Base job template: job_configuration and variables.
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * What it is for.
   */
  description?: pulumi.Input<string>;
  /**
   * Whether its runs are held.
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * How many runs at a time. Any number by default; 0 holds them all.
   */
  concurrencyLimit?: pulumi.Input<number | null>;
  /**
   * Work queues, by name. The one called default is always there.
   */
  queues?: Record<string, PrefectWorkQueueArgs>;
  /**
   * Take over a pool that is there already, in place of refusing; it must be of the same type. From then on it is this resource's, and goes
   * with it.
   */
  adoptExisting?: pulumi.Input<boolean>;
}

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
