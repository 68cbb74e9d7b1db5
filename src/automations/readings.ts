import * as v from "valibot";
import { ExactNumber } from "../exactNumber";
import { isJsonObject, type JsonObject } from "../json";
import { durationSeconds } from "../pydanticDuration";
import { asBoolean, asInteger } from "../pydanticLax";

// The fields of triggers and actions, read as Prefect's API reads them: Pydantic in its lax mode.

export const text = v.string("must be a string");

/** An object, whatever is in it. */
export const anyObject = v.pipe(
  v.custom<JsonObject>(isJsonObject, "must be an object, such as { name: value }"),
  v.transform((value) => value as JsonObject),
);

export const flag = v.pipe(
  v.any(),
  v.transform(asBoolean),
  v.check((value) => value !== undefined, "must be true or false"),
  v.transform((value) => value as boolean),
);

/** A whole number of at least `least`. */
export const whole = (least: number) =>
  v.pipe(
    v.any(),
    v.transform(asInteger),
    v.check((value) => value !== undefined && value >= least, `must be a whole number of at least ${least}`),
    v.transform((value) => value as number),
  );

export const decimal = v.pipe(
  v.any(),
  v.transform((value: unknown) => (value instanceof ExactNumber || typeof value === "string" ? Number(value.valueOf()) : value)),
  v.number("must be a number"),
  v.finite("must be a number"),
);

/** A duration of at least `least` seconds, converted to seconds. */
export const duration = (least = 0) =>
  v.pipe(
    v.any(),
    v.transform(durationSeconds),
    v.check((value) => value !== undefined, "must be a duration: seconds, ISO 8601 (PT15M) or hours:minutes:seconds (00:15:00)"),
    v.transform((value) => value as number),
    v.check((value) => value >= least, least === 0 ? "must not be negative" : `must be at least ${least} seconds`),
  );

const texts = v.array(text, "must be a list of strings");

/** A set of strings: sorted, each once. The API returns them in any order. */
export const textSet = v.pipe(
  texts,
  v.transform((list) => [...new Set(list)].sort()),
);

/** Labels of resources: each a string or a list of strings. */
export const labels = v.pipe(
  v.custom<JsonObject>(isJsonObject, 'must be an object of labels, such as { "prefect.resource.id": "prefect.flow-run.*" }'),
  v.record(v.string(), v.union([text, texts], "must be a string or a list of strings")),
);

export const oneOf = (...names: string[]) => v.picklist(names, `must be ${alternatives(names)}`);

/** `a, b or c` */
function alternatives(names: readonly string[]): string {
  return names.join(", ").replace(/, ([^,]*)$/, " or $1");
}

/** What is wrong with a trigger or an action: a path and the end of a sentence. */
export interface Fault {
  /** `triggers[0].within` */
  at: string;
  message: string;
}

/** A field that does not exist, among those that do. */
export interface UnknownField {
  at: string;
  field: string;
  known: readonly string[];
}

/** Read an object by its fields. @returns the fields with their defaults; empty if there is any fault */
export function readFields(entries: v.ObjectEntries, given: JsonObject, at: string, faults: Fault[]): JsonObject {
  const read = v.safeParse(v.object(entries), given);
  if (read.success) return read.output as JsonObject;
  for (const issue of read.issues) {
    const path = (issue.path ?? []).map(({ key }) => key as string | number);
    const field = String(path[0]);
    const isMissing = path.length === 1 && given[field] === undefined;
    const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
    faults.push({ at: `${at}${place}`, message: isMissing ? `is missing: it ${needOf(entries[field])}` : issue.message });
  }
  return {};
}

/** valibot's own message for a missing field does not say what the field must be. */
function needOf(entry: v.ObjectEntries[string] | undefined): string {
  return (entry && v.safeParse(entry as v.GenericSchema, undefined).issues?.[0].message) ?? "must be given";
}

/** The fields of an object that do not exist. */
export function unknownFields(given: JsonObject, known: readonly string[], at: string): UnknownField[] {
  return Object.keys(given)
    .filter((field) => !known.includes(field))
    .map((field) => ({ at: `${at}.${field}`, field, known }));
}
