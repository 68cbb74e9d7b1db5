import * as pulumi from "@pulumi/pulumi";
import { checkChoice, type Declared, refuse } from "../checks";
import { Permissions } from "../submitting";

/** Azure's rules: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules. */
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LOCATION = /^[a-z]+[a-z0-9]*$/;

/** The names that Azure accepts, by what has the name, and their description for messages. */
const NAMES = {
  resourceGroup: [/^[-\p{L}\p{N}_.()]{0,89}[-\p{L}\p{N}_()]$/u, "up to 90 letters, digits and - _ . ( ), without a period at the end"],
  identity: [/^[a-zA-Z0-9][\w-]{2,127}$/, "3 to 128 letters, digits, - and _, beginning with a letter or digit"],
  registry: [/^[a-zA-Z0-9]{5,50}$/, "only 5 to 50 letters and digits"],
  workspace: [/^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$/, "4 to 63 letters, digits and hyphens, without a hyphen at the ends"],
  application: [/^[^<>%&\\?/]{1,120}$/, "up to 120 characters, without < > % & \\ ? /"],
} as const;

/** Types of resources that a pool can be given, with what a resource id of each looks like. */
const RESOURCES = {
  identity: "Microsoft.ManagedIdentity/userAssignedIdentities",
  registry: "Microsoft.ContainerRegistry/registries",
  subnet: "Microsoft.Network/virtualNetworks/NETWORK/subnets",
  workspace: "Microsoft.OperationalInsights/workspaces",
} as const;

/** The subscription of a component's resources: as given, else as the stack's configuration of the provider or ARM_SUBSCRIPTION_ID has it. */
export function subscriptionOf(given: pulumi.Input<string> | undefined, of: Declared): pulumi.Input<string> {
  const value = given ?? new pulumi.Config("azure-native").get("subscriptionId") ?? process.env.ARM_SUBSCRIPTION_ID;
  if (value === undefined || value === "")
    refuse(
      "subscriptionId is missing: give it, as `az account show --query id` shows it, or set it for the stack: pulumi config set azure-native:subscriptionId ID",
      of,
    );
  if (typeof value === "string" && !GUID.test(value))
    refuse(`subscriptionId "${value}" is not the id of a subscription: \`az account show --query id\` shows it`, of);
  return value;
}

/** Where a component's resources are: as given, else as the stack's configuration of the provider (`azure-native:location`) has it. */
export function locationOf(given: pulumi.Input<string> | undefined, of: Declared): pulumi.Input<string> {
  const value = given ?? new pulumi.Config("azure-native").get("location");
  if (value === undefined || value === "")
    refuse(
      'location is missing: give it, for example location: "westeurope", or set it for the stack: pulumi config set azure-native:location westeurope',
      of,
    );
  if (typeof value === "string" && !LOCATION.test(value)) {
    const plain = value.toLowerCase().replaceAll(" ", "");
    refuse(`location "${value}" is not a location of Azure: give ${LOCATION.test(plain) ? `"${plain}"` : "one such as westeurope"}`, of);
  }
  return value;
}

/** A name that Azure would take. */
export function checkAzureName(field: string, kind: keyof typeof NAMES, value: unknown, of: Declared): void {
  if (typeof value !== "string") return;
  const [rule, words] = NAMES[kind];
  if (!rule.test(value)) refuse(`${field} "${value}" is invalid: Azure accepts ${words}`, of);
}

/** The id of a resource that exists already. */
export function checkResourceId(field: string, kind: keyof typeof RESOURCES, value: unknown, of: Declared): void {
  if (typeof value !== "string") return;
  const type = RESOURCES[kind];
  const rule = new RegExp(`^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/${type.replace("NETWORK", "[^/]+")}/[^/]+$`, "i");
  if (!rule.test(value))
    refuse(`${field} "${value}" must be a resource id such as /subscriptions/…/resourceGroups/…/providers/${type}/NAME`, of);
}

/** The id of an application: a GUID. */
export function checkClientId(field: string, value: unknown, of: Declared): void {
  if (typeof value === "string" && !GUID.test(value))
    refuse(`${field} "${value}" must be the client id of an application, as \`az ad app list --query "[].appId"\` shows it`, of);
}

/** When a secret ends. A past date would make a secret that nobody can use. */
export function checkEndDate(field: string, value: unknown, of: Declared): void {
  if (value === undefined) return;
  const isDate = typeof value === "string" && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(value) && !Number.isNaN(Date.parse(value));
  if (!isDate) refuse(`${field} ${JSON.stringify(value)} must be a time such as 2027-06-30T00:00:00Z`, of);
}

/** For how many days a workspace can keep what is written. */
export function checkRetention(field: string, days: unknown, of: Declared): void {
  if (typeof days !== "number" || (Number.isInteger(days) && days >= 30 && days <= 730)) return;
  refuse(`${field} must be a whole number from 30 to 730, not ${days}`, of);
}

/** Who may submit. Azure needs the kind of each of them. */
export function checkMembers(field: string, members: readonly pulumi.Input<string>[] | undefined, of: Declared): void {
  (members ?? []).forEach((member, index) => {
    if (typeof member === "string" && !/^(user|group|servicePrincipal)\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(member))
      refuse(`${field}[${index}] "${member}" must be a kind and an object id, such as user/ID, group/ID or servicePrincipal/ID`, of);
  });
}

/** What a component that lets somebody submit is given. */
export function checkSubmitAccess(
  args: {
    permissions?: Permissions;
    resourceGroupName?: unknown;
    identityIds?: readonly unknown[];
    subnetId?: unknown;
    workspaceId?: unknown;
  },
  of: Declared,
): void {
  checkChoice("permissions", args.permissions, Permissions, of);
  checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
  (args.identityIds ?? []).forEach((id, index) => void checkResourceId(`identityIds[${index}]`, "identity", id, of));
  checkResourceId("subnetId", "subnet", args.subnetId, of);
  checkResourceId("workspaceId", "workspace", args.workspaceId, of);
}
