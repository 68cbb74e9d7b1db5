import { exactNumber, isObject, isRawNumber, sameJson } from "../server/exactJson";
import type { Field, NamedField } from "./fields";

/** The values of a form by name. A name that is missing has its default. */
export type Values = Record<string, unknown>;

/** A new value for a field, such as an added item of a list. */
export function blankOf(field: Field): unknown {
  if (field.default !== undefined) return field.default;
  if (field.nullable) return null;
  switch (field.kind) {
    case "text":
      return "";
    case "number":
      return 0;
    case "boolean":
      return false;
    case "choice":
      return field.options[0];
    case "list":
      return [];
    case "tuple":
      return field.items.map(blankOf);
    case "object":
      return Object.fromEntries(field.fields.filter(({ field: one }) => one.required).map(({ name, field: one }) => [name, blankOf(one)]));
    case "union":
      return field.options[0] ? blankOf(field.options[0]) : null;
    case "json":
      return null;
  }
}

/** A number from the typed text. Empty: no value. Not a number: the text itself, so that the check can say what is wrong with it. */
export function numberFrom(text: string): unknown {
  const digits = text.trim();
  if (digits === "") return undefined;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits)) return text;
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(digits) ? exactNumber(digits) : Number(digits);
}

/** What a text box shows for a value. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (isRawNumber(value)) return value.rawJSON;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** An object with one of its values replaced, or removed if it is undefined. */
export function withValue(values: Values, name: string, value: unknown): Values {
  const { [name]: _, ...rest } = values;
  if (value === undefined) return rest;
  // In place, so that the order of keys stays.
  return name in values
    ? Object.fromEntries(Object.entries(values).map(([key, old]) => [key, key === name ? value : old]))
    : { ...values, [name]: value };
}

/** All values that a run would have, for the JSON editor: those given, and the defaults of the rest. */
export function withDefaults(fields: readonly NamedField[], given: Values): Values {
  const all: Values = {};
  for (const { name, field } of fields) {
    if (name in given) all[name] = given[name];
    else if (field.default !== undefined) all[name] = field.default;
  }
  return { ...all, ...given };
}

/** The inverse of {@link withDefaults}: without what is the same as the default. */
export function withoutDefaults(fields: readonly NamedField[], all: Values): Values {
  const defaults = new Map(fields.map(({ name, field }) => [name, field.default]));
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => defaults.get(name) === undefined || !sameJson(defaults.get(name), value)),
  );
}

/** The keys of an object that its form does not show. */
export function otherKeys(fields: readonly NamedField[], value: unknown): string[] {
  const shown = new Set(fields.map(({ name }) => name));
  return isObject(value) ? Object.keys(value).filter((key) => !shown.has(key)) : [];
}
