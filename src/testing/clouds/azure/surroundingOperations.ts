import type { JsonObject } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import { ArmError, resourceNotFound } from "./errors";
import { NETWORK_OPERATIONS } from "./networkOperations";
import { PROFILE_OPERATIONS } from "./profileOperations";
import { REGISTRY_OPERATIONS } from "./registryOperations";
import type { Workspace } from "./workspaces";

const WORKSPACE = "Microsoft.OperationalInsights/workspaces";

/** What lies around container groups: networks, registries, profiles and Log Analytics workspaces. */
export const SURROUNDING_OPERATIONS: readonly Operation[] = [
  ...NETWORK_OPERATIONS,
  ...REGISTRY_OPERATIONS,
  ...PROFILE_OPERATIONS,
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

function writeWorkspace({ world, path: { scope = "", name = "" }, body }: Call): Answer {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$/.test(name))
    throw new ArmError(400, "InvalidResourceName", `The workspace name '${name}' is invalid.`);
  const { retentionInDays = 30 } = (body.properties ?? {}) as { retentionInDays?: number };
  if (retentionInDays < 30 || retentionInDays > 730)
    throw new ArmError(400, "InvalidParameter", `'RetentionInDays' property doesn't match the SKU limits. (${retentionInDays})`);
  const existing = world.workspaces.all.get(scope.toLowerCase());
  const workspace = existing ?? world.workspaces.add(scope, String(body.location ?? ""));
  workspace.retentionInDays = retentionInDays;
  return { status: existing ? 200 : 201, body: workspaceView(workspace) };
}

function foundWorkspace({ world, path: { scope = "", name = "", resourceGroup = "" } }: Call): Workspace {
  const workspace = world.workspaces.all.get(scope.toLowerCase());
  if (!workspace) throw resourceNotFound(WORKSPACE, name, world.resourceGroup(resourceGroup).name);
  return workspace;
}

function workspaceView({ id, name, location, customerId, retentionInDays = 30 }: Workspace): JsonObject {
  return {
    id,
    name,
    type: WORKSPACE,
    location,
    properties: { customerId, provisioningState: "Succeeded", retentionInDays, sku: { name: "PerGB2018" } },
  };
}
