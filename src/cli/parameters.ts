import { resolve } from "node:path";
import { describeFileError } from "../fileErrors";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { parseJson } from "../jsonText";
import { quoted } from "../shown";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";

/**
 * `key=value` flags as an object; a value that reads as JSON is that, anything else is text (as `prefect deployment run -p`).
 * @param flag for the message
 * @param read another way to read a value
 */
export function parsePairs(pairs: string[], flag: string, read: (text: string, origin: string) => Json = jsonOrText): JsonObject {
  const found = new Map<string, Json>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new UserError(`${flag} ${quoted(pair)}: must be KEY=VALUE, such as ${flag} name=Ada`);
    const key = pair.slice(0, equals);
    // What is given again stands last, for the last wins.
    found.delete(key);
    found.set(key, read(pair.slice(equals + 1), `${flag} ${key}`));
  }
  return Object.fromEntries(found);
}

/** Largest file of parameters, in MiB. No place takes so much; what a place takes is checked with its own limit. */
const MOST_PARAMETERS = 16;

/** `--params`: a JSON object, or `@file` with one. */
export function parseParams(given: string, cwd: string): JsonObject {
  const isFile = given.startsWith("@");
  let text = given;
  if (isFile) {
    const path = resolve(cwd, given.slice(1));
    try {
      text = readTextFile(path, `--params ${given}`, MOST_PARAMETERS);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`--params ${given}: cannot read ${path}: ${describeFileError(error)}`);
    }
  }
  const tree = parseJson(text, isFile ? `--params ${given}` : "--params") as Json;
  if (!isJsonObject(tree)) throw new UserError(`--params must be a JSON object, as {"name": "Ada"}`);
  return tree;
}

/**
 * The parameters of a run: those of `--params`, and over them those of `-p`.
 * @returns with the names that both give, which is worth a word (Prefect's `deployment run` says so too)
 */
export function joinParameters(params: JsonObject, pairs: JsonObject): { parameters: JsonObject; twice: string[] } {
  return { parameters: { ...params, ...pairs }, twice: Object.keys(pairs).filter((name) => Object.hasOwn(params, name)) };
}

function jsonOrText(text: string, origin: string): Json {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return parseJson(text, origin);
}
