import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import { gatewayError } from "./azureErrors";
import { checkGroupLocation } from "./azureRegions";
import type { ResourceGroup } from "./azureWorld";

const TYPE = "Microsoft.Resources/subscriptions/resourceGroups";
/** Seconds that a client is asked to wait while a resource group is deleted. */
const RETRY_AFTER = "15";

/** Resource groups, and their unfinished deletions. */
export const RESOURCE_GROUP_OPERATIONS: readonly Operation[] = [
  { action: `${TYPE}/write`, verb: "PUT", pattern: path("{G}"), handle: write },
  { action: `${TYPE}/read`, verb: "GET", pattern: path("{G}"), handle: (call) => ({ body: view(found(call)) }) },
  {
    action: `${TYPE}/read`,
    verb: "HEAD",
    pattern: path("{G}"),
    handle: (call) => {
      found(call);
      return { status: 204 };
    },
  },
  {
    action: `${TYPE}/read`,
    verb: "GET",
    pattern: path("{S}", "/resourceGroups"),
    handle: ({ world }) => ({ body: { value: [...world.resourceGroups.values()].map(view) } }),
  },
  { action: `${TYPE}/delete`, verb: "DELETE", pattern: path("{G}"), handle: remove },
  {
    action: "Microsoft.Resources/subscriptions/operationresults/read",
    verb: "GET",
    pattern: path("{S}", "/operationresults/{job}"),
    handle: (call) => {
      const { world, path: parts } = call;
      return world.jobs.get(parts.job ?? "") ? { status: 202, headers: jobHeaders(call, parts.job ?? "") } : { status: 200 };
    },
  },
];

function write({ world, path: parts, body }: Call): Answer {
  const { resourceGroup: name = "" } = parts;
  const { location, tags } = body;
  checkGroupLocation(location);
  const existing = world.resourceGroups.get(name.toLowerCase());
  if (existing && existing.location !== location) {
    throw gatewayError(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location '${location}'. The Resource group already exists in location '${existing.location}'.`,
    );
  }
  if (!/^[-\w.()]{0,89}[-\w()]$/.test(name)) {
    throw gatewayError(
      400,
      "InvalidResourceGroupName",
      `The provided resource group name '${name}' has these invalid characters or is too long. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.`,
    );
  }
  const group = world.addResourceGroup(existing?.name ?? name, location, tags as Record<string, string> | undefined);
  return { status: existing ? 200 : 201, body: view(group) };
}

function remove(call: Call): Answer {
  const { world } = call;
  const group = found(call);
  group.deleting = true;
  const job = randomUUID();
  world.jobs.set(job, true);
  world.background.later(world.options.groupDeletion, () => {
    world.removeResourceGroup(group);
    world.jobs.set(job, false);
  });
  return { status: 202, headers: jobHeaders(call, job) };
}

function jobHeaders({ world, path: { subscription }, query }: Call, job: string): Record<string, string> {
  const location = `${world.url}/subscriptions/${subscription}/operationresults/${job}?api-version=${query.get("api-version")}`;
  return { location, "retry-after": RETRY_AFTER };
}

function found({ world, path: { resourceGroup = "" } }: Call): ResourceGroup {
  return world.resourceGroup(resourceGroup);
}

function view({ id, name, location, tags, deleting }: ResourceGroup): JsonObject {
  return {
    id,
    name,
    type: "Microsoft.Resources/resourceGroups",
    location,
    ...(tags ? { tags } : {}),
    properties: { provisioningState: deleting ? "Deleting" : "Succeeded" },
  };
}
