import type { JsonObject } from "../json";
import { type SchemaError, schemaErrors } from "../template/schema";
import schema from "./manifest.schema.json";

/**
 * What of a tree is against the manifest's schema. Every command that runs something asks this, so the CLI's bundle has it compiled
 * beforehand (`scripts/build.mjs`); here it is compiled by the first call.
 */
export function manifestErrors(tree: unknown): readonly SchemaError[] {
  return schemaErrors(schema as unknown as JsonObject, tree, "the manifest schema");
}
