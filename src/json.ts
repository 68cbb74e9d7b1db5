import { ExactNumber } from "./exactNumber";
import type { Secret } from "./secret";

/** Any JSON value. */
export type Json = null | boolean | number | ExactNumber | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** JSON whose leaves may be secret. Values from a manifest stay in this form while they are rendered, until the run is submitted. */
export type Value = null | boolean | number | ExactNumber | string | Secret | Value[] | ValueObject;
export type ValueObject = { [key: string]: Value };

/** Whether a value is a JSON object: not a list, a number or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
