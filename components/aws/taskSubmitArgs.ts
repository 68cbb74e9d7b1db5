import type * as pulumi from "@pulumi/pulumi";
import type { ArgumentNames } from "../checks";
import type { Permissions } from "../submitting";

/** Arguments of every component that allows somebody to submit runs to ECS: the runs, and the permissions for them. */
export interface TaskSubmitArgs {
  /**
   * Work pool to which they submit.
   * @example workPoolName: "etl"
   */
  workPoolName: string;
  /**
   * ARN of the cluster in which runs run.
   * @example clusterArn: cluster.arn
   */
  clusterArn: pulumi.Input<string>;
  /**
   * ARN of the runs' execution role.
   * @example executionRoleArn: execution.arn
   */
  executionRoleArn: pulumi.Input<string>;
  /**
   * ARN of the role of flows. By default they have none.
   * @example taskRoleArn: task.arn
   */
  taskRoleArn?: pulumi.Input<string>;
  /**
   * Name of the log group to which runs write. By default any log group of the account.
   * @example logGroupName: logs.logGroupName
   */
  logGroupName?: pulumi.Input<string>;
  /**
   * The permissions of those who submit. By default documented: AmazonECS_FullAccess, as in Prefect's guide.
   * @example permissions: Permissions.LeastPrivilege
   */
  permissions?: Permissions;
  /**
   * Region of the runs. By default the provider's (`aws:region`).
   * @example region: "eu-west-1"
   */
  region?: pulumi.Input<string>;
}

/** The names for `declared`. */
export const TASK_SUBMIT_ARGUMENTS: ArgumentNames<TaskSubmitArgs> = {
  workPoolName: "required",
  clusterArn: "required",
  executionRoleArn: "required",
  taskRoleArn: "optional",
  logGroupName: "optional",
  permissions: "optional",
  region: "optional",
};
