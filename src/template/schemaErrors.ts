import type { ErrorObject, ValidateFunction } from "ajv";
import type { JsonObject } from "../json";
import { durationSeconds } from "../pydanticDuration";
import { UserError } from "../userError";
import { limitedRegExp } from "./limitedRegExp";
import { isSurelyValid } from "./surelyValid";

/** An error of ajv, with `parentSchema`. */
export type SchemaError = ErrorObject;

const compiled = new WeakMap<JsonObject, ValidateFunction>();

/**
 * Validate a value against a JSON Schema (any draft, read as 2020-12). Schemas come from pydantic and Prefect, so they are not checked against
 * the meta-schema. Each schema object is compiled once and must not change afterwards.
 * @param path the path of the schema, for the error message
 * @throws {UserError} if the schema cannot be used, for example because it refers to a missing definition
 */
export function schemaErrors(schema: JsonObject, value: unknown, path: string): SchemaError[] {
  return isSurelyValid(schema, value) ? [] : compiledErrors(schema, value, path);
}

/** The same by ajv alone. */
export function compiledErrors(schema: JsonObject, value: unknown, path: string): SchemaError[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = compile(schema, path);
    compiled.set(schema, validate);
  }
  return validate(value) ? [] : [...(validate.errors ?? [])];
}

function compile(schema: JsonObject, path: string): ValidateFunction {
  // Loaded only here, because most commands check nothing.
  const { Ajv2020 } = require("ajv/dist/2020") as typeof import("ajv/dist/2020");
  const addFormats = require("ajv-formats") as typeof import("ajv-formats").default;
  const ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    meta: false,
    allErrors: true,
    verbose: true,
    logger: false,
    code: { regExp: limitedRegExp },
  });
  // These formats accept everything that pydantic accepts. A Prefect server checks no formats.
  addFormats(ajv, ["email", "ipv4", "ipv6"]);
  ajv.addFormat("date-time", isDateTime);
  ajv.addFormat("date", isDate);
  ajv.addFormat("time", /^\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$|^\d+(?:\.\d+)?$/i);
  ajv.addFormat("duration", (text) => durationSeconds(text) !== undefined || /^[+-]?\d+(?:\.\d+)?$/.test(text));
  ajv.addFormat("uuid", /^(?:urn:uuid:)?\{?[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}\}?$/i);
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new UserError(`${path} cannot be used as a JSON Schema: ${(error as Error).message}`);
  }
}

/** Pydantic accepts a date, also with midnight as its time, and seconds since 1970. */
function isDate(text: string): boolean {
  if (/^[+-]?\d+(?:\.0*)?$/.test(text)) return true;
  const [, day] = /^(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?$/i.exec(text) ?? [];
  // Date.parse accepts the 31st of any month.
  return day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);
}

/** Pydantic accepts ISO 8601 with or without time, time zone and seconds, and seconds since 1970. */
function isDateTime(text: string): boolean {
  return /^[+-]?\d+(\.\d+)?$/.test(text) || (/^\d/.test(text) && !Number.isNaN(Date.parse(text.replace("_", "T"))));
}
