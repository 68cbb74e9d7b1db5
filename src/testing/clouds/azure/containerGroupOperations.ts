import { randomBytes, randomUUID } from "node:crypto";
import type { Json } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import { ArmError, resourceNotFound } from "./azureErrors";
import { checkQuotas, usages } from "./azureQuotas";
import { checkedGroup } from "./groupChecks";
import { giveAddress, kill, type StartTrouble, startLife, stopGroup } from "./groupLife";
import { logText } from "./groupLog";
import { type ContainerSpec, type Group, type Instance, isOver, stateOf } from "./groups";
import { groupView } from "./groupView";

const NAMESPACE = "Microsoft.ContainerInstance";
const TYPE = `${NAMESPACE}/containerGroups`;
const GROUP = `{G}/providers/${TYPE}/{name}`;

/** Container Instances (https://learn.microsoft.com/rest/api/container-instances). */
export const CONTAINER_GROUP_OPERATIONS: readonly Operation[] = [
  { action: `${TYPE}/write`, verb: "PUT", pattern: path(GROUP), handle: create },
  {
    action: `${TYPE}/read`,
    verb: "GET",
    pattern: path(GROUP),
    handle: (call) => ({ body: groupView(found(call), version(call), "whole") }),
  },
  { action: `${TYPE}/read`, verb: "GET", pattern: path("{G}", `/providers/${TYPE}`), handle: list },
  { action: `${TYPE}/read`, verb: "GET", pattern: path("{S}", `/providers/${TYPE}`), handle: list },
  { action: `${TYPE}/write`, verb: "PATCH", pattern: path(GROUP), handle: update },
  { action: `${TYPE}/delete`, verb: "DELETE", pattern: path(GROUP), handle: remove },
  { action: `${TYPE}/stop/action`, verb: "POST", pattern: path(GROUP, "/stop"), handle: stop },
  { action: `${TYPE}/start/action`, verb: "POST", pattern: path(GROUP, "/start"), handle: (call) => startAgain(call, "start") },
  { action: `${TYPE}/restart/action`, verb: "POST", pattern: path(GROUP, "/restart"), handle: (call) => startAgain(call, "restart") },
  { action: `${TYPE}/containers/logs/read`, verb: "GET", pattern: path(GROUP, "/containers/{container}/logs"), handle: logs },
  {
    action: `${TYPE}/containers/exec/action`,
    verb: "POST",
    pattern: path(GROUP, "/containers/{container}/exec"),
    handle: (call) => terminal(call, "exec"),
  },
  {
    action: `${TYPE}/containers/attach/action`,
    verb: "POST",
    pattern: path(GROUP, "/containers/{container}/attach"),
    handle: (call) => terminal(call, "attach"),
  },
  {
    action: `${TYPE}/outboundNetworkDependenciesEndpoints/read`,
    verb: "GET",
    pattern: path(GROUP, "/outboundNetworkDependenciesEndpoints"),
    handle: (call) => {
      found(call);
      return { body: ["management.azure.com", "login.microsoftonline.com", "mcr.microsoft.com"] };
    },
  },
  {
    action: `${NAMESPACE}/locations/operations/read`,
    verb: "GET",
    pattern: path("{S}", `/providers/${NAMESPACE}/locations/{location}/operations/{operation}`),
    // A caller with rights on one resource group only can watch the operations there.
    scopeOf: ({ world, path: { operation = "", scope = "" } }) => world.operations.get(operation)?.group ?? scope,
    handle: operationStatus,
  },
  {
    action: `${NAMESPACE}/locations/usages/read`,
    verb: "GET",
    pattern: path("{S}", `/providers/${NAMESPACE}/locations/{location}/usages`),
    handle: ({ world, path: { location = "" } }) => ({ body: { value: usages(world, location) } }),
  },
];

