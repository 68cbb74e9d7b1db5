import type { Json } from "../json";
import type { SchemaError } from "./schemaErrors";

/** Places in a checked value that need special care, as JSON pointers. */
export interface Reserve {
  /** Values that are known only after rendering. Errors there do not count. */
  later: string[];
  /** Secrets. Error messages do not show their values and keys. */
  secret: string[];
}

/** An error at one place of a value. */
export interface SchemaFault {
  /** The keys that lead to the place. */
  keys: string[];
  /** For example `must be string or null`. */
  problem: string;
  /** For an unknown key: the known keys. */
  known?: string[];
}

/** Turn schema errors into readable messages, one for each place of the value. */
export function faultsIn(errors: SchemaError[], reserve: Reserve = { later: [], secret: [] }): SchemaFault[] {
  const decidable = withoutUndecidable(errors, reserve.later);
  const byPlace = new Map<string, { keys: string[]; problems: Set<string>; types: Set<string>; known?: string[]; isChoice?: boolean }>();
  for (const error of decidable.filter((each) => !isSummary(each, decidable))) {
    const secret = reserve.secret.find((place) => isAtOrBelow(error.instancePath, place));
    const inside = secret !== undefined && (error.instancePath !== secret || NAMES_A_KEY.has(error.keyword));
    const keys = inside ? keysOf(secret) : [...keysOf(error.instancePath), ...missingOrUnknown(error)];
    const place = JSON.stringify(keys);
    const fault = byPlace.get(place) ?? { keys, problems: new Set(), types: new Set() };
    if (!inside && error.keyword === "additionalProperties") fault.known = Object.keys((error.parentSchema?.properties ?? {}) as object);
    if (/\/(?:anyOf|oneOf)\//.test(error.schemaPath)) fault.isChoice = true;
    byPlace.set(place, fault);
    if (inside) fault.problems.add("does not fit its schema");
    else if (error.keyword === "type") for (const type of [error.params.type].flat()) fault.types.add(String(type));
    else fault.problems.add(problemOf(error));
  }
  return [...byPlace.values()].map(({ keys, problems, types, known, isChoice }) => {
    const all = types.size > 0 ? [`must be ${[...types].join(" or ")}`, ...problems] : [...problems];
    return { keys, problem: all.join(isChoice ? " or " : " and "), known };
  });
}

const COMPOSED = new Set(["anyOf", "oneOf", "allOf", "not", "if"]);
const NAMES_A_KEY = new Set([
  "required",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "dependentRequired",
  "dependencies",
]);

function withoutUndecidable(errors: SchemaError[], later: string[]): SchemaError[] {
  if (later.length === 0) return errors;
  // A choice between schemas cannot be decided while a value below it is unknown. The errors of its branches then mean nothing.
  const open = errors
    .filter(({ keyword, instancePath }) => COMPOSED.has(keyword) && later.some((place) => isAtOrBelow(place, instancePath)))
    .map(({ instancePath }) => instancePath);
  return errors.filter(({ instancePath }) => ![...later, ...open].some((place) => isAtOrBelow(instancePath, place)));
}

/** Whether an error only repeats others: "must match a schema in anyOf" adds nothing to the errors of its branches. */
function isSummary({ keyword, instancePath }: SchemaError, all: SchemaError[]): boolean {
  if (!COMPOSED.has(keyword)) return false;
  return all.some((other) => !COMPOSED.has(other.keyword) && isAtOrBelow(other.instancePath, instancePath));
}

function isAtOrBelow(pointer: string, place: string): boolean {
  return pointer === place || pointer.startsWith(`${place}/`);
}

function keysOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function missingOrUnknown({ keyword, params }: SchemaError): string[] {
  if (keyword === "required") return [String(params.missingProperty)];
  if (keyword === "additionalProperties") return [String(params.additionalProperty)];
  return [];
}

const FORMATS: Record<string, string> = {
  date: "must be a date, such as 2024-01-31",
  "date-time": "must be a date and time, such as 2024-01-31T06:00:00Z",
  time: "must be a time of day, such as 06:00:00",
  duration: "must be a duration, such as PT15M or 00:15:00",
  uuid: "must be a UUID",
};

function problemOf({ keyword, params, message = "does not fit its schema" }: SchemaError): string {
  switch (keyword) {
    case "required":
      return "is missing";
    case "additionalProperties":
      return "is unknown";
    case "enum":
      return `must be one of ${(params.allowedValues as Json[]).map((value) => JSON.stringify(value)).join(", ")}`;
    case "const":
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case "format":
      return FORMATS[String(params.format)] ?? message;
    case "pattern":
      return `must match ${String(params.pattern)}`;
    default:
      return message;
  }
}
