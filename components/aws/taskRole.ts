import { Role, RolePolicyAttachment } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { checkComponentName } from "./awsChecks";
import { TRUSTS_TASKS } from "./taskRoles";

/** Arguments of a `TaskRole`. */
export interface TaskRoleArgs {
  /**
   * ARNs of policies with the permissions of flows. By default none: the role may do nothing.
   * @example policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
   */
  policyArns?: pulumi.Input<string>[];
}

const TASK_ROLE_ARGUMENTS: ArgumentNames<TaskRoleArgs> = {
  policyArns: "optional",
};

/**
 * The role of flows. AWS libraries in their code log in with it automatically.
 *
 * ```ts
 * const role = new TaskRole("etl-task", { policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] });
 * ```
 */
export class TaskRole extends pulumi.ComponentResource {
  /**
   * ARN of the role.
   */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: TaskRoleArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("TaskRole", name, args, TASK_ROLE_ARGUMENTS);
    checkComponentName(name, 50, of);
    super("pushpool:index:TaskRole", name, args, opts);
    const options = partOf(this, opts);
    const role = new Role(
      `${name}-role`,
      { assumeRolePolicy: TRUSTS_TASKS, description: `Flow runs act as this: ${name}`.slice(0, 1000) },
      options,
    );
    for (const [index, policyArn] of (args.policyArns ?? []).entries())
      new RolePolicyAttachment(`${name}-policy-${index}`, { role: role.name, policyArn }, options);

    this.arn = role.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
