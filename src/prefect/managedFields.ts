import { sameJson } from "../canonicalJson";
import type { Json, JsonObject } from "../json";

/**
 * How a resource's input fields map to an API object's fields.
 *
 * A field that the program does not set is not managed: the server's value for it is never a difference. A field that the program no longer
 * sets goes back to `reset`.
 */
export interface ManagedField {
  /** Its name in the API. */
  api: string;
  /** Its API value when the program stops setting it. */
  reset: Json;
  /** Whether the API's value means the same as the given one. @default equal as JSON, in any order of keys */
  same?: (given: Json, there: Json) => boolean;
}

export type ManagedFields = Record<string, ManagedField>;

/** The names of the fields that differ between the old and the new inputs. */
export function changedFields(fields: ManagedFields, olds: JsonObject, news: JsonObject): string[] {
  return Object.keys(fields).filter((name) => {
    if (olds[name] === undefined || news[name] === undefined) return olds[name] !== news[name];
    return !isSame(fields[name] as ManagedField, news[name], olds[name]);
  });
}

/** The request body that changes these fields. */
export function changeOf(fields: ManagedFields, names: readonly string[], news: JsonObject): JsonObject {
  return Object.fromEntries(names.map((name) => [(fields[name] as ManagedField).api, news[name] ?? (fields[name] as ManagedField).reset]));
}

/** The given fields with the server's current values; a value that means the same stays as given. */
export function refreshed(fields: ManagedFields, props: JsonObject, there: JsonObject): JsonObject {
  const now: JsonObject = { ...props };
  for (const [name, field] of Object.entries(fields)) {
    const given = props[name];
    if (given === undefined) continue;
    const value = there[field.api] ?? null;
    now[name] = isSame(field, given, value) ? given : value;
  }
  return now;
}

function isSame({ same, reset }: ManagedField, given: Json, there: Json): boolean {
  if (sameJson(given, there)) return true;
  if (same) return same(given, there);
  return (given ?? reset) === (there ?? reset);
}

/** Strings in a tree that messages must mask, since any may be secret. Shorter ones stay, or messages would say nothing. */
export function longTexts(value: Json | undefined, least = 8): string[] {
  if (typeof value === "string") return value.length >= least ? [value] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap((inner) => longTexts(inner, least));
}
