import type { ErrorObject, ValidateFunction } from "ajv";
import type { JsonObject } from "../json";
import { durationSeconds } from "../pydanticDuration";
import { UserError } from "../userError";
import { limitedRegExp } from "./limitedRegExp";

/** What ajv says of a value, `parentSchema` included. */
export type SchemaError = ErrorObject;

const compiled = new WeakMap<JsonObject, ValidateFunction>();

/**
 * What of a value is against a JSON Schema (any draft, read as 2020-12). No schema is checked against its meta-schema, for they are
 * pydantic's and Prefect's, and each is compiled once: it must not change afterwards.
 * @param path of the schema, for the one error it throws
 * @throws {UserError} if the schema cannot be used, as when it refers to something that is not in it
 */
export function schemaErrors(schema: JsonObject, value: unknown, path: string): SchemaError[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = compile(schema, path);
    compiled.set(schema, validate);
  }
  return validate(value) ? [] : [...(validate.errors ?? [])];
}

function compile(schema: JsonObject, path: string): ValidateFunction {
  // Loaded here, for most commands check nothing.
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
  // Only formats of which all that pydantic takes passes; a server checks none.
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

/** Pydantic reads a day, with midnight behind it too, and seconds since 1970. */
function isDate(text: string): boolean {
  if (/^[+-]?\d+(?:\.0*)?$/.test(text)) return true;
  const [, day] = /^(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?$/i.exec(text) ?? [];
  // Date.parse takes the 31st of any month.
  return day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);
}

/** Pydantic reads ISO 8601 with and without time, zone and seconds, and seconds since 1970. */
function isDateTime(text: string): boolean {
  return /^[+-]?\d+(\.\d+)?$/.test(text) || (/^\d/.test(text) && !Number.isNaN(Date.parse(text.replace("_", "T"))));
}
