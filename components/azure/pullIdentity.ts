import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity";
import * as pulumi from "@pulumi/pulumi";
import { type ArgumentNames, declared, partOf } from "../checks";
import { physicalName } from "../physicalName";
import { checkAzureName, checkResourceId, locationOf } from "./azureChecks";
import { named } from "./resourceIds";

/** AcrPull: to read the images of a registry. */
const ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/** Arguments of a `PullIdentity`. */
export interface PullIdentityArgs {
  /**
   * Name of the resource group that it is in.
   * @example resourceGroupName: group.resourceGroupName
   */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Id of the registry that it reads.
   * @example registryId: images.registryId
   */
  registryId: pulumi.Input<string>;
  /**
   * Name of the identity. By default generated from the component's name.
   * @example identityName: "etl-pull"
   */
  identityName?: string;
  /**
   * Where it is; best where the runs are. By default the provider's location (`azure-native:location`).
   * @example location: "westeurope"
   */
  location?: pulumi.Input<string>;
}

const PULL_IDENTITY_ARGUMENTS: ArgumentNames<PullIdentityArgs> = {
  resourceGroupName: "required",
  registryId: "required",
  identityName: "optional",
  location: "optional",
};

/**
 * The user-assigned identity by which Azure reads a run's image from a registry. It may do nothing else. There is no password anywhere.
 *
 * ```ts
 * const pull = new PullIdentity("etl-pull", { resourceGroupName: group.resourceGroupName, registryId: images.registryId });
 * ```
 */
export class PullIdentity extends pulumi.ComponentResource {
  /**
   * Id of the identity. It is known once it can read the registry.
   */
  readonly identityId: pulumi.Output<string>;
  /**
   * Object id of its service principal, for role assignments.
   */
  readonly principalId: pulumi.Output<string>;

  constructor(name: string, args: PullIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("PullIdentity", name, args, PULL_IDENTITY_ARGUMENTS);
    const location = locationOf(args.location, of);
    checkAzureName("resourceGroupName", "resourceGroup", args.resourceGroupName, of);
    checkAzureName("identityName", "identity", args.identityName, of);
    checkResourceId("registryId", "registry", args.registryId, of);
    super("pushpool:index:PullIdentity", name, args, opts);
    const options = partOf(this, opts);
    const made = pullIdentity(name, { ...args, location }, options, options);

    this.identityId = made.identityId;
    this.principalId = made.principalId;
    this.registerOutputs({ identityId: this.identityId, principalId: this.principalId });
  }
}

/**
 * The resources of {@link PullIdentity}, for a pool that makes them without the component.
 * @param roleOptions those of the role assignment
 */
export function pullIdentity(
  name: string,
  args: PullIdentityArgs & { location: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
  roleOptions: pulumi.CustomResourceOptions,
): Pick<PullIdentity, "identityId" | "principalId"> {
  const { resourceGroupName, registryId, location, identityName: resourceName = physicalName(name, 80) } = args;
  const identity = new UserAssignedIdentity(`${name}-identity`, { resourceGroupName, resourceName, location }, named(options));
  const pull = letPull(name, { registryId, principalId: identity.principalId }, roleOptions);
  return {
    // Its id is an output only when it can pull.
    identityId: pulumi.all([identity.id, pull.id]).apply(([id]) => id),
    principalId: identity.principalId,
  };
}

/** Lets an identity read a registry. */
export function letPull(
  name: string,
  { registryId, principalId }: { registryId: pulumi.Input<string>; principalId: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): RoleAssignment {
  const roleDefinitionId = pulumi
    .output(registryId)
    .apply((id) => `${id.split("/").slice(0, 3).join("/")}/providers/Microsoft.Authorization/roleDefinitions/${ACR_PULL}`);
  const who = { principalId, principalType: "ServicePrincipal" };
  return new RoleAssignment(`${name}-acr-pull`, { ...who, scope: registryId, roleDefinitionId }, options);
}
