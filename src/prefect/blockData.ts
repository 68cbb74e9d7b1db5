import { ExactNumber } from "../exactNumber";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { suggestion } from "../nearest";

/**
 * What is wrong with a block's data by its schema: fields that it does not have, ones that are missing, ones of another type. No value is
 * told, for any may be secret.
 *
 * Only plain types are judged: what a schema of pydantic means by `allOf` and the like, its class decides.
 * @param fields JSON Schema of the block type, as a server has it
 */
export function blockFaults(fields: JsonObject, data: JsonObject): string[] {
  const properties = objectOr(fields.properties);
  const required = Array.isArray(fields.required) ? fields.required.filter((name) => typeof name === "string") : [];
  const unknown = Object.keys(data)
    .filter((name) => !Object.hasOwn(properties, name))
    .map((name) => `data.${name} is no field of this block type: ${suggestion(name, Object.keys(properties)) || "it has none"}`);
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
  // A reference to another block stands for whatever that holds.
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
