import { isObject, isRawNumber, sameJson } from "../server/exactJson";
import { alternatives, resolved, type Schema } from "./schema";

/** What all fields of a form have. */
interface Common {
  title: string;
  description?: string;
  required: boolean;
  /** Whether null is a valid value. */
  nullable: boolean;
  /** What the flow receives without a value. Absent: nothing. */
  default?: unknown;
  /** Its limits in words: `at least 1, at most 10`. */
  hint?: string;
}

export type TextFormat = "plain" | "date-time" | "date" | "time" | "secret" | "email" | "uri";

/** One field of a form, from a part of a JSON schema. */
export type Field =
  | (Common & { kind: "text"; format: TextFormat })
  | (Common & { kind: "number"; integer: boolean })
  | (Common & { kind: "boolean" })
  | (Common & { kind: "choice"; options: unknown[] })
  | (Common & { kind: "object"; fields: NamedField[]; more: Field | null })
  | (Common & { kind: "list"; item: Field })
  | (Common & { kind: "tuple"; items: Field[] })
  | (Common & { kind: "union"; options: Field[] })
  | (Common & { kind: "json" });

export interface NamedField {
  name: string;
  field: Field;
}

/**
 * The form of a JSON schema, such as Prefect's `parameter_openapi_schema`. Where a form cannot show what a schema allows, the field is of
 * kind `json`.
 * @param defaults values of a deployment, which come before the schema's own
 */
export function formOf(schema: Schema, defaults: Record<string, unknown> = {}): NamedField[] {
  const root = resolved(schema, schema).schema;
  const named = namedFields(root, schema, []).map(({ name, field }) => ({
    name,
    field: name in defaults ? { ...field, default: defaults[name] } : field,
  }));
  const known = new Set(named.map(({ name }) => name));
  const others = Object.entries(defaults).filter(([name]) => !known.has(name));
  return [...named, ...others.map(([name, value]) => ({ name, field: guessed(name, value) }))];
}

/** A field of a schema. @param name its title, if the schema has none */
export function fieldOf(schema: Schema, root: Schema, name = "", required = false, path: readonly string[] = []): Field {
  const { schema: whole, seen } = resolved(schema, root, path);
  const { options, nullable } = alternatives(whole);
  const common: Common = {
    title: typeof whole.title === "string" ? whole.title : name,
    required,
    nullable,
    ...(typeof whole.description === "string" ? { description: whole.description } : {}),
    ...("default" in whole ? { default: whole.default } : {}),
  };
  const [only] = options;
  if (options.length === 0) return { ...common, kind: "json" };
  if (options.length > 1 || !only) return unionOf(common, options, root, seen);
  // One alternative may be a reference again.
  if (only !== whole && (only.$ref !== undefined || only.allOf !== undefined || only.anyOf !== undefined || only.oneOf !== undefined)) {
    const inner = fieldOf(only, root, name, required, seen);
    return { ...inner, nullable: nullable || inner.nullable };
  }
  return { ...common, ...hintOf(only), ...ofOne(only, root, seen) } as Field;
}

/** The kind of a schema without alternatives, and what belongs to the kind. */
function ofOne(schema: Schema, root: Schema, seen: readonly string[]): Record<string, unknown> & { kind: Field["kind"] } {
  if (Array.isArray(schema.enum)) return { kind: "choice", options: schema.enum };
  if ("const" in schema) return { kind: "choice", options: [schema.const], ...("default" in schema ? {} : { default: schema.const }) };
  const type = schema.type ?? (isObject(schema.properties) ? "object" : undefined);
  if (type === "string") return { kind: "text", format: formatOf(schema) };
  if (type === "number" || type === "integer") return { kind: "number", integer: type === "integer" };
  if (type === "boolean") return { kind: "boolean" };
  if (type === "array") {
    if (Array.isArray(schema.prefixItems) && schema.prefixItems.length === schema.maxItems) {
      return {
        kind: "tuple",
        items: schema.prefixItems.filter(isObject).map((item, at) => fieldOf(item, root, String(at + 1), true, seen)),
      };
    }
    return isObject(schema.items) ? { kind: "list", item: fieldOf(schema.items, root, "", true, seen) } : { kind: "json" };
  }
  if (type !== "object") return { kind: "json" };
  const fields = namedFields(schema, root, seen);
  const more = schema.additionalProperties;
  if (isObject(more) && Object.keys(more).length > 0) return { kind: "object", fields, more: fieldOf(more, root, "", true, seen) };
  // An object of unknown fields: only an editor can show it.
  return fields.length === 0 ? { kind: "json" } : { kind: "object", fields, more: null };
}

