import type * as pulumi from "@pulumi/pulumi";
import { checkChoice, checkExclusive, checkLimits, checkName, checkVariableNames, type Declared, refuse } from "../checks";
import { Credentials, Permissions } from "../submitting";
import { checkAwsName, checkComponentName, checkMembers, checkRetention, checkRole } from "./checks";
import type { EcsPushPoolArgs } from "./ecsPushPoolArgs";
import { TaskNetworkAccess } from "./taskNetwork";

/** Arguments that each decide what the other would. */
const EXCLUSIVE = [
  ["clusterArn", "jobVariables.cluster", "give the cluster once"],
  ["executionRoleArn", "jobVariables.execution_role_arn", "give the role once"],
  ["taskRoleArn", "jobVariables.task_role_arn", "give the role once"],
  ["taskRoleArn", "taskPolicyArns", "a given role has its policies already"],
  ["taskPolicyArns", "jobVariables.task_role_arn", "a given role has its policies already"],
  ["vpcId", "jobVariables.vpc_id", "give the VPC once"],
  ["network", "vpcId", "a network is made, or a given one is used"],
  ["network", "subnetIds", "a network is made, or a given one is used"],
  ["network", "jobVariables.network_configuration", "a network is made, or a given one is used"],
  ["subnetIds", "jobVariables.network_configuration", "give the subnets once"],
  ["logGroupName", "logRetentionDays", "how long a given log group keeps lines is its own matter"],
  ["logGroupName", "jobVariables.cloudwatch_logs_options.awslogs-group", "give the log group once"],
  ["clusterArn", "serviceLinkedRole", "who made the given cluster has the role already"],
  ["credentialsBlock", "credentials", "a given block has its credentials already"],
  ["credentialsBlock", "user", "a given block has its user already"],
  ["prefectApiKey", "jobVariables.prefect_api_key_secret_arn", "give the key, or the secret that has it"],
] as const;

/** An image of ECR, and its region. */
const ECR = /^[0-9]{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\./;

/** @throws {pulumi.ResourceError} naming the argument, and the fix */
export function checkPool(
  name: string,
  workPoolName: string,
  args: EcsPushPoolArgs & { region: pulumi.Input<string> },
  of: Declared,
): void {
  // The longest that is put behind it: -execution-role, and what the provider adds.
  checkComponentName(name, 40, of, "; the work pool may be called otherwise, by workPoolName");
  checkExclusive(args, EXCLUSIVE, of);
  checkName("workPoolName", workPoolName, of);
  checkLimits(args, of);
  checkChoice("credentials", args.credentials, Credentials, of);
  checkChoice("permissions", args.permissions, Permissions, of);
  checkChoice("network", args.network, TaskNetworkAccess, of);
  checkAwsName("user", "user", args.user, of);
  checkAwsName("logGroupName", "logGroup", args.logGroupName, of);
  checkRetention(args.logRetentionDays, of);
  checkRole("executionRoleArn", args.executionRoleArn, of);
  checkRole("taskRoleArn", args.taskRoleArn, of);
  checkRole("jobVariables.execution_role_arn", args.jobVariables?.execution_role_arn, of);
  checkRole("jobVariables.task_role_arn", args.jobVariables?.task_role_arn, of);
  checkMembers("submitters", args.submitters, of);
  checkVariableNames("secretEnv", args.secretEnv, of);
  checkGiven(args, of);
  checkNetwork(args, of);
}

function checkGiven({ clusterArn, credentials, credentialsBlock, user, secretEnv }: EcsPushPoolArgs, of: Declared): void {
  if (typeof clusterArn === "string" && !/^arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster\/.+$/.test(clusterArn))
    refuse(`clusterArn "${clusterArn}" must be the ARN of a cluster, as arn:aws:ecs:eu-west-1:123456789012:cluster/flows`, of);
  if (credentialsBlock !== undefined && !/^aws-credentials\/[^/%&<>]+$/.test(credentialsBlock))
    refuse(`credentialsBlock "${credentialsBlock}" must name a block of type aws-credentials, as aws-credentials/etl`, of);
  if (credentials === Credentials.Ambient && user !== undefined)
    refuse("credentials ambient and user exclude each other: with ambient nothing is made for a user; list it in submitters", of);
  if (secretEnv?.PREFECT_API_KEY !== undefined) refuse("secretEnv.PREFECT_API_KEY: give it as prefectApiKey", of);
}

function checkNetwork(args: EcsPushPoolArgs, of: Declared): void {
  const { region, vpcId, subnetIds, securityGroupIds, assignPublicIp, network, jobVariables = {} } = args;
  const vpc = vpcId ?? jobVariables.vpc_id;
  if (subnetIds !== undefined && vpc === undefined) refuse("subnetIds need vpcId: name the VPC that they are in", of);
  if (subnetIds !== undefined && subnetIds.length === 0) refuse("subnetIds is empty: name a subnet of the VPC at least", of);
  if (vpcId !== undefined && subnetIds === undefined && jobVariables.network_configuration === undefined)
    refuse("vpcId needs subnetIds: name the subnets of the VPC that runs are in", of);
  // Prefect's own rule for its template.
  if (jobVariables.network_configuration !== undefined && vpc === undefined)
    refuse("jobVariables.network_configuration needs vpcId: name the VPC that its subnets are in", of);
  if (subnetIds === undefined) {
    if (securityGroupIds !== undefined) refuse("securityGroupIds need vpcId and subnetIds: a network that is made has its own", of);
    if (assignPublicIp !== undefined) refuse("assignPublicIp needs vpcId and subnetIds: a network that is made decides it itself", of);
  }
  for (const [field, ids, prefix] of [
    ["vpcId", [vpcId], "vpc-"],
    ["subnetIds", subnetIds ?? [], "subnet-"],
    ["securityGroupIds", securityGroupIds ?? [], "sg-"],
  ] as const)
    for (const id of ids)
      if (typeof id === "string" && !id.startsWith(prefix)) refuse(`${field} "${id}" is no id of AWS: as ${prefix}0a1b2c3d4e5f`, of);
  if (network === TaskNetworkAccess.PrivateEndpoints) checkWayToImage(jobVariables.image, region, of);
}

/** Endpoints lead to the services of their own region, and nowhere else. */
function checkWayToImage(image: unknown, region: unknown, of: Declared): void {
  if (typeof image !== "string") return;
  const [, place] = ECR.exec(image) ?? [];
  if (place !== undefined && (typeof region !== "string" || place === region)) return;
  const where = place === undefined ? "" : `, which is in ${place}, from ${region}`;
  refuse(
    `network privateEndpoints has no way to jobVariables.image "${image}"${where}: put it into a repository of ECR there (imageRepository), or take privateNat`,
    of,
  );
}
