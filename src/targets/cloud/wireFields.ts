import type { Json, JsonObject, Value } from "../../json";
import { suggestion } from "../../nearest";
import { Secret } from "../../secret";
import { UserError } from "../../userError";
import { listAt, objectAt } from "../jobValues";

/**
 * What a cloud's API accepts at one place of a request. SDKs silently drop unknown fields, so a misspelt field must be found here. Each
 * cloud builds its fields from the vendor's contract, or compares them with it in a test.
 */
export type Field =
  | "text"
  | "integer"
  | "number"
  | "flag"
  | "duration"
  | "any"
  | { enum: readonly string[] }
  | { list: Field }
  | { map: Field }
  | { fields: Record<string, Field>; required?: readonly string[] };

/** The words in which a cloud's table of fields is written. */
export const list = (of: Field): Field => ({ list: of });
export const map = (of: Field): Field => ({ map: of });
export const oneOf = (...values: string[]): Field => ({ enum: values });
export const fields = (of: Record<string, Field>, required: readonly string[] = []): Field => ({ fields: of, required });

/** The vendor of the API. */
export interface Vendor {
  /** Its name in messages: "Cloud Run". */
  name: string;
  /** Where a secret belongs, which everyone with access could see here: the end of a message, after the path. */
  secret(secret: Secret): string;
}

/**
 * A value in the form that the API accepts, without `null`. It must not contain secrets: everyone with access to the resource sees it.
 * @param path of the value, for messages
 * @throws {UserError} naming the path of a value that the API does not accept, with similar names
 */
export function checked(value: Value, field: Field, path: string, vendor: Vendor): Json {
  if (value instanceof Secret) throw new UserError(`${path} ${vendor.secret(value)}`);
  if (typeof field === "string") return leaf(value, field, path);
  if ("enum" in field) return choice(value, field.enum, path);
  if ("list" in field) return listAt(value, path).map((item, index) => checked(item, field.list, `${path}[${index}]`, vendor));
  const kept: JsonObject = {};
  for (const [key, inner] of Object.entries(objectAt(value, path))) {
    const at = `${path}.${key}`;
    const known = "map" in field ? field.map : Object.hasOwn(field.fields, key) ? field.fields[key] : undefined;
    if (known === undefined)
      throw new UserError(
        `${at}: ${vendor.name} has no such field here: ${suggestion(key, Object.keys((field as { fields: object }).fields))}`,
      );
    if (inner !== null) kept[key] = checked(inner, known, at, vendor);
  }
  const missing = "fields" in field ? field.required?.find((name) => kept[name] === undefined) : undefined;
  if (missing !== undefined) throw new UserError(`${path}.${missing}: is missing`);
  return kept;
}

type Leaf = Extract<Field, string>;

const LEAVES: Record<Leaf, { what: string; read: (value: Json) => Json | undefined }> = {
  text: { what: "a string", read: (value) => (typeof value === "string" ? value : undefined) },
  number: { what: "a number", read: (value) => (typeof value === "number" ? value : undefined) },
  flag: { what: "true or false", read: (value) => (typeof value === "boolean" ? value : undefined) },
  any: { what: "anything", read: (value) => value },
  integer: {
    what: "a whole number",
    read: (value) => {
      const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
      return Number.isInteger(number) ? number : undefined;
    },
  },
  // Prefect writes seconds as a number, Google as a string.
  duration: {
    what: 'a number of seconds, as 600 or "600s"',
    read: (value) => {
      const [, seconds] = /^(\d+(?:\.\d+)?)s?$/.exec(String(value)) ?? [];
      return seconds === undefined ? undefined : `${Number(seconds)}s`;
    },
  },
};

function leaf(value: Exclude<Value, Secret>, kind: Leaf, path: string): Json {
  const { what, read } = LEAVES[kind];
  const found = read(value as Json);
  if (found === undefined) throw new UserError(`${path}: must be ${what}, not ${JSON.stringify(value)}`);
  return found;
}

function choice(value: Exclude<Value, Secret>, allowed: readonly string[], path: string): string {
  if (typeof value === "string" && allowed.includes(value)) return value;
  const hint = typeof value === "string" ? suggestion(value, [...allowed]) : `one of ${allowed.join(", ")}`;
  throw new UserError(`${path}: there is no ${JSON.stringify(value)}: ${hint}`);
}
