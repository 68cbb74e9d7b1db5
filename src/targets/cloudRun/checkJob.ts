import type { Json, JsonObject, Value, ValueObject } from "../../json";
import { suggestion } from "../../nearest";
import { Secret } from "../../secret";
import { UserError } from "../../userError";
import { listAt, objectAt } from "../jobValues";
import type { Field } from "./jobFields";

/**
 * A value as Google's API takes it, without what is `null`. Nothing in it may be secret: everybody who may look at the Job sees it.
 * @param path of the value, for messages
 * @throws {UserError} naming the path of what the API does not know, with the nearest name
 */
export function checked(value: Value, field: Field, path: string): Json {
  if (value instanceof Secret) {
    throw new UserError(
      `${path} holds a secret (${value.pointers.join(", ")}), and a Cloud Run job shows it to whoever may read the job: put it into Secret Manager and name it in env_from_secrets, or pass it in env`,
    );
  }
  if (typeof field === "string") return leaf(value, field, path);
  if ("enum" in field) return choice(value, field.enum, path);
  if ("list" in field) {
    return listAt(value, path).map((item, index) => checked(item, field.list, `${path}[${index}]`));
  }
  const object = objectAt(value, path);
  if ("map" in field) return entries(object, path, () => field.map);
  return entries(object, path, (key) => {
    const known = field.fields[key];
    if (known === undefined) {
      throw new UserError(`${path}.${key}: Cloud Run has no such field here: ${suggestion(key, Object.keys(field.fields))}`);
    }
    return known;
  });
}

function entries(object: ValueObject, path: string, fieldOf: (key: string) => Field): JsonObject {
  const kept: JsonObject = {};
  for (const [key, inner] of Object.entries(object)) {
    const field = fieldOf(key);
    if (inner !== null) kept[key] = checked(inner, field, `${path}.${key}`);
  }
  return kept;
}

function leaf(value: Exclude<Value, Secret>, kind: "text" | "integer" | "flag" | "duration", path: string): Json {
  switch (kind) {
    case "text":
      if (typeof value !== "string") throw new UserError(`${path}: must be a string, not ${JSON.stringify(value)}`);
      return value;
    case "integer": {
      const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
      if (typeof number !== "number" || !Number.isInteger(number)) {
        throw new UserError(`${path}: must be a whole number, not ${JSON.stringify(value)}`);
      }
      return number;
    }
    case "flag":
      if (typeof value !== "boolean") throw new UserError(`${path}: must be true or false, not ${JSON.stringify(value)}`);
      return value;
    case "duration":
      return durationAt(value, path);
  }
}

/** Prefect writes seconds as a number, Google as `"600s"`. */
function durationAt(value: Exclude<Value, Secret>, path: string): string {
  const [, seconds] = /^(\d+(?:\.\d+)?)s?$/.exec(String(value)) ?? [];
  if (seconds === undefined) throw new UserError(`${path}: must be a number of seconds, as 600 or "600s", not ${JSON.stringify(value)}`);
  return `${Number(seconds)}s`;
}

function choice(value: Exclude<Value, Secret>, allowed: readonly string[], path: string): string {
  if (typeof value === "string" && allowed.includes(value)) return value;
  const hint = typeof value === "string" ? suggestion(value, [...allowed]) : `one of ${allowed.join(", ")}`;
  throw new UserError(`${path}: there is no ${JSON.stringify(value)}: ${hint}`);
}
