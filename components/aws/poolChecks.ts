import type * as pulumi from "@pulumi/pulumi";
import { checkChoice, checkExclusive, checkLimits, checkName, checkVariableNames, type Declared, refuse } from "../checks";
import { checkFederation, type Trust } from "../federation";
import { checkKeyRotation } from "../keyRotation";
import { Credentials, Permissions } from "../submitting";
import { checkAwsName, checkComponentName, checkMembers, checkRetention, checkRole } from "./awsChecks";
import type { EcsPushPoolArgs } from "./ecsPushPoolArgs";
import { TaskNetworkAccess } from "./taskNetwork";
import { awsTrust, checkOidcProvider } from "./webIdentityRole";

/** Pairs of arguments that decide the same thing. */
const EXCLUSIVE = [
  ["clusterArn", "jobVariables.cluster", "give the cluster once"],
  ["executionRoleArn", "jobVariables.execution_role_arn", "give the role once"],
  ["taskRoleArn", "jobVariables.task_role_arn", "give the role once"],
  ["taskRoleArn", "taskPolicyArns", "an existing role has its own policies"],
  ["taskPolicyArns", "jobVariables.task_role_arn", "an existing role has its own policies"],
  ["vpcId", "jobVariables.vpc_id", "give the VPC once"],
  ["network", "vpcId", "the pool makes a network, or uses an existing one"],
  ["network", "subnetIds", "the pool makes a network, or uses an existing one"],
  ["network", "jobVariables.network_configuration", "the pool makes a network, or uses an existing one"],
  ["subnetIds", "jobVariables.network_configuration", "give the subnets once"],
  ["logGroupName", "logRetentionDays", "an existing log group has its own retention"],
  ["logGroupName", "jobVariables.cloudwatch_logs_options.awslogs-group", "give the log group once"],
  ["image", "jobVariables.image", "the pool builds an image, or uses an existing one"],
  ["image", "jobVariables.task_definition_arn", "an existing task definition has its own image"],
  ["image.repository", "imageRepository", "the pool makes a repository, or uses an existing one"],
  ["clusterArn", "serviceLinkedRole", "the account of an existing cluster has the role"],
  ["credentialsBlock", "credentials", "the existing block has its own credentials"],
  ["credentialsBlock", "federation", "the existing block has its own credentials"],
  ["credentialsBlock", "user", "the existing block has its own user"],
  ["credentialsBlock", "keyRotation", "pushpool does not change the key of an existing block"],
  ["prefectApiKey", "jobVariables.prefect_api_key_secret_arn", "give the key, or the secret that holds it"],
] as const;

