import { ExactNumber } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { limitedRegExp } from "./limitedRegExp";

/**
 * Whether a value surely matches a schema, by its common keywords alone. `false` means "ask ajv": the value may be invalid, or the schema
 * may have an unknown keyword or form. To load ajv and compile a schema costs as much as the rest of a command.
 *
 * It reads the schema as ajv does (2020-12, not strict), and returns `true` only if ajv would accept the schema and the value.
 */
export function isSurelyValid(schema: JsonObject, value: unknown): boolean {
  let known = plain.get(schema);
  if (known === undefined) {
    known = isPlain(schema, schema, MAX_DEPTH);
    plain.set(schema, known);
  }
  return known && matches(schema, value, { root: schema, left: MAX_STEPS }, MAX_DEPTH);
}

/** Schemas with only known keywords and forms. They never change; see `schemaErrors`. */
const plain = new WeakMap<JsonObject, boolean>();

/** The deepest nesting; below it, ajv decides. */
const MAX_DEPTH = 50;
/** The maximum number of schema parts for one value. Above it, ajv's compiled code is faster. */
const MAX_STEPS = 10_000;

const TYPES: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  number: (value) => Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  array: Array.isArray,
  object: (value) => isJsonObject(value as Json),
};

type IsKnown = (keyword: Json, root: JsonObject, depth: number) => boolean;

const flag: IsKnown = (keyword) => typeof keyword === "boolean";
const text: IsKnown = (keyword) => typeof keyword === "string";
const number: IsKnown = (keyword) => Number.isFinite(keyword);
const size: IsKnown = (keyword) => Number.isInteger(keyword) && Number(keyword) >= 0;
const schemas: IsKnown = (keyword, root, depth) =>
  Array.isArray(keyword) && keyword.length > 0 && keyword.every((each) => isPlain(each, root, depth));
const named: IsKnown = (keyword, root, depth) =>
  // ajv finds the properties that all objects inherit.
  isJsonObject(keyword) && Object.entries(keyword).every(([name, each]) => !(name in Object.prototype) && isPlain(each, root, depth));

/** The keywords, and their known forms. */
const KEYWORDS: Record<string, IsKnown> = {
  title: text,
  description: text,
  default: (keyword) => keyword !== undefined,
  example: isPrimitive,
  examples: (keyword) => Array.isArray(keyword),
  deprecated: flag,
  readOnly: flag,
  writeOnly: flag,
  position: number,
  // Keywords of block schemas. ajv looks for ids and anchors everywhere.
  block_type_slug: text,
  block_schema_references: (keyword) => !JSON.stringify(keyword).includes('"$'),
  secret_fields: (keyword) => Array.isArray(keyword),
  definitions: named,
  $defs: named,
  // Keywords of pydantic that ajv does not know, and ignores.
  format: (keyword) => ["password", "path", "file-path", "directory-path"].includes(String(keyword)),
  type: (keyword) =>
    Array.isArray(keyword)
      ? keyword.length > 0 && keyword.every((each) => Object.hasOwn(TYPES, String(each)))
      : Object.hasOwn(TYPES, String(keyword)),
  enum: (keyword) => Array.isArray(keyword) && keyword.length > 0 && keyword.every(isPrimitive),
  const: isPrimitive,
  $ref: (keyword, root) => referred(keyword, root) !== undefined,
  anyOf: schemas,
  allOf: schemas,
  items: (keyword, root, depth) => isPlain(keyword, root, depth),
  additionalProperties: (keyword, root, depth) => typeof keyword === "boolean" || isPlain(keyword, root, depth),
  properties: named,
  required: (keyword) => Array.isArray(keyword) && keyword.every((name) => typeof name === "string" && !(name in Object.prototype)),
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  minLength: size,
  maxLength: size,
  pattern: (keyword) => typeof keyword === "string" && expressionOf(keyword) !== undefined,
  minItems: size,
  maxItems: size,
};

