import type { Operation } from "./api";
import { ArmError } from "./azureErrors";
import type { World } from "./azureWorld";
import type { GroupSpec } from "./groups";
import { keptOperations } from "./keptResources";

export const REGISTRY_TYPE = "Microsoft.ContainerRegistry/registries";
const DOMAIN = "azurecr.io";

/** Container registries. Their images are in {@link World.registry}. */
export const REGISTRY_OPERATIONS: readonly Operation[] = keptOperations({
  type: REGISTRY_TYPE,
  check: ({ world, path: { scope = "", name = "" }, body }) => {
    if (!/^[a-zA-Z0-9]{5,50}$/.test(name))
      throw new ArmError(
        400,
        "InvalidName",
        `Resource names may contain alpha numeric characters only and must be between 5 and 50 characters. (${name})`,
      );
    const { name: sku } = (body.sku ?? {}) as { name?: string };
    if (!["Basic", "Standard", "Premium"].includes(sku ?? ""))
      throw new ArmError(400, "InvalidSku", `The SKU '${sku ?? ""}' of registry '${name}' is not valid.`);
    const other = registryAt(world, `${name}.${DOMAIN}`.toLowerCase());
    if (other !== undefined && other.toLowerCase() !== scope.toLowerCase())
      throw new ArmError(409, "AlreadyInUse", `The registry DNS name ${name}.${DOMAIN} is already in use.`);
  },
  deleted: ({ world, path: { name = "" } }) => world.registry.removeAll(`${name.toLowerCase()}.${DOMAIN}`),
  filled: ({ path: { name = "" } }) => ({ loginServer: `${name.toLowerCase()}.${DOMAIN}`, creationDate: new Date().toISOString() }),
});

/** The host in an image's name. */
export function loginServerOf(image: string): string {
  return image.slice(0, image.indexOf("/")).toLowerCase();
}

/** The id of the registry behind a login server. */
export function registryAt(world: World, loginServer: string): string | undefined {
  const registry = [...world.kept.values()].find(
    ({ type, properties }) => type === REGISTRY_TYPE && (properties as { loginServer?: string }).loginServer === loginServer,
  );
  return registry && String(registry.id);
}

/**
 * Whether a group may read an image: one in a registry of this subscription takes an identity of the group with AcrPull there, which the request
 * names for it. The registries have no administrator and no tokens.
 */
export function mayPull(world: World, image: string, { properties, identity }: GroupSpec): boolean {
  const server = loginServerOf(image);
  const registry = registryAt(world, server);
  if (registry === undefined) return true;
  const credential = properties.imageRegistryCredentials?.find((each) => each.server.toLowerCase() === server);
  const by = credential?.identity?.toLowerCase();
  const known = by === undefined ? undefined : world.identities.get(by);
  const onGroup = Object.keys(identity?.userAssignedIdentities ?? {}).some((id) => id.toLowerCase() === by);
  const principal = known && onGroup ? world.directory.principals.get(known.principalId) : undefined;
  return principal !== undefined && world.access.allows(principal, `${REGISTRY_TYPE}/pull/read`, registry);
}
