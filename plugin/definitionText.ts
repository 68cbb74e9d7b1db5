import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { secretPaths } from "../components/secretPaths";
import { isJsonObject, type Json, type JsonObject } from "../src/json";
import { pointerTo } from "../src/jsonPointer";
import { UserError } from "../src/userError";

/**
 * A tree whose leaves may be outputs, as one text of JSON with the list of its secrets. It is secret if one of its leaves is. A program in
 * another language than TypeScript can pass a text on, but cannot keep which leaves of a tree are secret.
 */
export function asText(tree: Record<string, AnyJson>): pulumi.Output<string> {
  return pulumi.output(tree).apply(async (plain) => {
    const secrets = await secretPaths(tree);
    return JSON.stringify(secrets.length === 0 ? plain : { ...plain, secretPaths: secrets });
  });
}

/**
 * The tree of such a text, with its secrets marked as in a TypeScript program.
 * @param at where the text was given, for messages
 * @param example of what to give there
 * @throws {UserError} if it is something else, such as the name of a pool
 */
export function fromText(text: unknown, at: string, example: string): Record<string, AnyJson> {
  const { tree, secrets } = textParts(text, at, example);
  return markSecrets(tree, secrets, []) as Record<string, AnyJson>;
}

/** The tree of such a text in plain text, and JSON pointers to its secrets. */
export function textParts(text: unknown, at: string, example: string): { tree: JsonObject; secrets: string[] } {
  const parsed = typeof text === "string" ? parseObject(text) : text;
  if (!isJsonObject(parsed as Json))
    throw new UserError(`${at} is not a definition: give the component's definition, for example ${example}`);
  const { secretPaths: secrets = [], ...tree } = parsed as JsonObject;
  return { tree, secrets: secrets as string[] };
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function markSecrets(value: Json, secrets: readonly string[], path: string[]): AnyJson {
  if (secrets.includes(pointerTo(path))) return pulumi.secret(value);
  if (Array.isArray(value)) return value.map((item, index) => markSecrets(item, secrets, [...path, String(index)]));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, markSecrets(inner, secrets, [...path, key])]));
}
