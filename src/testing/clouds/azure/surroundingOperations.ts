import type { JsonObject } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import { ArmError, resourceNotFound } from "./errors";
import type { Workspace } from "./workspaces";

/** Resources that the fake keeps and does no more with: what a pool may have made around it. */
const KEPT = [
  "Microsoft.Network/virtualNetworks",
  "Microsoft.Network/natGateways",
  "Microsoft.Network/publicIPAddresses",
  "Microsoft.ContainerRegistry/registries",
];
const SUBNET = "Microsoft.Network/virtualNetworks/subnets";
const WORKSPACE = "Microsoft.OperationalInsights/workspaces";

/** What lies around container groups: networks, registries and Log Analytics workspaces. */
export const SURROUNDING_OPERATIONS: readonly Operation[] = [
  ...KEPT.flatMap((type) => keptOperations(type, `{G}/providers/${type}/{name}`)),
  ...keptOperations(SUBNET, "{G}/providers/Microsoft.Network/virtualNetworks/{network}/subnets/{name}"),
  { action: `${WORKSPACE}/write`, verb: "PUT", pattern: path(`{G}/providers/${WORKSPACE}/{name}`), handle: writeWorkspace },
  {
    action: `${WORKSPACE}/read`,
    verb: "GET",
    pattern: path(`{G}/providers/${WORKSPACE}/{name}`),
    handle: (call) => ({ body: workspaceView(foundWorkspace(call)) }),
  },
  {
    action: `${WORKSPACE}/sharedKeys/action`,
    verb: "POST",
    pattern: path(`{G}/providers/${WORKSPACE}/{name}`, "/sharedKeys"),
    handle: (call) => {
      const { primary, secondary } = foundWorkspace(call).sharedKeys;
      return { body: { primarySharedKey: primary, secondarySharedKey: secondary } };
    },
  },
  {
    action: `${WORKSPACE}/delete`,
    verb: "DELETE",
    pattern: path(`{G}/providers/${WORKSPACE}/{name}`),
    handle: ({ world, path: { scope = "" } }) => ({ status: world.workspaces.all.delete(scope.toLowerCase()) ? 200 : 204 }),
  },
];

function keptOperations(type: string, pattern: string): Operation[] {
  return [
    { action: `${type}/write`, verb: "PUT", pattern: path(pattern), handle: (call) => keep(call, type) },
    { action: `${type}/read`, verb: "GET", pattern: path(pattern), handle: (call) => ({ body: kept(call, type) }) },
    {
      action: `${type}/delete`,
      verb: "DELETE",
      pattern: path(pattern),
      handle: ({ world, path: { scope = "" } }) => {
        world.subnets.delete(scope.toLowerCase());
        return { status: world.kept.delete(scope.toLowerCase()) ? 200 : 204 };
      },
    },
  ];
}

function keep({ world, path: { scope = "", name = "", network }, body }: Call, type: string): Answer {
  const key = scope.toLowerCase();
  if (network !== undefined && !world.kept.has(key.slice(0, key.lastIndexOf("/subnets/"))))
    throw new ArmError(
      404,
      "ParentResourceNotFound",
      `Failed to perform 'write' on resource(s) of type 'virtualNetworks/subnets', because the parent resource '${scope.slice(0, scope.lastIndexOf("/subnets/"))}' could not be found.`,
    );
  const existed = world.kept.has(key);
  const properties = (body.properties ?? {}) as JsonObject;
  const resource = { ...body, id: scope, name, type, properties: { ...properties, provisioningState: "Succeeded" } };
  world.kept.set(key, resource);
  if (network !== undefined) {
    const delegations = (properties.delegations ?? []) as { properties?: { serviceName?: string } }[];
    world.subnets.set(key, { id: scope, delegations: delegations.map((each) => each.properties?.serviceName ?? "") });
  }
  return { status: existed ? 200 : 201, body: resource };
}

function kept({ world, path: { scope = "", name = "", network, resourceGroup = "" } }: Call, type: string): JsonObject {
  const resource = world.kept.get(scope.toLowerCase());
  if (resource) return resource;
  const home = world.resourceGroup(resourceGroup).name;
  // Without its network a subnet is not asked for.
  const parent = scope.toLowerCase().slice(0, scope.toLowerCase().lastIndexOf("/subnets/"));
  if (network !== undefined && !world.kept.has(parent)) throw resourceNotFound("Microsoft.Network/virtualNetworks", network, home);
  if (network !== undefined) throw new ArmError(404, "NotFound", `Resource ${scope} not found.`);
  throw resourceNotFound(type, name, home);
}

function writeWorkspace({ world, path: { scope = "" }, body }: Call): Answer {
  const existing = world.workspaces.all.get(scope.toLowerCase());
  const workspace = existing ?? world.workspaces.add(scope, String(body.location ?? ""));
  return { status: existing ? 200 : 201, body: workspaceView(workspace) };
}

function foundWorkspace({ world, path: { scope = "", name = "", resourceGroup = "" } }: Call): Workspace {
  const workspace = world.workspaces.all.get(scope.toLowerCase());
  if (!workspace) throw resourceNotFound(WORKSPACE, name, world.resourceGroup(resourceGroup).name);
  return workspace;
}

function workspaceView({ id, name, location, customerId }: Workspace): JsonObject {
  return {
    id,
    name,
    type: WORKSPACE,
    location,
    properties: { customerId, provisioningState: "Succeeded", retentionInDays: 30, sku: { name: "PerGB2018" } },
  };
}
