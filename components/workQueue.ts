import type * as pulumi from "@pulumi/pulumi";
import type { ArgumentNames } from "./checks";

/** A work queue of a pool. */
export interface WorkQueueArgs {
  /**
   * Which queue goes first: 1 before 2. By default the queue called default has 1, and any other queue comes last.
   * @example priority: 1
   */
  priority?: pulumi.Input<number>;
  /**
   * How many runs of the queue may be under way at a time. 0 holds them all. By default there is no limit but the pool's.
   * @example concurrencyLimit: 3
   */
  concurrencyLimit?: pulumi.Input<number>;
}

/** For `declared`. */
export const WORK_QUEUE_ARGUMENTS: ArgumentNames<WorkQueueArgs> = {
  priority: "optional",
  concurrencyLimit: "nullable",
};
