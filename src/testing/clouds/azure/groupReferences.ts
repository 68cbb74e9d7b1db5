import type { JsonObject } from "../../../json";
import { ArmError, gatewayError } from "./azureErrors";
import type { World } from "./azureWorld";
import type { Principal } from "./directory";
import type { GroupSpec } from "./groups";
import { mayPull } from "./registryOperations";

/** Whose group it is to be. */
export interface Wanted {
  id: string;
  name: string;
  caller: Principal;
}

export function bad(code: string, message: string): ArmError {
  return new ArmError(400, code, message);
}

/**
 * What a container group refers to: it must exist, and its maker must be allowed to use it.
 * @throws {ArmError}
 */
export function checkReferences(world: World, wanted: Wanted, spec: GroupSpec): void {
  checkIdentities(world, wanted, spec);
  checkRegistries(wanted, spec);
  checkSubnets(world, wanted, spec);
  checkImages(world, wanted, spec);
}

function checkIdentities(world: World, { id, name, caller }: Wanted, { identity }: GroupSpec): void {
  const ids = Object.keys(identity?.userAssignedIdentities ?? {});
  if (!identity || ids.length === 0) {
    if (/UserAssigned/.test(identity?.type ?? ""))
      throw gatewayError(
        400,
        "InvalidIdentityValues",
        "Invalid value for the identities '{}'. The 'UserAssignedIdentities' property keys should only be non-empty string values.",
      );
    return;
  }
  if (!/UserAssigned/.test(identity.type))
    throw bad(
      "InvalidIdentityType",
      `The identity type '${identity.type}' of container group '${name}' does not go with 'userAssignedIdentities'.`,
    );
  const shown: Record<string, JsonObject> = {};
  for (const each of ids) {
    if (
      !/^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i.test(each)
    ) {
      throw gatewayError(
        400,
        "LinkedInvalidPropertyId",
        `Property id '${each}' at path 'identity' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.`,
      );
    }
    world.access.demandLinked(
      caller,
      { action: "Microsoft.ContainerInstance/containerGroups/write", scope: id },
      { action: "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", scope: each },
    );
    const known = world.identities.get(each.toLowerCase());
    if (!known) {
      const inner = JSON.stringify({ error: { code: "BadRequest", message: `Resource '${each}' was not found.` } });
      throw gatewayError(
        400,
        "FailedIdentityOperation",
        `Identity operation for resource '${id}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '${inner}'.'.`,
      );
    }
    shown[known.id] = { principalId: known.principalId, clientId: known.clientId };
  }
  identity.userAssignedIdentities = shown;
}

function checkRegistries({ name }: Wanted, { properties, identity }: GroupSpec): void {
  for (const { username, password, identity: by } of properties.imageRegistryCredentials ?? []) {
    if ((username === undefined) === (by === undefined)) {
      throw bad(
        "AmbiguousImageResitryCredentialType",
        `The registry credential type in the 'imageRegistryCredentials' of container group '${name}' cannot be detected. Please set exactly one of username or identity`,
      );
    }
    if (username !== undefined && password === undefined)
      throw bad(
        "InvalidImageRegistryCredential",
        `The password in the 'imageRegistryCredentials' of container group '${name}' is not specified.`,
      );
    const known = Object.keys(identity?.userAssignedIdentities ?? {}).map((each) => each.toLowerCase());
    if (by !== undefined && !known.includes(by.toLowerCase())) {
      throw bad(
        "InvalidImageRegistryIdentity",
        `The identity in the 'imageRegistryCredentials' of container group '${name}' not found in container group identity list.`,
      );
    }
  }
}

function checkSubnets(world: World, { id, name, caller }: Wanted, { properties }: GroupSpec): void {
  const { subnetIds = [] } = properties;
  if (subnetIds.length > 1) throw bad("TooManySubnets", `The container group '${name}' has more than one subnet.`);
  for (const { id: subnet } of subnetIds) {
    world.access.demandLinked(
      caller,
      { action: "Microsoft.ContainerInstance/containerGroups/write", scope: id },
      { action: "Microsoft.Network/virtualNetworks/subnets/join/action", scope: subnet },
    );
    const known = world.subnets.get(subnet.toLowerCase());
    if (!known)
      throw bad(
        "InvalidResourceReference",
        `Resource ${subnet} referenced by resource ${id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
      );
    if (known.delegations.includes("Microsoft.ContainerInstance/containerGroups")) continue;
    throw bad(
      "SubnetMissingRequiredDelegation",
      `Subnet ${subnet} requires any of the following delegation(s) [Microsoft.ContainerInstance/containerGroups] to reference service association link.`,
    );
  }
}

function checkImages(world: World, { name }: Wanted, spec: GroupSpec): void {
  const { containers, initContainers = [] } = spec.properties;
  for (const { properties: container } of [...containers, ...initContainers]) {
    const { access = world.registry.lacks(container.image) ? "missing" : "there" } = world.images.get(container.image) ?? {};
    if (access === "there" && mayPull(world, container.image, spec)) continue;
    throw bad(
      "InaccessibleImage",
      `The image '${container.image}' in container group '${name}' is not accessible. Please check the image and registry credential.`,
    );
  }
}
