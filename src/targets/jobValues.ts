import { split } from "shlex";
import type { Value, ValueObject } from "../json";
import { suggestion } from "../nearest";
import { Secret } from "../secret";
import { quoted } from "../shown";
import { isObject } from "../template/paths";
import { UserError } from "../userError";

/** Read single values of a job configuration. Each function throws a {@link UserError} that names the path. */

/** @param type of the work pool: `ecs:push` */
export function checkKeys(job: ValueObject, known: string[], type: string): void {
  const article = /^[aeiou]/.test(type) ? "an" : "a";
  for (const [key, value] of Object.entries(job))
    if (value !== null && !known.includes(key))
      throw new UserError(`job_configuration.${key}: ${article} ${type} run does not use it: ${suggestion(key, known)}`);
}

export function objectAt(value: Value | undefined, path: string): ValueObject {
  if (!isObject(value)) throw new UserError(`${path}: must be an object, as in Prefect's template`);
  return value;
}

export function listAt(value: Value | undefined, path: string, what = "a list"): Value[] {
  if (!Array.isArray(value)) throw new UserError(`${path}: must be ${what}`);
  return value;
}

/** @returns `undefined` for `null` and for an empty string */
export function textAt(value: Value | undefined, path: string): string | undefined {
  return value === null || value === undefined || value === "" ? undefined : neededTextAt(value, path);
}

export function neededTextAt(value: Value | undefined, path: string): string {
  if (typeof value !== "string" || value === "") throw new UserError(`${path}: must be a string`);
  return value;
}

export function flagAt(value: Value | undefined, path: string): boolean | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "boolean") throw new UserError(`${path}: must be true or false`);
  return value;
}

/** @returns `null` for 0: no limit */
export function secondsAt(value: Value | undefined, path: string): number | null {
  if (value === null || value === undefined || value === 0) return null;
  if (typeof value !== "number" || value < 0) throw new UserError(`${path}: must be a number of seconds`);
  return value;
}

/**
 * Split a string as Prefect does, by Python's `shlex.split`; a list stays as it is.
 * @param secretHint who could read a secret in it, and where it should be: "everyone who may read the task could read it. Pass it in env"
 */
export function wordsAt(value: Value | undefined, path: string, secretHint: string): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Secret || (Array.isArray(value) && value.some((word) => word instanceof Secret)))
    throw new UserError(`${path} contains a secret: ${secretHint}`);
  if (Array.isArray(value)) return value.map((word, index) => wordAt(word, `${path}[${index}]`));
  if (typeof value !== "string") throw new UserError(`${path}: must be a string or a list of strings`);
  try {
    return split(value);
  } catch (error) {
    throw new UserError(`${path} cannot be split into words (${(error as Error).message}): ${JSON.stringify(value)}`);
  }
}

function wordAt(word: Value, path: string): string {
  if (word === null || typeof word === "object") throw new UserError(`${path}: must be a string`);
  return String(word);
}

export function checkVariableName(name: string, path: string): void {
  if (name !== "" && !name.includes("=") && !name.includes("\0")) return;
  throw new UserError(`${path}: ${quoted(name)} is not a valid environment variable name: it must not be blank, or contain = or NUL`);
}

/** An environment variable's value, which may be secret; "" if a secret is unavailable here. */
export function variableAt(value: Value | undefined, path: string): string {
  const text = value instanceof Secret ? (value.known ? String(value.reveal()) : "") : value;
  if (typeof text !== "string") throw new UserError(`${path}: must be a string`);
  return text;
}

/** Environment variables in the form of most clouds. */
export function pairs(env: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(env).map(([name, value]) => ({ name, value }));
}
