import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../components/anyJson";
import { secretPaths } from "../components/secretPaths";
import { isJsonObject, type Json } from "../src/json";
import { pointerTo } from "../src/jsonPointer";
import { textParts } from "./definitionParts";

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

function markSecrets(value: Json, secrets: readonly string[], path: string[]): AnyJson {
  if (secrets.includes(pointerTo(path))) return pulumi.secret(value);
  if (Array.isArray(value)) return value.map((item, index) => markSecrets(item, secrets, [...path, String(index)]));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, markSecrets(inner, secrets, [...path, key])]));
}
