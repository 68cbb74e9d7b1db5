import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { secretPaths } from "../components/secretPaths";
import { isJsonObject, type Json, type JsonObject } from "../src/json";
import { pointerTo } from "../src/jsonPointer";
import { UNKNOWN } from "../src/unknown";
import { textParts } from "./definitionParts";
import { type OutputParts, outputOf, outputOfParts, partsOf } from "./pulumiSdk";

/**
 * A tree whose leaves may be outputs, as one JSON string with the list of its secrets. It is secret if one of its leaves is. A program in
 * another language than TypeScript can pass a string on, but cannot keep which leaves of a tree are secret.
 */
export function asText(tree: Record<string, AnyJson>): pulumi.Output<string> {
  return pulumi.output(tree).apply(async (plain) => textOf(plain, await secretPaths(tree)));
}

/**
 * The same for a definition. In a preview its structure is known, even if some leaves are not. In the JSON string, those are Pulumi's placeholder
 * for an unknown value. What takes a definition can then say which resources it declares.
 */
export function asDefinition(tree: AnyJson): pulumi.Output<string> {
  return outputOfParts(readTree(tree)) as pulumi.Output<string>;
}

async function readTree(tree: AnyJson): Promise<OutputParts> {
  const resources = new Set<pulumi.Resource>();
  const secrets = new Set<string>();
  /** Most of a definition is plain, and read at once. */
  const read = (value: AnyJson, path: readonly string[]): Json | Promise<Json> => {
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Promise) return value.then((known) => read(known as AnyJson, path));
    if (pulumi.Output.isInstance(value)) return readOutput(value as pulumi.Output<unknown>, path);
    if (Array.isArray(value)) return all(value.map((item, index) => read(item, [...path, String(index)])));
    const entries = Object.entries(value as Record<string, AnyJson>).filter(([, inner]) => inner !== undefined);
    // Most fields are plain, and need no path.
    const isPlain = (inner: AnyJson) => typeof inner !== "object" || inner === null;
    const values = all(entries.map(([key, inner]) => (isPlain(inner) ? inner : read(inner, [...path, key]))));
    const named = (known: Json[]) => Object.fromEntries(entries.map(([key], index) => [key, known[index] as Json]));
    return values instanceof Promise ? values.then(named) : named(values);
  };
  const readOutput = async (value: pulumi.Output<unknown>, path: readonly string[]): Promise<Json> => {
    // A value in an output may be an output again.
    const parts = await partsOf(pulumi.output(value));
    for (const resource of parts.resources) resources.add(resource);
    if (parts.isSecret) secrets.add(pointerTo(path));
    return parts.isKnown ? ((parts.value ?? null) as Json) : UNKNOWN;
  };
  const plain = (await read(tree, [])) as JsonObject;
  const named = secrets.size === 0 ? [] : pointersIn(plain, secrets);
  return { value: textOf(plain, named), isKnown: true, isSecret: named.length > 0, resources: [...resources] };
}

function all(values: (Json | Promise<Json>)[]): Json[] | Promise<Json[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as Json[]);
}

/** Those of the pointers that are in a tree, in its order. */
function pointersIn(tree: Json, pointers: ReadonlySet<string>, path: readonly string[] = []): string[] {
  const own = pointerTo(path);
  if (pointers.has(own)) return [own];
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, inner]) => pointersIn(inner, pointers, [...path, key]));
}

function textOf(plain: JsonObject, secrets: readonly string[]): string {
  return JSON.stringify(secrets.length === 0 ? plain : { ...plain, secretPaths: secrets });
}

/**
 * The tree of such a JSON string, with its secrets marked as in a TypeScript program.
 * @param at where the string was given, for messages
 * @param example of what to give there
 * @throws {UserError} if it is something else, such as the name of a pool
 */
export function fromText(text: unknown, at: string, example: string): Record<string, AnyJson> {
  const { tree, secrets } = textParts(text, at, example);
  return markSecrets(tree, secrets, []) as Record<string, AnyJson>;
}

function markSecrets(value: Json, secrets: readonly string[], path: string[]): AnyJson {
  const isSecret = secrets.includes(pointerTo(path));
  if (value === UNKNOWN) return outputOf({ value: undefined, isKnown: false, isSecret, resources: [] }) as AnyJson;
  if (isSecret) return pulumi.secret(value);
  if (Array.isArray(value)) return value.map((item, index) => markSecrets(item, secrets, [...path, String(index)]));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, markSecrets(inner, secrets, [...path, key])]));
}
