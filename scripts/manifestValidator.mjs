// The manifest's schema, compiled: `lib/src/manifest/validator.js`, and the same in the bundle. ajv takes 0.1 s to compile it. Each command
// that reads a manifest would wait for that, and each `up` with a FlowRun or with keys that change.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The code that replaces tsc's output for `src/manifest/validator.ts`. By the same ajv with the same options. */
export function manifestValidator() {
  const { Ajv2020 } = require("ajv/dist/2020");
  const standalone = require("ajv/dist/standalone").default;
  const ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    meta: false,
    allErrors: true,
    verbose: true,
    code: { source: true },
  });
  const code = standalone(ajv, ajv.compile(JSON.parse(readFileSync("src/manifest/manifest.schema.json", "utf8"))));
  return `${code}\nconst check = module.exports;\nmodule.exports = { manifestErrors: (tree) => (check(tree) ? [] : check.errors) };\n`;
}