function isPrimitive(value: Json): boolean {
  return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

function isPlain(schema: Json, root: JsonObject, depth: number): boolean {
  if (!isJsonObject(schema) || depth === 0) return false;
  return Object.entries(schema).every(([name, keyword]) => Object.hasOwn(KEYWORDS, name) && KEYWORDS[name]?.(keyword, root, depth - 1));
}

/** The definition of a reference such as `#/definitions/Name`. */
function referred(reference: Json | undefined, root: JsonObject): JsonObject | undefined {
  const [, group = "", name = ""] = /^#\/(definitions|\$defs)\/(\w+)$/.exec(String(reference)) ?? [];
  const definitions = root[group];
  if (!isJsonObject(definitions) || !Object.hasOwn(definitions, name)) return undefined;
  const found = definitions[name];
  return isJsonObject(found) ? found : undefined;
}

interface Comparison {
  root: JsonObject;
  /** The steps that are left. */
  left: number;
}

function matches(schema: JsonObject, value: unknown, by: Comparison, depth: number): boolean {
  by.left -= 1;
  // ajv sees the fields of an exact number.
  if (by.left < 0 || depth === 0 || value instanceof ExactNumber) return false;
  const inner = (other: JsonObject, of: unknown) => matches(other, of, by, depth - 1);
  const { type, enum: choices, const: only, $ref, anyOf, allOf } = schema;
  if (type !== undefined && ![type].flat().some((name) => TYPES[name as string]?.(value))) return false;
  if (choices !== undefined && !(choices as Json[]).includes(value as Json)) return false;
  if (only !== undefined && only !== value) return false;
  if ($ref !== undefined && !inner(referred($ref, by.root) as JsonObject, value)) return false;
  if (anyOf !== undefined && !(anyOf as JsonObject[]).some((each) => inner(each, value))) return false;
  if (allOf !== undefined && !(allOf as JsonObject[]).every((each) => inner(each, value))) return false;
  if (typeof value === "number") return isInRange(schema, value);
  if (typeof value === "string") {
    const { minLength, maxLength, pattern } = schema;
    // ajv counts characters, not UTF-16 units.
    if (!hasSize(minLength, maxLength, () => [...value].length)) return false;
    return pattern === undefined || expressionOf(pattern as string)?.test(value) === true;
  }
  if (Array.isArray(value)) {
    const { items, minItems, maxItems } = schema;
    return (
      hasSize(minItems, maxItems, () => value.length) && (items === undefined || value.every((item) => inner(items as JsonObject, item)))
    );
  }
  return !isJsonObject(value as Json) || hasProperties(schema, value as JsonObject, inner);
}

/** The regular expression of ajv; `undefined` if the pattern is invalid. */
function expressionOf(pattern: string): ReturnType<typeof limitedRegExp> | undefined {
  try {
    return limitedRegExp(pattern, "u");
  } catch {
    return undefined;
  }
}

function isInRange({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonObject, value: number): boolean {
  return (
    (minimum === undefined || value >= Number(minimum)) &&
    (maximum === undefined || value <= Number(maximum)) &&
    (exclusiveMinimum === undefined || value > Number(exclusiveMinimum)) &&
    (exclusiveMaximum === undefined || value < Number(exclusiveMaximum))
  );
}

function hasSize(least: Json | undefined, most: Json | undefined, size: () => number): boolean {
  if (least === undefined && most === undefined) return true;
  const found = size();
  return (least === undefined || found >= Number(least)) && (most === undefined || found <= Number(most));
}

function hasProperties(
  { properties = {}, additionalProperties = true, required = [] }: JsonObject,
  value: JsonObject,
  matching: (schema: JsonObject, value: Json) => boolean,
): boolean {
  if (!(required as string[]).every((name) => value[name] !== undefined)) return false;
  return Object.entries(value).every(([name, inner]) => {
    const own = Object.hasOwn(properties as JsonObject, name) ? (properties as JsonObject)[name] : additionalProperties;
    return typeof own === "boolean" ? own : matching(own as JsonObject, inner);
  });
}
