import { ExactNumber } from "../exactNumber";
import type { Value, ValueObject } from "../json";
import { isObject, segments } from "./paths";

/**
 * Restore the strings of job variables from a command line, where `image=7325e01` was read as a number. A value becomes the string that the
 * user wrote if the schema of the work pool wants a string. A value of `env` is always a string; `null` stays and unsets the variable.
 * @param texts the original strings, by the same keys
 */
export function asWritten(template: ValueObject, jobVariables: ValueObject, texts: Readonly<Record<string, string>>): ValueObject {
  const { variables } = template;
  if (!isObject(variables)) return jobVariables;
  return Object.fromEntries(
    Object.entries(jobVariables).map(([key, value]) => {
      const text = Object.hasOwn(texts, key) ? texts[key] : undefined;
      return [key, text !== undefined && wantsText(variables, segments(key), value) ? text : value];
    }),
  );
}

function wantsText(variables: ValueObject, way: string[], value: Value): boolean {
  if (typeof value === "string" || value === null) return false;
  if (way[0] === "env" && way.length > 1) return true;
  const given = typeof value === "boolean" ? ["boolean"] : typeof value === "number" || value instanceof ExactNumber ? NUMBERS : undefined;
  if (given === undefined) return false;
  const types = typesOf(schemaAt(variables, way), variables);
  return types.has("string") && !given.some((type) => types.has(type));
}

const NUMBERS = ["number", "integer"];
/** A longer chain of references counts as a cycle. */
const MAX_REFERENCES = 20;

function schemaAt(root: ValueObject, way: string[]): Value | undefined {
  let at: Value | undefined = root;
  for (const key of way) {
    const schema: Value | undefined = resolved(at, root);
    if (!isObject(schema)) return undefined;
    const { properties, additionalProperties } = schema;
    at = isObject(properties) && Object.hasOwn(properties, key) ? properties[key] : (additionalProperties as Value | undefined);
  }
  return at;
}

function resolved(schema: Value | undefined, root: ValueObject): Value | undefined {
  let at = schema;
  for (let left = MAX_REFERENCES; left > 0 && isObject(at) && typeof at.$ref === "string"; left -= 1) {
    const found: Value | undefined = at.$ref
      .replace(/^#\//, "")
      .split("/")
      .reduce<Value | undefined>((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined), root);
    at = found;
  }
  return at;
}

/** The types that a schema accepts. Empty if it names no types. */
function typesOf(given: Value | undefined, root: ValueObject, depth = 0): Set<string> {
  const schema = resolved(given, root);
  if (!isObject(schema) || depth > MAX_REFERENCES) return new Set();
  const { type, anyOf, oneOf, allOf, enum: allowed } = schema;
  const own = (Array.isArray(type) ? type : [type]).filter((one) => typeof one === "string");
  const choices = [anyOf, oneOf, allOf].flatMap((group) => (Array.isArray(group) ? group : []));
  const listed = Array.isArray(allowed) ? allowed.map((value) => (typeof value === "string" ? "string" : "number")) : [];
  return new Set([...own, ...choices.flatMap((choice) => [...typesOf(choice, root, depth + 1)]), ...(own.length > 0 ? [] : listed)]);
}
