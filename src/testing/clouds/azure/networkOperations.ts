import type { Json, JsonObject } from "../../../json";
import type { Call, Operation } from "./api";
import { ArmError, resourceNotFound } from "./azureErrors";
import type { World } from "./azureWorld";
import { keptOperations } from "./keptResources";

const VNET = "Microsoft.Network/virtualNetworks";
const SUBNET = `${VNET}/subnets`;
const NAT = "Microsoft.Network/natGateways";
const ADDRESS = "Microsoft.Network/publicIPAddresses";

/** Virtual networks, their subnets, and their NAT gateways. The fake sends no packets. It stores them, and checks the references between them. */
export const NETWORK_OPERATIONS: readonly Operation[] = [
  ...keptOperations({
    type: ADDRESS,
    filled: () => ({ ipAddress: "203.0.113.7" }),
    checkDelete: ({ world, path: { scope = "" } }) => {
      const user = userOf(world, NAT, ({ publicIpAddresses }) => idsIn(publicIpAddresses), scope);
      if (user !== undefined)
        throw inUse(
          "PublicIPAddressCannotBeDeleted",
          `Public IP address ${scope} can not be deleted since it is still allocated to resource ${user}.`,
        );
    },
  }),
  ...keptOperations({
    type: NAT,
    check: ({ world, path: { scope = "" } }, { publicIpAddresses }) => {
      for (const id of idsIn(publicIpAddresses)) if (!world.kept.has(id.toLowerCase())) throw notThere(id, scope);
    },
    checkDelete: ({ world, path: { scope = "" } }) => {
      const user = userOf(world, SUBNET, ({ natGateway }) => idsIn([natGateway ?? null]), scope);
      if (user !== undefined)
        throw inUse("InUseNatGatewayCannotBeDeleted", `Nat gateway ${scope} cannot be deleted because it is in use by subnet(s) ${user}.`);
    },
  }),
  ...keptOperations({
    type: VNET,
    checkDelete: ({ world, path: { scope = "" } }) => {
      for (const [key, subnet] of world.subnets) if (key.startsWith(`${scope.toLowerCase()}/`)) checkFree(world, subnet.id);
    },
    deleted: ({ world, path: { scope = "" } }) => {
      for (const kept of [world.kept, world.subnets])
        for (const key of kept.keys()) if (key.startsWith(`${scope.toLowerCase()}/`)) kept.delete(key);
    },
  }),
  ...keptOperations({
    type: SUBNET,
    pattern: `{G}/providers/${VNET}/{network}/subnets/{name}`,
    located: false,
    check: checkSubnet,
    written: ({ world, path: { scope = "" } }, { properties }) => {
      const delegations = ((properties as JsonObject).delegations ?? []) as { properties?: { serviceName?: string } }[];
      world.subnets.set(scope.toLowerCase(), { id: scope, delegations: delegations.map((each) => each.properties?.serviceName ?? "") });
    },
    checkDelete: ({ world, path: { scope = "" } }) => checkFree(world, scope),
    deleted: ({ world, path: { scope = "" } }) => void world.subnets.delete(scope.toLowerCase()),
    // Without its network a subnet is not asked for.
    missing: ({ world, path: { scope = "", network = "", resourceGroup = "" } }) => {
      const parent = scope.slice(0, scope.lastIndexOf("/subnets/")).toLowerCase();
      if (!world.kept.has(parent)) throw resourceNotFound(VNET, network, world.resourceGroup(resourceGroup).name);
      throw new ArmError(404, "NotFound", `Resource ${scope} not found.`);
    },
  }),
];

function checkSubnet({ world, path: { scope = "" } }: Call, { addressPrefix, natGateway }: JsonObject): void {
  const parent = scope.slice(0, scope.lastIndexOf("/subnets/"));
  const network = world.kept.get(parent.toLowerCase());
  if (!network)
    throw new ArmError(
      404,
      "ParentResourceNotFound",
      `Failed to perform 'write' on resource(s) of type 'virtualNetworks/subnets', because the parent resource '${parent}' could not be found.`,
    );
  const { addressSpace } = (network.properties ?? {}) as { addressSpace?: { addressPrefixes?: string[] } };
  const spaces = addressSpace?.addressPrefixes ?? [];
  if (spaces.length > 0 && !spaces.some((space) => contains(space, String(addressPrefix))))
    throw new ArmError(
      400,
      "NetcfgInvalidSubnet",
      `Subnet '${scope.slice(scope.lastIndexOf("/") + 1)}' is not valid because its IP address range is outside the IP address range of virtual network '${String(network.name)}'.`,
    );
  for (const id of idsIn([natGateway ?? null])) if (!world.kept.has(id.toLowerCase())) throw notThere(id, scope);
}

/** @throws {ArmError} while container groups are in the subnet */
function checkFree(world: World, subnet: string): void {
  const group = [...world.groups.values()].find(({ spec }) =>
    (spec.properties.subnetIds ?? []).some(({ id }) => id.toLowerCase() === subnet.toLowerCase()),
  );
  if (group)
    throw inUse(
      "InUseSubnetCannotBeDeleted",
      `Subnet ${subnet.slice(subnet.lastIndexOf("/") + 1)} is in use by ${group.id} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet.`,
    );
}

/** The id of a resource that refers to another one. */
function userOf(world: World, type: string, referred: (properties: JsonObject) => string[], scope: string): string | undefined {
  const users = [...world.kept.values()].filter((resource) => resource.type === type);
  const user = users.find(({ properties }) =>
    referred((properties ?? {}) as JsonObject).some((id) => id.toLowerCase() === scope.toLowerCase()),
  );
  return user && String(user.id);
}

function idsIn(references: Json | undefined): string[] {
  return ((references ?? []) as ({ id?: string } | null)[]).flatMap((each) => (each?.id === undefined ? [] : [each.id]));
}

function inUse(code: string, message: string): ArmError {
  return new ArmError(400, code, message);
}

function notThere(id: string, by: string): ArmError {
  return new ArmError(
    400,
    "InvalidResourceReference",
    `Resource ${id} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  );
}

/** Whether a range of IPv4 addresses is part of another one. */
function contains(space: string, range: string): boolean {
  const [outer, inner] = [bitsOf(space), bitsOf(range)];
  return outer !== undefined && inner?.startsWith(outer) === true;
}

/** The bits that all addresses of a range begin with. */
function bitsOf(range: string): string | undefined {
  const [, address = "", length = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(range) ?? [];
  if (address === "") return undefined;
  const bits = address.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  return bits.join("").slice(0, Number(length));
}
