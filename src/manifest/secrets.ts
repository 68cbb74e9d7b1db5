import type { Json, Value } from "../json";
import { segmentsOf } from "../jsonPointer";
import { MASK, Secret, type SecretPart } from "../secret";
import { compose } from "../template/compose";
import { isObject } from "../template/paths";
import type { Manifest } from "./manifest";

/** The manifest as it may be shown: every secret as its mask, and nothing else changed. A masked manifest parses again. */
export function maskManifest(manifest: Manifest): Json {
  return masked(manifest as unknown as Value);
}

function masked(value: Value): Json {
  if (value instanceof Secret) return MASK;
  if (Array.isArray(value)) return value.map(masked);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, masked(inner)]),
  );
}

/**
 * The value that a JSON pointer leads to, secrets in the clear: for submitting only. It leads into secrets too, as rendering does
 * (`{{ prefect.blocks.secret.db.value.password }}`).
 * @returns `undefined` where there is nothing, or only the mask
 */
export function lookupSecret(manifest: Manifest, pointer: string): Json | undefined {
  let value: Value | undefined = manifest as unknown as Value;
  for (const segment of segmentsOf(pointer)) value = step(unwrapped(value), segment);
  return clear(value);
}

/**
 * A secret made again from its recipe: one pointer alone keeps its type, several parts are joined as text. Its value is known if all
 * of its parts are.
 */
export function secretFromParts(manifest: Manifest, parts: readonly SecretPart[]): Secret {
  const pieces = parts.map((part) => (typeof part === "string" ? part : new Secret([part], lookupSecret(manifest, part.pointer))));
  const [only] = pieces;
  if (pieces.length === 1 && only instanceof Secret) return only;
  const joined = compose(pieces, "secret");
  return joined instanceof Secret ? joined : new Secret(parts, joined);
}

/** A tree without wrappers; `undefined` if any of it is not known. */
function clear(value: Value | undefined): Json | undefined {
  const outer = unwrapped(value);
  if (Array.isArray(outer)) {
    const items = outer.map(clear);
    return items.includes(undefined) ? undefined : (items as Json[]);
  }
  if (!isObject(outer)) return outer as Json | undefined;
  const entries = Object.entries(outer).map(([key, inner]) => [key, clear(inner)] as const);
  return entries.some(([, inner]) => inner === undefined) ? undefined : (Object.fromEntries(entries) as Json);
}

function unwrapped(value: Value | undefined): Value | undefined {
  if (!(value instanceof Secret)) return value;
  return value.known ? value.reveal() : undefined;
}

/** As rendering walks: lists and texts by index, from the end if negative. */
function step(value: Value | undefined, segment: string): Value | undefined {
  if (typeof value === "string" || Array.isArray(value)) {
    if (!/^[+-]?\d+$/.test(segment)) return undefined;
    return typeof value === "string" ? [...value].at(Number(segment)) : value.at(Number(segment));
  }
  return isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
}
