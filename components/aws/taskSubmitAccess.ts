import { Policy, RolePolicyAttachment, UserPolicyAttachment } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { parameterFolder, stackName } from "../../src/manifest/cloudNames";
import { type ArgumentNames, declared, partOf } from "../checks";
import { thisStack } from "../physicalName";
import { Permissions } from "../submitting";
import { checkComponentName, checkMembers, checkSubmitAccess, regionOf } from "./awsChecks";
import { leastPrivilege, policyDocument, secretsActions } from "./leastPrivilege";
import { managedPolicy, partitionOf } from "./partition";
import { TASK_SUBMIT_ARGUMENTS, type TaskSubmitArgs } from "./taskSubmitArgs";

/** Arguments of a `TaskSubmitAccess`. */
export interface TaskSubmitAccessArgs extends TaskSubmitArgs {
  /**
   * Who may submit: users and roles of the account.
   * @example members: ["role/data", "user/ada"]
   */
  members: pulumi.Input<string>[];
}

const TASK_SUBMIT_ACCESS_ARGUMENTS: ArgumentNames<TaskSubmitAccessArgs> = {
  ...TASK_SUBMIT_ARGUMENTS,
  members: "required",
};

/**
 * Allows others to submit runs to ECS. With AmazonECS_FullAccess, as in Prefect's guide, they can give a task any role of the account that
 * trusts ECS. With least privilege, only the roles of the pool.
 *
 * ```ts
 * new TaskSubmitAccess("data", { members: ["role/data"], workPoolName: "etl", clusterArn: cluster.arn, executionRoleArn: role.arn });
 * ```
 */
export class TaskSubmitAccess extends pulumi.ComponentResource {
  constructor(name: string, args: TaskSubmitAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("TaskSubmitAccess", name, args, TASK_SUBMIT_ACCESS_ARGUMENTS);
    checkComponentName(name, 100, of);
    const region = regionOf(args.region, of);
    checkSubmitAccess(args, of);
    checkMembers("members", args.members, of);
    super("pushpool:index:TaskSubmitAccess", name, args, opts);
    letSubmit(name, { ...args, region }, partOf(this, opts));
    this.registerOutputs({});
  }
}

/**
 * Make the resources of {@link TaskSubmitAccess}, for a caller that does not create the component.
 * @returns the resources that must exist before the members can submit
 */
export function letSubmit(
  name: string,
  args: TaskSubmitAccessArgs & { region: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const isLeast = args.permissions === Permissions.LeastPrivilege;
  const { members, region, workPoolName, clusterArn, executionRoleArn, taskRoleArn, logGroupName } = args;

  const source = thisStack();
  const parameterPath = parameterFolder(source, workPoolName);
  const roles = pulumi.all(taskRoleArn === undefined ? [executionRoleArn] : [executionRoleArn, taskRoleArn]);
  const policy = pulumi.all([region, clusterArn, roles, logGroupName ?? "*"]).apply(([place, cluster, roleArns, group]) => {
    const partition = partitionOf(place);
    if (!isLeast) return policyDocument(secretsActions(partition, place, parameterPath));
    const submitPlace = { partition, region: place, clusterArn: cluster, roleArns, logGroupName: group, parameterPath };
    return policyDocument(leastPrivilege({ ...submitPlace, stack: stackName(source) }));
  });
  const description = isLeast ? "What submitting flow runs to ECS takes, and no more" : "Secrets in the environment of flow runs on ECS";
  const own = new Policy(`${name}-policy`, { policy, description }, options);
  const policies: [string, pulumi.Input<string>][] = isLeast
    ? [["submitter", own.arn]]
    : [
        ["ecs", managedPolicy(region, "AmazonECS_FullAccess")],
        ["secrets", own.arn],
      ];
  return members.flatMap((member, index) => {
    const of = members.length === 1 ? name : `${name}-${index}`;
    return policies.map(([part, policyArn]) => attach(`${of}-${part}`, member, policyArn, options));
  });
}

/** The kind of a member must be known while the program runs. An unknown member counts as a user. */
function attach(
  name: string,
  member: pulumi.Input<string>,
  policyArn: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const plain = pulumi.output(member).apply((known) => known.replace(/^(user|role)\//, ""));
  if (typeof member === "string" && member.startsWith("role/")) return new RolePolicyAttachment(name, { role: plain, policyArn }, options);
  return new UserPolicyAttachment(name, { user: plain, policyArn }, options);
}
