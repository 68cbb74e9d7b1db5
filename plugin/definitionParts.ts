import { isJsonObject, type Json, type JsonObject } from "../src/json";
import { UserError } from "../src/userError";

// Apart from definitionText.ts, because it does without Pulumi's SDK: the provider starts with this file.

/**
 * The tree of a definition's JSON string (`asText`) with its secrets readable, and JSON pointers to them.
 * @param at where the string was given, for messages
 * @param example of what to give there
 * @throws {UserError} if it is something else, such as the name of a pool
 */
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
