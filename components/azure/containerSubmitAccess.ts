import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment";
import { RoleDefinition } from "@pulumi/azure-native/authorization/roleDefinition";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { Permissions } from "../submitting";
import { checkMembers, checkSubmitAccess, subscriptionOf } from "./azureChecks";
import { CONTAINER_SUBMIT_ARGUMENTS, type ContainerSubmitArgs } from "./containerSubmitArgs";
import { leastPrivilege, type NeededAction } from "./leastPrivilege";
import { named, resourceGroupId, resourceGroupOf } from "./resourceIds";

/** Arguments of a `ContainerSubmitAccess`. */
export interface ContainerSubmitAccessArgs extends ContainerSubmitArgs {
  /**
   * Who may submit: users, groups and service principals, each with its object id.
   * @example members: ["group/6f0b2b1e-3d8c-4a5e-9f40-1c2d3e4f5a6b"]
   */
  members: pulumi.Input<string>[];
}

const CONTAINER_SUBMIT_ACCESS_ARGUMENTS: ArgumentNames<ContainerSubmitAccessArgs> = {
  ...CONTAINER_SUBMIT_ARGUMENTS,
  members: "required",
};

/**
 * Lets some submit runs to Azure Container Instances, in one resource group. What `prefect work-pool create --provision-infra` gives is
 * Contributor, with which they may change everything in it.
 *
 * ```ts
 * new ContainerSubmitAccess("data", { members: ["group/6f0b2b1e-3d8c-4a5e-9f40-1c2d3e4f5a6b"], resourceGroupName: "flows" });
 * ```
 */
export class ContainerSubmitAccess extends pulumi.ComponentResource {
  constructor(name: string, args: ContainerSubmitAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("ContainerSubmitAccess", name, args, CONTAINER_SUBMIT_ACCESS_ARGUMENTS);
    const subscriptionId = subscriptionOf(args.subscriptionId, of);
    checkSubmitAccess(args, of);
    checkMembers("members", args.members, of);
    super("pushpool:index:ContainerSubmitAccess", name, args, opts);
    const members = args.members.map((member) => memberOf(member));
    letSubmit(name, { ...args, subscriptionId, members }, partOf(this, opts));
    this.registerOutputs({});
  }
}

/** Somebody who may submit. Azure looks a principal's kind up in its directory where it is not given, and does not find a new one yet. */
export interface Member {
  principalId: pulumi.Input<string>;
  principalType: pulumi.Input<string>;
}

/** From `user/ID`, `group/ID`, `servicePrincipal/ID`. */
export function memberOf(member: pulumi.Input<string>): Member {
  const parts = pulumi.output(member).apply((known) => known.split("/"));
  const types: Record<string, string> = { user: "User", group: "Group", serviceprincipal: "ServicePrincipal" };
  return {
    principalId: parts.apply(([, id = ""]) => id),
    principalType: parts.apply(([kind = ""]) => types[kind.toLowerCase()] ?? kind),
  };
}

/** Roles of Azure's own (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles). */
const BUILT_IN: Record<NeededAction["on"], string> = {
  /** Azure Container Instances Contributor Role */
  resourceGroup: "5d977122-f97e-4b4d-a52f-6b43003ddb4d",
  /** Managed Identity Operator */
  identity: "f1a07417-d97a-45cb-824c-7a7467783830",
  /** Network Contributor */
  subnet: "4d97b98b-1d4f-4787-a291-c67834d212e7",
  /** Log Analytics Reader */
  workspace: "73c42c96-874c-492b-b04d-ab87d138a893",
};

/**
 * The resources of {@link ContainerSubmitAccess}, for what makes them without the component.
 * @returns what has to be there before the members can submit
 */
export function letSubmit(
  name: string,
  args: Omit<ContainerSubmitAccessArgs, "members"> & { members: Member[]; subscriptionId: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { members, subscriptionId, resourceGroupName, identityIds = [], subnetId, workspaceId, permissions } = args;
  const group = resourceGroupId(subscriptionId, resourceGroupName);
  const things: { part: string; on: NeededAction["on"]; scope: pulumi.Input<string> }[] = [
    ...identityIds.map((scope, index) => ({
      part: identityIds.length === 1 ? "identity" : `identity-${index}`,
      on: "identity" as const,
      scope,
    })),
    ...(subnetId === undefined ? [] : [{ part: "subnet", on: "subnet" as const, scope: subnetId }]),
    ...(workspaceId === undefined ? [] : [{ part: "workspace", on: "workspace" as const, scope: workspaceId }]),
  ];
  const roleOf = permissions === Permissions.LeastPrivilege ? customRoles() : builtInRole;
  return members.flatMap((member, index) => {
    const of = members.length === 1 ? name : `${name}-${index}`;
    return [{ part: "submitter", on: "resourceGroup" as const, scope: group as pulumi.Input<string> }, ...things].map(
      ({ part, on, scope }) => new RoleAssignment(`${of}-${part}`, { ...member, scope, roleDefinitionId: roleOf(on) }, options),
    );
  });

  function builtInRole(on: NeededAction["on"]): pulumi.Input<string> {
    return pulumi.interpolate`/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${BUILT_IN[on]}`;
  }

  /** One role for the resource group, and one for the things that runs have: no other identity of the group can be used with that. */
  function customRoles(): (on: NeededAction["on"]) => pulumi.Input<string> {
    const needed = leastPrivilege({
      identities: identityIds.length > 0,
      subnet: subnetId !== undefined,
      workspace: workspaceId !== undefined,
    });
    const homes = pulumi.all([group, ...things.map(({ scope }) => scope)]).apply((ids) => distinct(ids.map(resourceGroupOf)));
    const role = (part: string, what: string, actions: NeededAction[], assignableScopes: pulumi.Input<pulumi.Input<string>[]>) =>
      new RoleDefinition(
        `${name}-${part}`,
        {
          scope: group,
          // A role's name is the tenant's: another subscription may hold the same project.
          roleName: pulumi.interpolate`${physicalName(`${name}-${part}`, 100)} ${subscriptionId}`,
          roleType: "CustomRole",
          description: `${what}, and no more`,
          assignableScopes,
          permissions: [{ actions: actions.map(({ action }) => action), notActions: [] }],
        },
        named(options),
      ).id;
    const onGroup = needed.filter(({ on }) => on === "resourceGroup");
    const onThings = needed.filter(({ on }) => on !== "resourceGroup");
    const submit = role("role", "What submitting flow runs to Container Instances takes", onGroup, [group]);
    const use = onThings.length > 0 ? role("use-role", "What giving flow runs their identity, network and log takes", onThings, homes) : "";
    return (on) => (on === "resourceGroup" ? submit : use);
  }
}

/** Resource ids are the same in any case. */
function distinct(ids: readonly string[]): string[] {
  return [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()];
}
