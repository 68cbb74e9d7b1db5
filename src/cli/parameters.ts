import { resolve } from "node:path";
import { describeFileError } from "../fileErrors";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { parseJson } from "../jsonText";
import { quoted } from "../shown";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";

/**
 * Parse `key=value` flags into an object. A valid JSON value is parsed, and any other value is a string (as with `prefect deployment run -p`).
 * @param flag the name of the flag, for error messages
 * @param read parses a value in another way
 */
export function parsePairs(pairs: string[], flag: string, read: (text: string, origin: string) => Json = jsonOrText): JsonObject {
  const found = new Map<string, Json>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new UserError(`${flag} ${quoted(pair)}: must be KEY=VALUE, such as ${flag} name=Ada`);
    const key = pair.slice(0, equals);
    // The last of several equal keys wins, and takes the last place.
    found.delete(key);
    found.set(key, read(pair.slice(equals + 1), `${flag} ${key}`));
  }
  return Object.fromEntries(found);
}

/** A note to the user for each key that is given more than once. The last value counts, as with `prefect deployment run`. */
export function notesOnRepeats(pairs: string[], flag: string): string[] {
  const keys = pairs.map((pair) => pair.split("=", 1)[0]);
  const repeated = new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
  return [...repeated].map((key) => `${flag} ${key}: given more than once; the last value counts`);
}

/** The largest file of parameters, in MiB. Every target has a much lower limit of its own, which is checked later. */
const MAX_PARAMETERS_FILE = 16;

/** Parse the value of `--params`: a JSON object, or `@file` with one. */
export function parseParams(given: string, cwd: string): JsonObject {
  const isFile = given.startsWith("@");
  let text = given;
  if (isFile) {
    const path = resolve(cwd, given.slice(1));
    try {
      text = readTextFile(path, `--params ${given}`, MAX_PARAMETERS_FILE);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`--params ${given}: cannot read ${path}: ${describeFileError(error)}`);
    }
  }
  const tree = parseJson(text, isFile ? `--params ${given}` : "--params") as Json;
  if (!isJsonObject(tree)) throw new UserError(`--params must be a JSON object, such as {"name": "Ada"}`);
  return tree;
}

/**
 * Join the parameters of `--params` and `-p`; those of `-p` override the others.
 * @returns the parameters, and the names that both give, for a note to the user (as in Prefect's `deployment run`)
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
