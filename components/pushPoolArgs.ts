import type * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "./anyJson";
import type { ArgumentNames } from "./checks";
import type { WorkQueueArgs } from "./workQueue";

/** Arguments of every push work pool. */
export interface PushPoolArgs {
  /**
   * Name of the work pool, by which deployments and prefect.yaml refer to it. By default the component's name.
   * @example workPoolName: "etl"
   */
  workPoolName?: string;
  /**
   * Your own base job template, in the format of a Prefect server. By default Prefect's own template for this type of work pool.
   * @example baseJobTemplate: JSON.parse(readFileSync("template.json", "utf8"))
   */
  baseJobTemplate?: Record<string, AnyJson>;
  /**
   * Whether the pool is paused. New runs then wait until it is resumed. By default it is not paused.
   * @example isPaused: true
   */
  isPaused?: pulumi.Input<boolean>;
  /**
   * The maximum number of concurrent runs; the others wait. With 0, all runs wait. By default there is no limit. A Prefect
   * server counts the runs of its pools, the ledger those of all others.
   * @example concurrencyLimit: 10
   */
  concurrencyLimit?: pulumi.Input<number>;
  /**
   * Work queues by name, each with its priority and limit. By default only the queue `default`, which always exists.
   * @example queues: { urgent: { priority: 1 }, bulk: { priority: 2, concurrencyLimit: 3 } }
   */
  queues?: Record<string, WorkQueueArgs>;
  /**
   * Labels of the pool itself, in the manifest. Runs get theirs from the job variable labels. By default none.
   * @example labels: { team: "data" }
   */
  labels?: Record<string, pulumi.Input<string>>;
}

/** The names for `declared`. */
export const PUSH_POOL_ARGUMENTS: ArgumentNames<PushPoolArgs> = {
  workPoolName: "optional",
  baseJobTemplate: "optional",
  isPaused: "optional",
  concurrencyLimit: "nullable",
  queues: "optional",
  labels: "optional",
};
