import { ExactNumber } from "./exactNumber";
import type { Secret } from "./secret";

/** Whatever JSON can say. */
export type Json = null | boolean | number | ExactNumber | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** JSON whose leaves may be secret. What comes out of a manifest and goes through rendering is of this kind until the moment of submitting. */
export type Value = null | boolean | number | ExactNumber | string | Secret | Value[] | ValueObject;
export type ValueObject = { [key: string]: Value };

/** A JSON object: no list, no number, not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
