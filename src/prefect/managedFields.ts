import { sameJson } from "../canonicalJson";
import type { Json, JsonObject } from "../json";

/**
 * How the fields of a resource's inputs are those of an API object.
 *
 * A field that the program does not give is not managed: whatever the server fills in, or someone sets there, is no difference. One that
 * it gave and gives no longer goes back to `reset`.
 */
export interface Field {
  /** Its name in the API. */
  api: string;
  /** Its value in the API when the program stops giving it. */
  reset: Json;
  /** Whether the API's value says the same as the given one. @default equal as JSON, whatever the order of keys */
  same?: (given: Json, there: Json) => boolean;
}

export type Fields = Record<string, Field>;

/** The fields that differ between what was given and what is given now. */
export function changedFields(fields: Fields, olds: JsonObject, news: JsonObject): string[] {
  return Object.keys(fields).filter((name) => {
    if (olds[name] === undefined || news[name] === undefined) return olds[name] !== news[name];
    return !isSame(fields[name] as Field, news[name], olds[name]);
  });
}

/** The body that brings these fields about. */
export function changeOf(fields: Fields, names: readonly string[], news: JsonObject): JsonObject {
  return Object.fromEntries(names.map((name) => [(fields[name] as Field).api, news[name] ?? (fields[name] as Field).reset]));
}

/** What was given, as it is on the server now; said in the given words where it means the same. */
export function refreshed(fields: Fields, props: JsonObject, there: JsonObject): JsonObject {
  const now: JsonObject = { ...props };
  for (const [name, field] of Object.entries(fields)) {
    const given = props[name];
    if (given === undefined) continue;
    const value = there[field.api] ?? null;
    now[name] = isSame(field, given, value) ? given : value;
  }
  return now;
}

function isSame({ same, reset }: Field, given: Json, there: Json): boolean {
  if (sameJson(given, there)) return true;
  if (same) return same(given, there);
  return (given ?? reset) === (there ?? reset);
}

/** Texts in a tree that a server's message must not repeat: any of them may be secret. Short ones are left, or messages would say nothing. */
export function longTexts(value: Json | undefined, least = 8): string[] {
  if (typeof value === "string") return value.length >= least ? [value] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap((inner) => longTexts(inner, least));
}
