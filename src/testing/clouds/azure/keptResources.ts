import type { JsonObject } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import { ArmError, resourceNotFound } from "./errors";
import { REGIONS } from "./regions";

/** A resource type that the fake keeps as it was written, and what it checks of it. */
export interface KeptType {
  type: string;
  /** @default a resource of a resource group */
  pattern?: string;
  /** Whether it has a location. @default true */
  located?: boolean;
  /** @throws {ArmError} for a body that Azure does not take */
  check?(call: Call, properties: JsonObject): void;
  /** Properties that Azure fills in, when it is made. */
  filled?(call: Call): JsonObject;
  /** @throws {ArmError} if it cannot be deleted yet */
  checkDelete?(call: Call): void;
  /** What changes beside the resource itself, once it is written. */
  written?(call: Call, resource: JsonObject): void;
  /** What goes with it. */
  deleted?(call: Call): void;
}

/** Its operations: write, read and delete. */
export function keptOperations(kept: KeptType): Operation[] {
  const { type, pattern = `{G}/providers/${type}/{name}` } = kept;
  return [
    { action: `${type}/write`, verb: "PUT", pattern: path(pattern), handle: (call) => write(call, kept) },
    { action: `${type}/read`, verb: "GET", pattern: path(pattern), handle: (call) => ({ body: read(call, type) }) },
    { action: `${type}/delete`, verb: "DELETE", pattern: path(pattern), handle: (call) => remove(call, kept) },
  ];
}

function write(call: Call, { type, located = true, check, filled, written }: KeptType): Answer {
  const { world, path: parts, body } = call;
  const { scope = "", name = "" } = parts;
  if (located) checkLocation(body, type);
  const key = scope.toLowerCase();
  const before = world.kept.get(key);
  const properties = (body.properties ?? {}) as JsonObject;
  check?.(call, properties);
  const own = before ? filledBefore(before, properties) : (filled?.(call) ?? {});
  const resource = { ...body, id: scope, name, type, properties: { ...own, ...properties, provisioningState: "Succeeded" } };
  world.kept.set(key, resource);
  written?.(call, resource);
  return { status: before ? 200 : 201, body: resource };
}

/** What Azure has filled in stays when the resource is written again. */
function filledBefore({ properties }: JsonObject, written: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(properties as JsonObject).filter(([name]) => FILLED.has(name) && written[name] === undefined));
}

const FILLED = new Set(["loginServer", "creationDate", "ipAddress"]);

function checkLocation({ location }: JsonObject, type: string): void {
  if (typeof location !== "string" || location === "")
    throw new ArmError(400, "LocationRequired", "The location property is required for this definition.");
  if (REGIONS.includes(location.toLowerCase().replaceAll(" ", ""))) return;
  throw new ArmError(
    400,
    "LocationNotAvailableForResourceType",
    `The provided location '${location}' is not available for resource type '${type}'. List of available regions for the resource type is '${REGIONS.join(",")}'.`,
  );
}

function read({ world, path: { scope = "", name = "", resourceGroup = "" } }: Call, type: string): JsonObject {
  const resource = world.kept.get(scope.toLowerCase());
  if (!resource) throw resourceNotFound(type, name, world.resourceGroup(resourceGroup).name);
  return resource;
}

function remove(call: Call, { checkDelete, deleted }: KeptType): Answer {
  const key = (call.path.scope ?? "").toLowerCase();
  if (!call.world.kept.has(key)) return { status: 204 };
  checkDelete?.(call);
  call.world.kept.delete(key);
  deleted?.(call);
  return { status: 200 };
}
