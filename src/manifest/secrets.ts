import type { Json, Value } from "../json";
import { segmentsOf } from "../jsonPointer";
import { MASK, Secret, type SecretPart } from "../secret";
import { compose } from "../template/compose";
import { isObject } from "../template/paths";
import type { Manifest } from "./manifest";

/** Replace every secret in a manifest by its mask, so that it can be shown. A masked manifest can be parsed again. */
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
 * The value at a JSON pointer, with secrets in clear text. Only the code that submits a run may call this. Like rendering, the pointer can lead
 * into a secret (`{{ prefect.blocks.secret.db.value.password }}`).
 * @returns `undefined` if there is no value, or only the mask
 */
export function lookupSecret(manifest: Manifest, pointer: string): Json | undefined {
  let value: Value | undefined = manifest as unknown as Value;
  for (const segment of segmentsOf(pointer)) value = step(unwrapped(value), segment);
  return clear(value);
}

/**
 * Make a secret again from its parts. A single pointer keeps the type of its value; several parts are joined into a string. The value is
 * available if the values of all parts are.
 */
export function secretFromParts(manifest: Manifest, parts: readonly SecretPart[]): Secret {
  const pieces = parts.map((part) => (typeof part === "string" ? part : new Secret([part], lookupSecret(manifest, part.pointer))));
  const [only] = pieces;
  if (pieces.length === 1 && only instanceof Secret) return only;
  const joined = compose(pieces, "secret");
  return joined instanceof Secret ? joined : new Secret(parts, joined);
}

/** A value with all its secrets in clear text; `undefined` if a secret is not available. */
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

/** One step of a path, as in rendering: an index into a list or a string counts from the end if negative. */
function step(value: Value | undefined, segment: string): Value | undefined {
  if (typeof value === "string" || Array.isArray(value)) {
    if (!/^[+-]?\d+$/.test(segment)) return undefined;
    return typeof value === "string" ? [...value].at(Number(segment)) : value.at(Number(segment));
  }
  return isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
}
