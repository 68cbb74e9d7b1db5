import type { AnyJson } from "../anyJson";
import {
  checkChoice,
  checkExclusive,
  checkLimits,
  checkList,
  checkName,
  checkText,
  checkVariableNames,
  type Declared,
  refuse,
} from "../checks";
import { checkFederation, type Trust } from "../federation";
import { checkKeyRotation } from "../keyRotation";
import { Credentials, Permissions } from "../submitting";
import { checkAzureName, checkClientId, checkEndDate, checkMembers, checkResourceId, checkRetention } from "./azureChecks";
import { BLOCK_TYPE } from "./azureCredentialsBlock";
import type { ContainerInstancePushPoolArgs } from "./containerInstancePushPoolArgs";
import { azureTrust } from "./federatedServicePrincipal";
import { RunSubnetAccess } from "./runSubnet";

/** Arguments that each decide what the other would. */
const EXCLUSIVE = [
  ["subscriptionId", "jobVariables.subscription_id", "give the subscription once"],
  ["resourceGroupName", "jobVariables.resource_group_name", "give the resource group once"],
  ["identityIds", "jobVariables.identities", "give the identities of runs once"],
  ["imageRepository", "registryId", "the pool makes a registry, or uses an existing one"],
  ["imageRepository", "jobVariables.image_registry", "the pool makes a registry, or uses an existing one"],
  ["registryId", "jobVariables.image_registry", "give the registry once"],
  ["pullIdentityId", "jobVariables.image_registry", "give the registry once"],
  ["image", "jobVariables.image", "the pool builds an image, or uses an existing one"],
  ["image", "jobVariables.image_registry", "the pool pushes the image to a registry that it makes, or to registryId"],
  ["network", "subnetId", "the pool makes a network, or uses an existing one"],
  ["network", "jobVariables.subnet_ids", "the pool makes a network, or uses an existing one"],
  ["subnetId", "jobVariables.subnet_ids", "give the subnet once"],
  ["logAnalytics", "logWorkspaceId", "the pool makes a workspace, or uses an existing one"],
  ["logWorkspaceId", "logRetentionDays", "an existing workspace has its own retention"],
  ["credentialsBlock", "credentials", "the existing block has its own credentials"],
  ["credentialsBlock", "federation", "the existing block has its own credentials"],
  ["credentialsBlock", "clientId", "the existing block has its own application"],
  ["credentialsBlock", "secretEndDate", "the existing block has its own secret"],
  ["credentialsBlock", "secretVersion", "the existing block has its own secret"],
  ["credentialsBlock", "keyRotation", "pushpool does not change the key of an existing block"],
  ["keyRotation", "secretVersion", "keyRotation decides when there is a new secret"],
  ["keyRotation", "secretEndDate", "all secrets would end on that day"],
] as const;

/**
 * @returns whom the pool trusts, with federated credentials
 * @throws {pulumi.ResourceError} naming the argument, and the fix
 */
export function checkPool(workPoolName: string, args: ContainerInstancePushPoolArgs, of: Declared): Trust | undefined {
  checkExclusive(args, EXCLUSIVE, of);
  checkName("workPoolName", workPoolName, of);
  checkLimits(args, of);
  checkChoice("credentials", args.credentials, Credentials, of);
  checkKeyRotation(args, of);
  if (args.keyRotation && args.keyRotation.everyDays + args.keyRotation.overlapDays > 730)
    refuse("keyRotation: everyDays and overlapDays must be at most 730 together, because Azure ends a secret after two years", of);
  checkChoice("permissions", args.permissions, Permissions, of);
  checkChoice("network", args.network, RunSubnetAccess, of);
  checkMembers("submitters", args.submitters, of);
  checkVariableNames("secretEnv", args.secretEnv, of);
  checkSecret(args, of);
  checkGiven(args, of);
  return checkFederation(args, azureTrust, of);
}

function checkSecret(
  { credentials, credentialsBlock, clientId, secretEndDate, secretVersion, secretEnv }: ContainerInstancePushPoolArgs,
  of: Declared,
): void {
  if (credentialsBlock !== undefined && !new RegExp(`^${BLOCK_TYPE}/[^/%&<>]+$`).test(credentialsBlock))
    refuse(`credentialsBlock "${credentialsBlock}" must name a block of type ${BLOCK_TYPE}, such as ${BLOCK_TYPE}/etl`, of);
  checkClientId("clientId", clientId, of);
  checkEndDate("secretEndDate", secretEndDate, of);
  checkText("secretVersion", secretVersion, of);
  if (credentials === Credentials.Ambient) {
    const given = Object.entries({ clientId, secretEndDate, secretVersion }).find(([, value]) => value !== undefined);
    if (given)
      refuse(
        `credentials ambient and ${given[0]} cannot both be given: ambient makes no secret. List who submits in submitters instead`,
        of,
      );
  }
  if (credentials === Credentials.Federated) {
    const given = Object.entries({ secretEndDate, secretVersion }).find(([, value]) => value !== undefined);
    if (given) refuse(`credentials federated and ${given[0]} cannot both be given: federated makes no secret`, of);
  }
  if (secretEnv?.PREFECT_API_KEY !== undefined)
    refuse("secretEnv.PREFECT_API_KEY is not allowed: use the argument prefectApiKey instead", of);
}

function checkGiven(args: ContainerInstancePushPoolArgs, of: Declared): void {
  const { jobVariables = {}, imageRepository, registryId, pullIdentityId, logAnalytics, logRetentionDays } = args;
  checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
  checkAzureName("jobVariables.resource_group_name", "resourceGroup", jobVariables.resource_group_name, of);
  checkResourceId("registryId", "registry", registryId, of);
  checkResourceId("pullIdentityId", "identity", pullIdentityId, of);
  checkResourceId("subnetId", "subnet", args.subnetId, of);
  checkResourceId("logWorkspaceId", "workspace", args.logWorkspaceId, of);
  const each = (kind: "identity" | "subnet") => (field: string, id: unknown) => checkResourceId(field, kind, id, of);
  checkList("identityIds", args.identityIds, each("identity"), of);
  checkList("jobVariables.identities", jobVariables.identities, each("identity"), of);
  checkList("jobVariables.subnet_ids", jobVariables.subnet_ids, each("subnet"), of);
  if (pullIdentityId !== undefined && !imageRepository && registryId === undefined)
    refuse("pullIdentityId needs registryId or imageRepository: say which registry it reads", of);
  checkRetention("logRetentionDays", logRetentionDays, of);
  if (logRetentionDays !== undefined && !logAnalytics) refuse("logRetentionDays needs logAnalytics: true", of);
}

/** @throws {pulumi.ResourceError} for a template without a place for the secrets and the log of runs */
export function checkPlaceOfGroup(template: Record<string, AnyJson>, args: ContainerInstancePushPoolArgs, of: Declared): void {
  const isAbsent = (value: AnyJson) => typeof value !== "object" || value === null;
  const properties = template.job_configuration?.arm_template?.resources?.[0]?.properties;
  const at = "baseJobTemplate.job_configuration.arm_template.resources[0].properties";
  if ((args.logAnalytics || args.logWorkspaceId !== undefined) && isAbsent(properties))
    refuse(`${at} is missing: the pool writes there where runs send their log`, of);
  if ((args.secretEnv !== undefined || args.prefectApiKey !== undefined) && isAbsent(template.variables?.properties?.env))
    refuse("baseJobTemplate.variables.properties.env is missing: the pool writes secretEnv there", of);
}
