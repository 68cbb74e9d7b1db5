import type * as pulumi from "@pulumi/pulumi";
import type { ArgumentNames } from "./checks";

/** A work queue of a pool. */
export interface WorkQueueArgs {
  /**
   * Its priority: runs of queue 1 start before those of queue 2. By default the queue `default` has 1, and any other queue comes last.
   * @example priority: 1
   */
  priority?: pulumi.Input<number>;
  /**
   * The maximum number of concurrent runs of the queue. 0 holds all of them. By default only the limit of the pool applies.
   * @example concurrencyLimit: 3
   */
  concurrencyLimit?: pulumi.Input<number>;
}

/** The names for `declared`. */
export const WORK_QUEUE_ARGUMENTS: ArgumentNames<WorkQueueArgs> = {
  priority: "optional",
  concurrencyLimit: "nullable",
};
