import { isJsonObject, type Json } from "../json";
import { segmentsOf } from "../jsonPointer";

/**
 * What to redact of a secret. The definition of a component and a manifest are one secret string in programs in other languages than
 * TypeScript, and the string names its secrets. The rest of it, such as a key's id, must stay readable in messages.
 */
export function namedSecrets(secret: Json): Json[] {
  if (typeof secret !== "string" || !secret.startsWith("{") || !secret.includes('"secretPaths":[')) return [secret];
  const tree = parsed(secret);
  const { secretPaths } = isJsonObject(tree) ? tree : {};
  if (!Array.isArray(secretPaths)) return [secret];
  const named = secretPaths.map((path) => (typeof path === "string" && path !== "" ? valueAt(tree, segmentsOf(path)) : undefined));
  // A string that names something else may be any secret.
  return named.every((value) => value !== undefined) ? named : [secret];
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

function valueAt(tree: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = tree;
  for (const segment of path)
    at = typeof at === "object" && at !== null && Object.hasOwn(at, segment) ? (at as Record<string, Json>)[segment] : undefined;
  return at;
}
