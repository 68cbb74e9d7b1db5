import { split } from "shlex";
import type { Json, Value, ValueObject } from "../../json";
import { Secret } from "../../secret";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";

/** Readings of single values of a job configuration; each throws a {@link UserError} that names the path. */

export function objectAt(value: Value | undefined, path: string): ValueObject {
  if (!isObject(value)) throw new UserError(`${path}: must be an object, as in Prefect's ecs template`);
  return value;
}

export function textAt(value: Value | undefined, path: string): string | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  if (typeof value !== "string") throw new UserError(`${path}: must be a text`);
  return value;
}

/** ECS wants CPU and memory of a task as text, of a container as a number; Prefect's template has one number for both. */
export function sizeText(value: Value | undefined, path: string): string | undefined {
  if (typeof value === "number") return String(value);
  return textAt(value, path);
}

export function flagAt(value: Value | undefined, path: string): boolean | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "boolean") throw new UserError(`${path}: must be true or false`);
  return value;
}

export function secondsAt(value: Value | undefined, path: string): number | null {
  if (value === null || value === undefined || value === 0) return null;
  if (typeof value !== "number" || value < 0) throw new UserError(`${path}: must be a number of seconds`);
  return value;
}

/** Split as Prefect does, by Python's `shlex.split`; a list stays as it is. */
export function wordsAt(value: Value | undefined, path: string): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Secret || (Array.isArray(value) && value.some((word) => word instanceof Secret)))
    throw new UserError(`${path} holds a secret: whoever may look at the task could read it. Pass it in env`);
  if (Array.isArray(value)) return value.map((word) => String(word));
  if (typeof value !== "string") throw new UserError(`${path}: must be a text or a list of texts`);
  try {
    return split(value);
  } catch (error) {
    throw new UserError(`${path} cannot be split into words (${(error as Error).message}): ${JSON.stringify(value)}`);
  }
}

/** Environment as Prefect writes it (an object) or as ECS does (a list of name and value); what is `null` is unset. */
export function environmentAt(value: Value | undefined, path: string): Record<string, string | Secret> {
  if (value === null || value === undefined) return {};
  const pairs: [string, Value | undefined][] = Array.isArray(value)
    ? value.map((each, index) => {
        const { name, value: inner } = objectAt(each, `${path}[${index}]`);
        return [textAt(name, `${path}[${index}].name`) ?? "", inner];
      })
    : Object.entries(objectAt(value, path));
  // Without a prototype: a variable may be called __proto__.
  const found: Record<string, string | Secret> = Object.create(null);
  for (const [name, inner] of pairs) {
    const at = `${path}.${name}`;
    if (name === "" || name.includes("=") || name.includes("\0")) throw new UserError(`${at}: is no name for an environment variable`);
    if (inner === null || inner === undefined) continue;
    if (inner instanceof Secret) found[name] = inner;
    else if (typeof inner === "string") found[name] = inner;
    else throw new UserError(`${at}: must be a text`);
  }
  return found;
}

export function pairs(env: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(env).map(([name, value]) => ({ name, value }));
}

/**
 * A copy without what is `null`, an empty text, list or object: ECS takes none of them for "not given"; Prefect's worker drops them too.
 * Variables of an environment stay as they are: one that is set to nothing is not one that is not set.
 */
export function withoutEmpty(value: Value): Value {
  if (value instanceof Secret || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutEmpty).filter((each) => each !== null);
  const kept = Object.entries(value)
    .map(([key, inner]) => [key, key === "environment" ? inner : withoutEmpty(inner)] as const)
    .filter(([, inner]) => !isEmpty(inner));
  return Object.fromEntries(kept);
}

function isEmpty(value: Value): boolean {
  if (value === null || value === "") return true;
  if (typeof value !== "object" || value instanceof Secret) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

export function asJson(value: ValueObject): { [key: string]: Json } {
  return value as { [key: string]: Json };
}
