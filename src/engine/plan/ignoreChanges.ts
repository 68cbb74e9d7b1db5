import type { Json, JsonObject } from "../../json";
import { segmentsOf } from "./propertyPath";

/**
 * The inputs as they count where some changes are ignored: at each path what was there before, or nothing where nothing was. A path whose
 * containers are missing on either side has nothing to ignore.
 * @param paths Pulumi's property paths: `a`, `a.b[0]`, `a["b.c"]`; `*` stands for every key or index
 */
export function ignoringChanges(before: JsonObject, wanted: JsonObject, paths: readonly string[]): JsonObject {
  const inputs = structuredClone(wanted);
  for (const path of paths) reset(before, inputs, segmentsOf(path));
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

/** Lists too: their indices are keys. */
function isContainer(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null;
}
