import type { Json, JsonObject } from "../../json";
import { propertyPathParts } from "./propertyPath";

/**
 * The wanted inputs with each ignored path set to its value from before, or removed if it had none. A path is skipped if its
 * containers are missing on either side.
 */
export function applyIgnoreChanges(before: JsonObject, wanted: JsonObject, paths: readonly string[]): JsonObject {
  const inputs = structuredClone(wanted);
  for (const path of paths) reset(before, inputs, propertyPathParts(path));
  return inputs;
}

function reset(before: Json | undefined, after: Json | undefined, [segment, ...rest]: string[]): void {
  if (segment === undefined || !isContainer(before) || !isContainer(after)) return;
  const keys = segment === "*" ? [...new Set([...Object.keys(before), ...Object.keys(after)])] : [segment];
  for (const key of keys) {
    if (rest.length > 0) reset(before[key], after[key], rest);
    else if (Object.hasOwn(before, key)) after[key] = structuredClone(before[key] as Json);
    else delete after[key];
  }
}

/** Arrays are containers too: their indices are the keys. */
function isContainer(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null;
}
