import type * as pulumi from "@pulumi/pulumi";

export interface WorkQueueArgs {
  /**
   * Which queue goes first: 1 before 2.
   */
  priority?: pulumi.Input<number>;
  /**
   * How many runs of the queue at a time. Any number by default; 0 holds them all.
   */
  concurrencyLimit?: pulumi.Input<number>;
}