function create(call: Call): Answer {
  const { world, path: parts, body, caller } = call;
  const { name = "", resourceGroup = "", subscription = "" } = parts;
  const home = world.resourceGroup(resourceGroup);
  const id = `/subscriptions/${subscription}/resourceGroups/${home.name}/providers/${TYPE}/${name}`;
  const spec = checkedGroup(world, { id, name, caller }, body);
  const existing = world.groups.get(id.toLowerCase());
  if (existing) checkUpdate(world, existing, spec);
  checkQuotas(world, spec, existing);
  const instance = (container: ContainerSpec): Instance => ({ spec: container, restartCount: 0, events: [], log: [] });
  if (existing) kill(existing);
  const principalId = /SystemAssigned/.test(spec.identity?.type ?? "")
    ? world.directory.addPrincipal("ServicePrincipal", name).objectId
    : undefined;
  const group: Group = {
    id,
    name,
    resourceGroup: home.name,
    subscription,
    spec,
    tenant: world.options.tenant,
    ...(principalId === undefined ? {} : { principalId }),
    provisioningState: "Pending",
    stopped: false,
    lost: false,
    init: (spec.properties.initContainers ?? []).map(instance),
    containers: spec.properties.containers.map(instance),
    life: (existing?.life ?? 0) + 1,
  };
  if (existing) existing.life = -1;
  world.groups.set(id.toLowerCase(), group);
  const operation = startLife(world, group, troubleOf(call));
  if (spec.properties.ipAddress && version(call) < "2021") giveAddress(group);
  return {
    status: existing ? 200 : 201,
    body: groupView(group, version(call), "created"),
    headers: operationHeader(call, group, operation),
  };
}

function troubleOf({ fault }: Call): StartTrouble | undefined {
  return fault?.kind === "pullFails" || fault?.kind === "noNode" ? fault.kind : undefined;
}

/** Which changes of a running group are valid. A group that has ended is replaced. @throws {ArmError} */
function checkUpdate(world: Call["world"], existing: Group, spec: Group["spec"]): void {
  if (isOver(existing)) return;
  refuseWhileBusy(world, existing);
  if (existing.spec.location.toLowerCase() !== spec.location.toLowerCase()) {
    throw new ArmError(
      409,
      "InvalidResourceLocation",
      `The resource '${existing.name}' already exists in location '${existing.spec.location}' in resource group '${existing.resourceGroup}'. A resource with the same name cannot be created in location '${spec.location}'. Please select a new resource name.`,
      { headers: { "x-ms-failure-cause": "gateway" } },
    );
  }
  const fixed = ({ properties }: Group["spec"]) =>
    JSON.stringify([
      properties.osType,
      properties.restartPolicy ?? "Always",
      properties.subnetIds,
      properties.containers.map(({ properties: { resources } }) => resources),
      properties.diagnostics,
    ]);
  if (fixed(existing.spec) === fixed(spec)) return;
  throw new ArmError(
    400,
    "InvalidContainerGroupUpdate",
    `The updates on container group '${existing.name}' are invalid. If you are going to update the os type, restart policy, network profile, CPU, memory or GPU resources for a container group, you must delete it first and then create a new one.`,
  );
}

function list(call: Call): Answer {
  const { world, path: parts } = call;
  if (parts.resourceGroup !== undefined) world.resourceGroup(parts.resourceGroup);
  const value = [...world.groups.values()]
    .filter(({ resourceGroup }) => parts.resourceGroup === undefined || resourceGroup.toLowerCase() === parts.resourceGroup.toLowerCase())
    .map((group): Json => groupView(group, version(call), "listed"));
  return { body: { value } };
}

/** Tags only. */
function update(call: Call): Answer {
  const group = found(call);
  group.spec.tags = { ...(call.body.tags as Record<string, string> | undefined) };
  return { body: groupView(group, version(call), "whole") };
}

function remove(call: Call): Answer {
  const { world, path: parts } = call;
  const group = world.groups.get(world.groupId(parts).toLowerCase());
  if (!group) return { status: 204 };
  checkIdentitiesExist(world, group);
  const body = groupView(group, version(call), "whole");
  world.deleteGroup(group.id);
  return { body };
}

/** A group whose managed identity was deleted before it cannot be deleted any more. @throws {ArmError} 500 */
function checkIdentitiesExist(world: Call["world"], { spec }: Group): void {
  const lost = Object.keys(spec.identity?.userAssignedIdentities ?? {}).some((id) => !world.identities.has(id.toLowerCase()));
  if (lost) throw new ArmError(500, "InternalServerError", "An internal server error occurred. Please retry later.");
}

function stop(call: Call): Answer {
  const group = found(call);
  refuseWhileBusy(call.world, group);
  stopGroup(call.world, group);
  return { status: 204 };
}

