import type { JsonObject } from "../../../json";
import { type Answer, type Call, type Operation, path } from "./api";
import { resourceNotFound } from "./azureErrors";
import { checkLocation } from "./azureRegions";
import type { World } from "./azureWorld";

/** A resource type of a resource group, with the map of the world that its resources are in: by id, in lower case. */
export interface StoredType<Resource> {
  type: string;
  all(world: World): Map<string, Resource>;
  /** Whether it has a location. @default true */
  located?: boolean;
  /** The path of one. @default that of a resource of a resource group */
  pattern?: string;
  /** The resource after a write: a new one, or the changed one. @throws {ArmError} for a body that Azure refuses */
  write(call: Call, before: Resource | undefined): Resource;
  view(resource: Resource, call: Call): JsonObject;
  /** Called if it does not exist. @throws {ArmError} if Azure then has another error than the usual one */
  missing?(call: Call): void;
  /** @throws {ArmError} if it cannot be deleted yet */
  checkDelete?(call: Call): void;
  /** What is deleted with it. */
  deleted?(call: Call, resource: Resource): void;
  /** Headers of the answer to the first write. */
  createdHeaders?(resource: Resource): Record<string, string>;
}

/** Its operations: write, read and delete. */
export function storedOperations<Resource>(stored: StoredType<Resource>): Operation[] {
  const { type, pattern = `{G}/providers/${type}/{name}`, view } = stored;
  return [
    { action: `${type}/write`, verb: "PUT", pattern: path(pattern), handle: (call) => written(call, stored) },
    { action: `${type}/read`, verb: "GET", pattern: path(pattern), handle: (call) => ({ body: view(found(call, stored), call) }) },
    { action: `${type}/delete`, verb: "DELETE", pattern: path(pattern), handle: (call) => removed(call, stored) },
  ];
}

/** @throws {ArmError} 404 */
export function found<Resource>(call: Call, { type, all, missing }: Pick<StoredType<Resource>, "type" | "all" | "missing">): Resource {
  const { world, path: parts } = call;
  const resource = all(world).get(keyOf(call));
  if (resource) return resource;
  missing?.(call);
  throw resourceNotFound(type, parts.name ?? "", world.resourceGroup(parts.resourceGroup ?? "").name);
}

function keyOf({ path: { scope = "" } }: Call): string {
  return scope.toLowerCase();
}

function written<Resource>(call: Call, { type, all, located = true, write, view, createdHeaders }: StoredType<Resource>): Answer {
  if (located) checkLocation(call.body.location, type);
  const before = all(call.world).get(keyOf(call));
  const resource = write(call, before);
  all(call.world).set(keyOf(call), resource);
  const body = view(resource, call);
  return before ? { body } : { status: 201, body, headers: createdHeaders?.(resource) ?? {} };
}

function removed<Resource>(call: Call, { all, checkDelete, deleted }: StoredType<Resource>): Answer {
  const resource = all(call.world).get(keyOf(call));
  if (!resource) return { status: 204 };
  checkDelete?.(call);
  all(call.world).delete(keyOf(call));
  deleted?.(call, resource);
  return { status: 200 };
}
