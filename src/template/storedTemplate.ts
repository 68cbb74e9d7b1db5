import { isDeepStrictEqual } from "node:util";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ExactNumber } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { readJson } from "../jsonText";
import { suggestion } from "../nearest";
import { UserError } from "../userError";
import { defaultTemplate } from "./defaultTemplate";

// A manifest is a stack output, and whoever previews or updates a stack sees its outputs whole. So a manifest does not hold the hundreds of lines
// of a base job template, but what it differs from: one of our own templates by its name, or the program's own one, packed. What differs, and
// all that is known only later, stands where it stands in the template itself: its path, and what of it is secret, are the same in both forms.

/**
 * The templates that a manifest may name. A released one stays as it is for ever: a changed template gets another number, beside the old one.
 */
const NAMED: Record<string, () => JsonObject> = {
  "process:push@1": () => defaultTemplate("process:push"),
  "cloud-run-v2:push@1": () => defaultTemplate("cloud-run-v2:push"),
  "ecs:push@1": () => defaultTemplate("ecs:push"),
};

/** Any value of a program: JSON, or what is known only later. */
type Later = unknown;

/**
 * A template as a manifest stores it: `{ default: "ecs:push@1", … }` or `{ packed: "…", … }`, with what differs.
 * @param isLater tells what is known only later: an output
 * @returns what {@link wholeTemplate} makes the same template of
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
 * The template that a manifest stores; one that it holds whole comes back as it is.
 * @param at its path in the manifest, for messages
 * @throws {UserError} if it names a template that this pushpool does not know, or is damaged
 */
export function wholeTemplate(stored: JsonObject, at: string): JsonObject {
  const { default: name, packed, ...difference } = stored;
  if (typeof name === "string") {
    const base = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    if (!base)
      throw new UserError(
        `${at}.default "${name}" is a template that this pushpool does not know: ${suggestion(name, Object.keys(NAMED))} Use the version that made the manifest, or a newer one`,
      );
    return merged(base(), difference) as JsonObject;
  }
  if (typeof packed !== "string") return stored;
  try {
    return merged(readJson(inflateRawSync(Buffer.from(packed, "base64")).toString()), difference) as JsonObject;
  } catch {
    throw new UserError(`${at}.packed is damaged: run \`pushpool up\` again, which writes it again`);
  }
}

const SAME = Symbol("same");
const IMPOSSIBLE = Symbol("impossible");

/** What {@link merged} has to be given beside `base` for `wanted` to come out. */
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

/** What is known of a tree, and apart from it what is known only later, at the same paths. A list with anything of the latter goes there whole. */
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
