import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A type in a schema. */
export interface TypeSpec {
  type?: string;
  $ref?: string;
  items?: TypeSpec;
  additionalProperties?: TypeSpec;
  /** The value must be known when the program runs. */
  plain?: boolean;
  secret?: boolean;
}

/** A resource in a schema. */
interface ResourceSpec {
  isComponent?: boolean;
  inputProperties: Record<string, TypeSpec>;
  requiredInputs: string[];
  properties: Record<string, TypeSpec>;
}

interface PackageSchema {
  version: string;
  provider: { inputProperties: Record<string, TypeSpec> };
  types: Record<string, { type: string; properties?: Record<string, TypeSpec> }>;
  resources: Record<string, ResourceSpec>;
}

let text: string | undefined;
let schema: PackageSchema | undefined;

/** schema.json, which `npm run schema` makes from the sources. */
export function schemaText(): string {
  text ??= readFileSync(join(__dirname, "schema.json"), "utf8");
  return text;
}

export function packageSchema(): PackageSchema {
  schema ??= JSON.parse(schemaText()) as PackageSchema;
  return schema;
}

/** The fields of an object type, by a reference to it. `undefined` for a choice. */
export function fieldsAt(reference: string): Record<string, TypeSpec> | undefined {
  return packageSchema().types[reference.replace(/^#\/types\//, "")]?.properties;
}