/** An image of ECR, and its region. */
const ECR = /^[0-9]{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\./;

/**
 * @returns whom the pool trusts, with federated credentials
 * @throws {pulumi.ResourceError} with the argument and the fix
 */
export function checkPool(
  name: string,
  workPoolName: string,
  args: EcsPushPoolArgs & { region: pulumi.Input<string> },
  of: Declared,
): Trust | undefined {
  // The longest suffix is -execution-role and what the provider appends.
  checkComponentName(name, 40, of, ". The work pool can have another name: workPoolName");
  checkExclusive(args, EXCLUSIVE, of);
  checkName("workPoolName", workPoolName, of);
  checkLimits(args, of);
  checkChoice("credentials", args.credentials, Credentials, of);
  checkKeyRotation(args, of);
  checkChoice("permissions", args.permissions, Permissions, of);
  checkChoice("network", args.network, TaskNetworkAccess, of);
  checkAwsName("user", "user", args.user, of);
  checkAwsName("logGroupName", "logGroup", args.logGroupName, of);
  checkRetention("logRetentionDays", args.logRetentionDays, of);
  checkRole("executionRoleArn", args.executionRoleArn, of);
  checkRole("taskRoleArn", args.taskRoleArn, of);
  checkRole("jobVariables.execution_role_arn", args.jobVariables?.execution_role_arn, of);
  checkRole("jobVariables.task_role_arn", args.jobVariables?.task_role_arn, of);
  checkMembers("submitters", args.submitters, of);
  checkVariableNames("secretEnv", args.secretEnv, of);
  checkGiven(args, of);
  checkNetwork(args, of);
  checkOidcProvider(args.oidcProviderArn, of);
  if (args.oidcProviderArn !== undefined && args.federation === undefined)
    refuse("oidcProviderArn needs federated credentials: credentials: Credentials.Federated, with federation", of);
  if (args.credentials === Credentials.Federated && args.user !== undefined)
    refuse("credentials federated and user cannot both be given: a role submits. List the user's ARN in federation.logins instead", of);
  return checkFederation(args, awsTrust, of);
}

function checkGiven({ clusterArn, credentials, credentialsBlock, user, secretEnv }: EcsPushPoolArgs, of: Declared): void {
  if (typeof clusterArn === "string" && !/^arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster\/.+$/.test(clusterArn))
    refuse(`clusterArn "${clusterArn}" must be the ARN of a cluster, such as arn:aws:ecs:eu-west-1:123456789012:cluster/flows`, of);
  if (credentialsBlock !== undefined && !/^aws-credentials\/[^/%&<>]+$/.test(credentialsBlock))
    refuse(`credentialsBlock "${credentialsBlock}" must name a block of type aws-credentials, such as aws-credentials/etl`, of);
  if (credentials === Credentials.Ambient && user !== undefined)
    refuse("credentials ambient and user cannot both be given: ambient makes no key. List the user in submitters instead", of);
  if (secretEnv?.PREFECT_API_KEY !== undefined)
    refuse("secretEnv.PREFECT_API_KEY is not allowed: use the argument prefectApiKey instead", of);
}

function checkNetwork(args: EcsPushPoolArgs, of: Declared): void {
  const { region, vpcId, subnetIds, securityGroupIds, assignPublicIp, network, image, jobVariables = {} } = args;
  const vpc = vpcId ?? jobVariables.vpc_id;
  if (subnetIds !== undefined && vpc === undefined) refuse("subnetIds needs vpcId: give the id of the VPC of these subnets", of);
  if (subnetIds !== undefined && subnetIds.length === 0) refuse("subnetIds is empty: give at least one subnet of the VPC", of);
  if (vpcId !== undefined && subnetIds === undefined && jobVariables.network_configuration === undefined)
    refuse("vpcId needs subnetIds: give the subnets of the VPC for runs", of);
  // This is Prefect's own rule for its template.
  if (jobVariables.network_configuration !== undefined && vpc === undefined)
    refuse("jobVariables.network_configuration needs vpcId: give the id of the VPC of its subnets", of);
  if (subnetIds === undefined) {
    if (securityGroupIds !== undefined)
      refuse("securityGroupIds needs vpcId and subnetIds: a network that the pool makes has its own group", of);
    if (assignPublicIp !== undefined)
      refuse("assignPublicIp needs vpcId and subnetIds: in a network that the pool makes, the argument network decides", of);
  }
  for (const [field, ids, prefix] of [
    ["vpcId", [vpcId], "vpc-"],
    ["subnetIds", subnetIds ?? [], "subnet-"],
    ["securityGroupIds", securityGroupIds ?? [], "sg-"],
  ] as const)
    for (const id of ids)
      if (typeof id === "string" && !id.startsWith(prefix)) refuse(`${field} "${id}" must be an id such as ${prefix}0a1b2c3d4e5f`, of);
  if (network !== TaskNetworkAccess.PrivateEndpoints) return;
  checkWayToImage("jobVariables.image", jobVariables.image, region, of);
  checkWayToImage("image.repository", image?.repository, region, of);
}

/** Endpoints lead only to the services of their own region. */
function checkWayToImage(field: string, image: unknown, region: unknown, of: Declared): void {
  if (typeof image !== "string") return;
  const [, place] = ECR.exec(image) ?? [];
  if (place !== undefined && (typeof region !== "string" || place === region)) return;
  const where = place === undefined ? "" : ` in ${place} from ${region}`;
  refuse(
    `network privateEndpoints cannot reach ${field} "${image}"${where}: push it to a repository of ECR in the same region (imageRepository), or use privateNat`,
    of,
  );
}
