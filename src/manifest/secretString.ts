import { isJsonObject, type Json, type JsonObject } from "../json";
import { pointerTo, segmentsOf } from "../jsonPointer";
import { parseJson } from "../jsonText";
import { MASK } from "../secret";
import { UserError } from "../userError";
import { MANIFEST_KIND } from "./manifest";

/** A tree of JSON and JSON pointers (RFC 6901) to its secrets. */
export interface MarkedTree {
  tree: Json;
  secretPaths: string[];
}

/**
 * Read a manifest that is one string. A Pulumi program in another language than TypeScript cannot mark single values of an output as
 * secret, so its manifest is one secret string. That string has a list of its secrets, and pushpool masks only them:
 *
 * ```json
 * { "kind": "pushpool.dev/manifest", "version": 1, "secretPaths": ["/blocks/secret~1token/data/value"], "source": {}, "pools": {} }
 * ```
 * @param origin what messages call the string
 * @returns `undefined` if the value is not a manifest in this form
 * @throws {UserError} if it is invalid
 */
export function readSecretString(value: unknown, origin: string): MarkedTree | undefined {
  // Other outputs are not parsed: they may be large, and need not be JSON.
  if (typeof value !== "string" || !value.trimStart().startsWith("{") || !value.includes(MANIFEST_KIND)) return undefined;
  const tree = parseJson(value, origin);
  return isJsonObject(tree) && tree.kind === MANIFEST_KIND ? splitSecretPaths(tree, origin) : undefined;
}

/**
 * Separate a manifest from the list of its secrets, if it has one.
 * @throws {UserError} if the list is not a list of JSON pointers
 */
export function splitSecretPaths(manifest: JsonObject, origin: string): MarkedTree {
  const { secretPaths = [], ...tree } = manifest;
  if (!Array.isArray(secretPaths) || !secretPaths.every((path) => typeof path === "string" && path.startsWith("/")))
    throw new UserError(
      `${origin}: secretPaths must be a list of JSON pointers, such as ["/blocks/secret~1token/data/value"]; leave it out if there is no secret`,
    );
  return { tree, secretPaths: secretPaths as string[] };
}

/** Mask the values at these pointers, for a reader that must not have them. */
export function maskedAt({ tree, secretPaths }: MarkedTree): MarkedTree {
  const marked = new Set(secretPaths.map((path) => pointerTo(segmentsOf(path))));
  const masked = (value: Json, path: string[]): Json => {
    if (marked.has(pointerTo(path))) return value === null ? null : MASK;
    if (Array.isArray(value)) return value.map((item, index) => masked(item, [...path, String(index)]));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner, [...path, key])]));
  };
  return { tree: masked(tree, []), secretPaths };
}