function namedFields(schema: Schema, root: Schema, seen: readonly string[]): NamedField[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const position = (one: unknown) => (isObject(one) && typeof one.position === "number" ? one.position : Number.POSITIVE_INFINITY);
  return properties
    .sort(([, one], [, other]) => (position(one) === position(other) ? 0 : position(one) - position(other)))
    .map(([name, part]) => {
      const field = fieldOf(isObject(part) ? part : {}, root, name, required.includes(name), seen);
      // The name is what the flow and the command line know. A title may be that of a type.
      return { name, field: { ...field, title: name } };
    });
}

function unionOf(common: Common, options: Schema[], root: Schema, seen: readonly string[]): Field {
  const fields = options.map((option) => fieldOf(option, root, "", true, seen));
  // An enum of several types, or several constants: one choice.
  if (fields.every((field) => field.kind === "choice")) {
    return { ...common, kind: "choice", options: fields.flatMap((field) => (field.kind === "choice" ? field.options : [])) };
  }
  return { ...common, kind: "union", options: fields.map((field) => ({ ...field, title: field.title || kindText(field) })) };
}

/** A parameter that the schema does not name. */
function guessed(title: string, value: unknown): Field {
  const common: Common = { title, required: false, nullable: false, default: value };
  if (typeof value === "string") return { ...common, kind: "text", format: "plain" };
  if (typeof value === "boolean") return { ...common, kind: "boolean" };
  if (typeof value === "number" || isRawNumber(value)) return { ...common, kind: "number", integer: Number.isInteger(value) };
  return { ...common, kind: "json" };
}

function formatOf({ format, writeOnly }: Schema): TextFormat {
  if (format === "password" || writeOnly === true) return "secret";
  return format === "date-time" || format === "date" || format === "time" || format === "email" || format === "uri" ? format : "plain";
}

function hintOf(schema: Schema): { hint?: string } {
  const words: string[] = [];
  const add = (key: string, text: (value: string) => string) => {
    const value = schema[key];
    if (typeof value === "number" || typeof value === "string" || isRawNumber(value))
      words.push(text(isRawNumber(value) ? value.rawJSON : String(value)));
  };
  add("minimum", (value) => `at least ${value}`);
  add("exclusiveMinimum", (value) => `more than ${value}`);
  add("maximum", (value) => `at most ${value}`);
  add("exclusiveMaximum", (value) => `less than ${value}`);
  add("multipleOf", (value) => `a multiple of ${value}`);
  add("minLength", (value) => `at least ${value} ${value === "1" ? "character" : "characters"}`);
  add("maxLength", (value) => `at most ${value} ${value === "1" ? "character" : "characters"}`);
  add("minItems", (value) => `at least ${value} ${value === "1" ? "item" : "items"}`);
  add("maxItems", (value) => `at most ${value} ${value === "1" ? "item" : "items"}`);
  add("pattern", (value) => `matches ${value}`);
  if (schema.uniqueItems === true) words.push("each item once");
  if (schema.format === "duration") words.push("a duration in ISO 8601, such as PT5M");
  else if (schema.format === "uuid") words.push("a UUID");
  return words.length === 0 ? {} : { hint: words.join(", ") };
}

/** What a field takes, in a word or two. */
export function kindText(field: Field): string {
  switch (field.kind) {
    case "text":
      return field.format === "plain" || field.format === "secret" ? "text" : field.format.replace("-", " and ");
    case "number":
      return field.integer ? "whole number" : "number";
    case "boolean":
      return "true or false";
    case "choice":
      return field.options.length === 1 ? String(field.options[0]) : "one of a list";
    case "object":
      return field.fields.length === 0 ? "names and values" : "object";
    case "list":
    case "tuple":
      return "list";
    case "union":
      return "one of several types";
    case "json":
      return "JSON";
  }
}

/** Whether a value has the shape of a field. Limits do not count. */
export function fits(field: Field, value: unknown): boolean {
  if (value === null) return field.nullable || field.kind === "json";
  switch (field.kind) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number" || isRawNumber(value);
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return field.options.some((option) => sameJson(option, value));
    case "list":
      return Array.isArray(value) && value.every((item) => fits(field.item, item));
    case "tuple":
      return Array.isArray(value) && value.length === field.items.length && field.items.every((item, at) => fits(item, value[at]));
    case "object":
      return isObject(value) && field.fields.every(({ name, field: one }) => (name in value ? fits(one, value[name]) : !one.required));
    case "union":
      return field.options.some((option) => fits(option, value));
    case "json":
      return true;
  }
}

/** Which option of a union a value is of: the first that fits, else one of the same kind, else the first. */
export function optionFor(options: readonly Field[], value: unknown): number {
  const fitting = options.findIndex((option) => fits(option, value));
  if (fitting >= 0) return fitting;
  const near = options.findIndex(
    ({ kind }) =>
      (isObject(value) && kind === "object") ||
      (Array.isArray(value) && (kind === "list" || kind === "tuple")) ||
      (typeof value === "string" && kind === "text"),
  );
  return Math.max(0, near);
}
