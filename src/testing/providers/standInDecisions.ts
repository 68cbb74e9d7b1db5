import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../json";
import { UNKNOWN } from "../../unknown";
import type { StandInResource } from "./standInProvider";

/** How many characters, after a hyphen, a generated name has behind the resource's name. */
const SUFFIX = 7;

/** The inputs with the provider's defaults. A generated name stays the same for as long as the resource lives. */
export function checked(type: StandInResource, name: string, news: JsonObject, olds: JsonObject, seed: Buffer): JsonObject {
  const inputs = { ...type.defaults, ...news };
  if (!type.autoName || inputs[type.autoName.input] !== undefined) return inputs;
  const { input } = type.autoName;
  const digest = createHash("sha256")
    .update(seed.length > 0 ? seed : name)
    .digest("hex");
  const made =
    "uuid" in type.autoName
      ? uuidOf(digest)
      : `${name.toLowerCase().slice(0, type.autoName.longest - SUFFIX - 1)}-${digest.slice(0, SUFFIX)}`;
  return { ...inputs, [input]: olds[input] ?? made };
}

/** Hexadecimal digits as a UUID of version 4. */
function uuidOf(digest: string): string {
  const [, a, b, c, d, e] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(digest) ?? [];
  return `${a}-${b}-4${c}-a${d}-${e}`;
}

/** Which inputs differ, and which of those require a replacement. */
export function difference(
  { replaceOn = [] }: StandInResource,
  olds: JsonObject,
  news: JsonObject,
): { diffs: string[]; replaces: string[] } {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const diffs = names.filter((name) => !isDeepStrictEqual(olds[name], news[name]));
  return { diffs, replaces: replaceOn === "all" ? diffs : diffs.filter((name) => replaceOn.includes(name)) };
}

/** What a preview shows of a resource that will be created. */
export function foreseen({ computed = [] }: StandInResource, inputs: JsonObject): JsonObject {
  return { ...unknown(computed), ...inputs };
}

/** Outputs that are unknown in a preview. */
export function unknown(names: readonly string[] = []): JsonObject {
  return Object.fromEntries(names.map((name) => [name, UNKNOWN]));
}

/** A read's reply as inputs: the same inputs, with the cloud's values. One that the cloud does not return stays as it was. */
export function asInputs(inputs: JsonObject, outputs: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, outputs[name] ?? value]));
}

/** The inputs of an imported resource: what the cloud returns, without what only the provider sets. */
export function importedInputs({ computed = [] }: StandInResource, outputs: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => !computed.includes(name)));
}
