import { segmentsOf, toPath } from "../jsonPointer";
import { suggestion } from "../nearest";
import type { SchemaError } from "../template/schemaErrors";
import schema from "./manifest.schema.json";
import { manifestErrors } from "./validator";

/** The JSON Schema of a manifest. */
export const manifestSchema: object = schema;

/**
 * The first error of a value that should be a manifest, with its path and what is valid. `undefined` if the value is valid.
 */
export function schemaFault(tree: unknown): string | undefined {
  const errors = manifestErrors(tree);
  if (errors.length === 0) return undefined;
  // For an invalid name, ajv reports the pattern first and the name second. The name is the useful error.
  const error = errors.find(({ keyword }) => keyword === "propertyNames") ?? errors[0];
  return error ? messageOf(error) : "it is not a manifest";
}

const NAMES: Record<string, string> = {
  pools: "a work pool name must not contain / % & < > or control characters, and has at most 255 characters",
  blocks: "name a block by its type and its name, for example aws-credentials/etl, without % & < > or control characters",
  queues: "a work queue name must not contain / % & < > or control characters, and has at most 255 characters",
  deployments: "name a deployment by its flow and its name, for example hello/prod, without % & < > or control characters",
};

function messageOf({ instancePath, keyword, params, data, message = "is not valid", parentSchema }: SchemaError): string {
  const segments = segmentsOf(instancePath);
  const path = toPath(segments) || "the manifest";
  const at = (key: string) => toPath([...segments, key]);
  switch (keyword) {
    case "required":
      return `${at(String(params.missingProperty))} is missing${hint(parentSchema, String(params.missingProperty))}`;
    case "additionalProperties": {
      const key = String(params.additionalProperty);
      return `${at(key)} is not a field of ${path}: ${suggestion(key, Object.keys(parentSchema?.properties ?? {}))}`;
    }
    case "propertyNames":
      return `${at(String(params.propertyName))} is not a valid name: ${NAMES[segments.at(-1) ?? ""] ?? message}`;
    case "enum": {
      const allowed = (params.allowedValues as unknown[]).map(String);
      const near = typeof data === "string" ? `, not "${data}": ${suggestion(data, allowed)}` : `, not ${kindOf(data)}`;
      return `${path} must be one of ${allowed.join(", ")}${near}`;
    }
    case "type":
      return `${path} must be ${[params.type].flat().map(withArticle).join(" or ")}, not ${kindOf(data)}`;
    case "minimum":
      return `${path} must be ${String(params.limit)} or more, not ${String(data)}`;
    case "minLength":
      return `${path} must not be empty`;
    case "pattern":
      return `${path} must be ${patternHint(segments)}`;
    default:
      return `${path} ${message}`;
  }
}

function hint(parent: SchemaError["parentSchema"], key: string): string {
  const description = parent?.properties?.[key]?.description;
  if (typeof description !== "string") return "";
  // The first letter of a sentence becomes lower case, but not that of an abbreviation (JSON).
  return `: ${description.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase()).replace(/\.$/, "")}`;
}

/** Only the kind, never the value: a misplaced value may be a secret. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a fraction";
  return withArticle(typeof value);
}

function withArticle(type: unknown): string {
  if (type === "null") return "null";
  if (type === "boolean") return "true or false";
  if (type === "array") return "a list";
  return /^[aeiou]/.test(String(type)) ? `an ${type}` : `a ${type}`;
}

/** A readable description of the pattern that a string must match. */
function patternHint(segments: readonly string[]): string {
  if (segments.at(-1) === "apiUrl") return "a URL that starts with http:// or https://";
  if (segments[0] === "ledger")
    return segments[1] === "url" ? "a URL such as postgres://USER:PASSWORD@HOST/DATABASE" : "a name of a-z, 0-9 and _, such as pushpool";
  if (segments.at(-1) === "packed") return "base64, as in a stack output";
  if (segments.at(-1) === "queue") return "a work queue name, without / % & < > or control characters";
  if (segments.at(-2) === "tags") return "a tag without control characters";
  return 'a name of letters, digits, "-", "_" and "."';
}
