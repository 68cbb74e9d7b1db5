import { isDeepStrictEqual } from "node:util";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ExactNumber } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { readJson } from "../jsonText";
import { suggestion } from "../nearest";
import { UserError } from "../userError";
import { defaultTemplate, TEMPLATE_TYPES } from "./defaultTemplate";

// A manifest is a stack output, and Pulumi prints stack outputs in full. So a manifest does not contain the hundreds of lines of a base job
// template. It contains the name of one of our templates, or the program's own template in compressed form. Differences from a named template,
// and values that are known only later, keep their path from the template. So paths and secrets are the same in both forms.

/**
 * The templates that a manifest may name. A released template never changes: a changed one gets a new number, and the old one stays.
 */
const NAMED: Record<string, () => JsonObject> = Object.fromEntries(
  TEMPLATE_TYPES.map((type) => [`${type}@1`, () => defaultTemplate(type)]),
);

/** Any value of a program: JSON, or a value that is known only later. */
type Later = unknown;

/**
 * The stored form of a template: `{ default: "ecs:push@1", … }` or `{ packed: "…", … }`, with the differences.
 * @param isLater whether a value is known only later (a Pulumi output)
 * @returns a form from which {@link wholeTemplate} restores the template
 */
export function storedTemplate(template: Record<string, Later>, isLater: (value: Later) => boolean): Record<string, Later> {
  let smallest: Record<string, Later> | undefined;
  for (const [name, base] of Object.entries(NAMED)) {
    const difference = differenceOf(base(), template, isLater);
    if (difference === IMPOSSIBLE) continue;
    const stored = { default: name, ...(difference === SAME ? {} : (difference as Record<string, Later>)) };
    if (smallest === undefined || sizeOf(stored, isLater) < sizeOf(smallest, isLater)) smallest = stored;
  }
  if (smallest) return smallest;
  const { known, later } = apart(template, isLater);
  const packed = deflateRawSync(JSON.stringify(known ?? {}), { level: 9 }).toString("base64");
  return { packed, ...((later ?? {}) as Record<string, Later>) };
}

/**
 * Restore a template from its stored form. A template that a manifest contains in full is returned unchanged.
 * @param at its path in the manifest, for messages
 * @throws {UserError} if it names a template that this version of pushpool does not have, or is damaged
 */
export function wholeTemplate(stored: JsonObject, at: string): JsonObject {
  const { default: name, packed, ...difference } = stored;
  if (typeof name === "string") {
    const base = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    if (!base)
      throw new UserError(
        `${at}.default: this version of pushpool has no template "${name}": ${suggestion(name, Object.keys(NAMED))} Use the version that made the manifest, or a newer one`,
      );
    return merged(base(), difference) as JsonObject;
  }
  if (typeof packed !== "string") return stored;
  try {
    return merged(readJson(inflateRawSync(Buffer.from(packed, "base64")).toString()), difference) as JsonObject;
  } catch {
    throw new UserError(`${at}.packed is damaged: run \`pushpool up\` to write it again`);
  }
}

const SAME = Symbol("same");
const IMPOSSIBLE = Symbol("impossible");

/** The difference for which `merged(base, difference)` gives `wanted`. */
function differenceOf(base: Json, wanted: Later, isLater: (value: Later) => boolean): Later {
  if (isLater(wanted)) return isMap(base) && Object.keys(base).length > 0 ? IMPOSSIBLE : wanted;
  if (!isMap(base) || !isMap(wanted)) return isDeepStrictEqual(base, wanted) ? SAME : wanted;
  if (Object.keys(base).some((key) => wanted[key] === undefined)) return IMPOSSIBLE;
  const difference: Record<string, Later> = {};
  for (const [key, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    const inner = Object.hasOwn(base, key) ? differenceOf(base[key] as Json, value, isLater) : value;
    if (inner === IMPOSSIBLE) return IMPOSSIBLE;
    if (inner !== SAME) difference[key] = inner;
  }
  return Object.keys(difference).length === 0 ? SAME : difference;
}

function merged(base: Json, difference: Json): Json {
  if (!isJsonObject(base) || !isJsonObject(difference)) return difference;
  const both = Object.entries(difference).map(([key, value]) => [key, Object.hasOwn(base, key) ? merged(base[key] as Json, value) : value]);
  return { ...base, ...Object.fromEntries(both) };
}

/**
 * Separate the known values from those that are known only later. Both parts keep their paths. A list that contains a later value belongs to
 * the later part as a whole.
 */
function apart(value: Later, isLater: (value: Later) => boolean): { known?: Later; later?: Later } {
  if (isLater(value) || (Array.isArray(value) && holdsLater(value, isLater))) return { later: value };
  if (!isMap(value)) return { known: value };
  const parts = Object.entries(value).map(([key, inner]) => [key, apart(inner, isLater)] as const);
  const known = parts.flatMap(([key, part]) => (part.known === undefined ? [] : [[key, part.known] as const]));
  const later = parts.flatMap(([key, part]) => (part.later === undefined ? [] : [[key, part.later] as const]));
  return { known: Object.fromEntries(known), ...(later.length > 0 ? { later: Object.fromEntries(later) } : {}) };
}

function holdsLater(value: Later, isLater: (value: Later) => boolean): boolean {
  return (
    isLater(value) || (typeof value === "object" && value !== null && Object.values(value).some((inner) => holdsLater(inner, isLater)))
  );
}

function sizeOf(value: Later, isLater: (value: Later) => boolean): number {
  return JSON.stringify(value, (_, inner) => (isLater(inner) ? "later" : inner)).length;
}

function isMap<Value>(value: Value): value is Value & Record<string, Value> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
