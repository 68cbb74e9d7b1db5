import type { JsonObject } from "../../../json";
import { type Operation, path } from "./api";
import { ArmError } from "./azureErrors";
import { NETWORK_OPERATIONS } from "./networkOperations";
import { PROFILE_OPERATIONS } from "./profileOperations";
import { REGISTRY_OPERATIONS } from "./registryOperations";
import { found, type StoredType, storedOperations } from "./storedResources";
import type { LogWorkspace } from "./workspaces";

const WORKSPACES: StoredType<LogWorkspace> = {
  type: "Microsoft.OperationalInsights/workspaces",
  all: (world) => world.workspaces.all,
  write: ({ world, path: { scope = "", name = "" }, body }, before) => {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$/.test(name))
      throw new ArmError(400, "InvalidResourceName", `The workspace name '${name}' is invalid.`);
    const { retentionInDays = 30 } = (body.properties ?? {}) as { retentionInDays?: number };
    if (retentionInDays < 30 || retentionInDays > 730)
      throw new ArmError(400, "InvalidParameter", `'RetentionInDays' property doesn't match the SKU limits. (${retentionInDays})`);
    return Object.assign(before ?? world.workspaces.add(scope, String(body.location)), { retentionInDays });
  },
  view: ({ id, name, location, customerId, retentionInDays = 30 }): JsonObject => ({
    id,
    name,
    type: WORKSPACES.type,
    location,
    properties: { customerId, provisioningState: "Succeeded", retentionInDays, sku: { name: "PerGB2018" } },
  }),
};

/** The resources around container groups: networks, registries, profiles and Log Analytics workspaces. */
export const SURROUNDING_OPERATIONS: readonly Operation[] = [
  ...NETWORK_OPERATIONS,
  ...REGISTRY_OPERATIONS,
  ...PROFILE_OPERATIONS,
  ...storedOperations(WORKSPACES),
  {
    action: `${WORKSPACES.type}/sharedKeys/action`,
    verb: "POST",
    pattern: path(`{G}/providers/${WORKSPACES.type}/{name}`, "/sharedKeys"),
    handle: (call) => {
      const { primary, secondary } = found(call, WORKSPACES).sharedKeys;
      return { body: { primarySharedKey: primary, secondarySharedKey: secondary } };
    },
  },
];