function startAgain(call: Call, verb: "start" | "restart"): Answer {
  const group = found(call);
  refuseWhileBusy(call.world, group);
  if (verb === "restart" && group.stopped) throw stopped(group);
  if (verb === "start" && stateOf(group) === "Running") return { status: 204 };
  const operation = startLife(call.world, group);
  group.provisioningState = "Updating";
  return { status: verb === "start" ? 202 : 204, headers: operationHeader(call, group, operation) };
}

/** @throws {ArmError} 409 during another operation */
function refuseWhileBusy(world: Call["world"], group: Group): void {
  const waits = world.waiting.has(group);
  if (waits || !["Pending", "Creating", "Updating", "Deleting", "Repairing"].includes(group.provisioningState)) return;
  throw new ArmError(409, "ContainerGroupTransitioning", `The container group '${group.name}' is still transitioning, please retry later.`);
}

function logs(call: Call): Answer {
  const group = found(call);
  const instance = containerOf(call, group);
  const tail = call.query.get("tail");
  const timestamps = call.query.get("timestamps");
  if (tail !== null && !/^\d+$/.test(tail))
    throw new ArmError(400, "InvalidQueryParameter", `The value '${tail}' of the query parameter 'tail' is invalid.`);
  const ran = instance.current?.startTime !== undefined || instance.previous?.startTime !== undefined;
  if (!ran) {
    throw new ArmError(
      404,
      "ContainerLogNotAvailable",
      `Log of container '${instance.spec.name}' in container group '${group.name}' is not available yet. Please check container 'InstanceView' for more information or retry later.`,
    );
  }
  const content = logText(instance.log, {
    ended: instance.current?.state === "Terminated",
    ...(tail === null ? {} : { tail: Number(tail) }),
    timestamps: timestamps?.toLowerCase() === "true",
  });
  return { body: { content } };
}

/** Where a client is to open its terminal, also in a group that has ended. This fake does not open one there. */
function terminal(call: Call, kind: "exec" | "attach"): Answer {
  const group = found(call);
  containerOf(call, group);
  if (group.stopped) throw stopped(group);
  const { rows = 24, cols = 80 } = (call.body.terminalSize ?? {}) as { rows?: number; cols?: number };
  const host = `${randomBytes(8).toString("hex")}.${group.spec.location}.atlas.cloudapp.azure.com`;
  return {
    body: {
      webSocketUri: `wss://${host}:19390/${kind}stream/sessionId/${randomUUID()}?api-version=1.0&rows=${rows}&cols=${cols}`,
      password: randomBytes(16).toString("base64"),
    },
  };
}

function stopped({ name, resourceGroup }: Group): ArmError {
  return new ArmError(400, "ContainerGroupStopped", `Container Group '${name}' in resource group '${resourceGroup}' is stopped.`);
}

function operationStatus({ world, path: { operation = "" } }: Call): Answer {
  const known = world.operations.get(operation);
  if (!known) throw new ArmError(404, "OperationNotFound", `The operation '${operation}' was not found.`);
  const { group, status, startTime, events, error } = known;
  return {
    body: {
      id: group,
      status,
      startTime,
      properties: { events: events.map((event) => ({ ...event })) },
      ...(error ? { error: { ...error } } : {}),
    },
  };
}

function operationHeader({ world, path: { subscription } }: Call, { spec }: Group, operation: string): Record<string, string> {
  const location = spec.location.toLowerCase();
  return {
    "azure-asyncoperation": `${world.url}/subscriptions/${subscription}/providers/${NAMESPACE}/locations/${location}/operations/${operation}?api-version=2018-06-01`,
  };
}

/** @throws {ArmError} 404 */
function found({ world, path: parts }: Call): Group {
  const { name: resourceGroup } = world.resourceGroup(parts.resourceGroup ?? "");
  const group = world.groups.get(world.groupId(parts).toLowerCase());
  if (!group) throw resourceNotFound(TYPE, parts.name ?? "", resourceGroup);
  return group;
}

/** @throws {ArmError} 404 */
function containerOf({ path: { container = "" } }: Call, group: Group): Instance {
  const instance = [...group.containers, ...group.init].find(({ spec }) => spec.name === container);
  if (instance) return instance;
  throw new ArmError(404, "ContainerNotFound", `The container '${container}' does not exist in container group '${group.name}'.`);
}

function version({ query }: Call): string {
  return query.get("api-version") ?? "";
}
