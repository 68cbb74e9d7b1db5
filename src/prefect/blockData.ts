import { ExactNumber } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { suggestion } from "../nearest";

/**
 * Compare a block's data with its schema: find unknown fields, missing ones, and ones of the wrong type. The sentences contain no values,
 * since any may be secret.
 *
 * Only plain types are checked. Only the block's class can decide what pydantic's `allOf` and similar words mean.
 * @param fields JSON Schema of the block type, as the server has it
 * @returns one sentence for each fault
 */
export function blockFaults(fields: JsonObject, data: JsonObject): string[] {
  const properties = objectOr(fields.properties);
  const required = Array.isArray(fields.required) ? fields.required.filter((name) => typeof name === "string") : [];
  const unknown = Object.keys(data)
    .filter((name) => !Object.hasOwn(properties, name))
    .map((name) => `data.${name} does not exist in this block type: ${suggestion(name, Object.keys(properties)) || "it has none"}`);
  const missing = required
    .filter((name) => !Object.hasOwn(data, name))
    .map((name) => `data.${name} is missing: this block type requires it`);
  const wrong = Object.entries(data).flatMap(([name, value]) => {
    const { type } = objectOr(properties[name]);
    if (typeof type !== "string" || value === null || isOfType(value, type)) return [];
    return [`data.${name} must be of type ${type}`];
  });
  return [...unknown, ...missing, ...wrong];
}

function isOfType(given: Json, type: string): boolean {
  const value = given instanceof ExactNumber ? given.valueOf() : given;
  // A reference can have any value: the other block decides.
  if (isJsonObject(value) && Object.hasOwn(value, "$ref")) return true;
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && !Array.isArray(value);
    default:
      return true;
  }
}

function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
