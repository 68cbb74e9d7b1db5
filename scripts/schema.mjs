// `npm run schema` writes plugin/schema.json: what Pulumi programs in other languages than TypeScript can declare. It is checked in;
// test/plugin/schema.test.ts fails when it is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDeclarations } from "./schema/declarations.mjs";
import { packageSchema } from "./schema/packageSchema.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The text of plugin/schema.json for the sources as they are. */
export function schemaText() {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const schema = packageSchema(readDeclarations(["components", "plugin"].map((folder) => join(root, folder))), manifest);
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, "plugin", "schema.json"), schemaText());
