import { ExactNumber } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject } from "../json";

/**
 * Convert a JSON Schema as a Prefect server does (`prefect.utilities.schema_tools.validation.preprocess_schema`). Older schemas of pydantic
 * are incomplete. A property with a `type` that is not required may be `null`. A list of `items` means a tuple.
 *
 * Patterns that only Python understands are removed. Defaults are removed too: they are not rules, and may contain secrets.
 * @param nullWithDefault whether a property with a default may be `null`: true for job variables, false for parameters
 */
export function asPrefectReads(schema: JsonObject, nullWithDefault: boolean): JsonObject {
  const read = { ...copyOf(schema) };
  loosen(read, nullWithDefault);
  for (const definitions of [read.definitions, read.$defs]) {
    for (const definition of isJsonObject(definitions) ? Object.values(definitions) : [])
      if (isJsonObject(definition)) loosen(definition, nullWithDefault);
  }
  return withoutDefaults(read);
}

function loosen(schema: JsonObject, nullWithDefault: boolean): void {
  if (!isJsonObject(schema.properties)) return;
  const required = Array.isArray(schema.required) ? schema.required : [];
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!isJsonObject(property)) continue;
    const { type } = property;
    if (type !== undefined && type !== "null" && !required.includes(name) && (nullWithDefault || !Object.hasOwn(property, "default"))) {
      property.anyOf = [{ type }, { type: "null" }];
      delete property.type;
    }
    if (Array.isArray(property.items) && property.items.length > 0 && !property.prefixItems) {
      property.prefixItems = property.items;
      delete property.items;
    }
    loosen(property, nullWithDefault);
  }
}

function withoutDefaults(schema: JsonObject): JsonObject {
  const { default: _, ...rest } = schema;
  for (const group of ["properties", "definitions", "$defs"]) {
    const members = rest[group];
    if (!isJsonObject(members)) continue;
    rest[group] = Object.fromEntries(
      Object.entries(members).map(([name, member]) => [name, isJsonObject(member) ? withoutDefaults(member) : member]),
    );
  }
  return rest;
}

function copyOf<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T;
  // ajv works with JavaScript numbers only.
  if (value instanceof ExactNumber) return value.valueOf() as T;
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => key !== "pattern" || typeof inner !== "string" || isRegExp(inner))
      .map(([key, inner]) => [key, copyOf(inner)]),
  ) as T;
}

function isRegExp(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, "u"));
  } catch {
    return false;
  }
}
