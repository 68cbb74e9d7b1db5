import type { JsonObject } from "../json";
import { type SchemaError, schemaErrors } from "../template/schemaErrors";
import schema from "./manifest.schema.json";

/**
 * Validate a value against the schema of a manifest. Every command that runs something needs this, and every `up` with a FlowRun. So the
 * build puts the compiled schema in place of this module (`scripts/manifestValidator.mjs`). Here, the first call compiles it.
 */
export function manifestErrors(tree: unknown): readonly SchemaError[] {
  return schemaErrors(schema as unknown as JsonObject, tree, "the manifest schema");
}
