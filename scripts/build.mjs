// `lib/`: the modules by tsc without type checks, the run page, and the CLI (bundle.mjs). A type error must not make `npm ci` fail; lint and
// test check types.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { pythonSdk } from "./schema/pythonSdk.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

// Files of an earlier version must not be packed.
rmSync("lib", { recursive: true, force: true });
const { status } = spawnSync(process.execPath, ["node_modules/typescript-native/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

mkdirSync("lib/src/manifest", { recursive: true });
copyFileSync("src/manifest/manifest.schema.json", "lib/src/manifest/manifest.schema.json");
copyFileSync("plugin/schema.json", "lib/plugin/schema.json");
for (const [path, text] of Object.entries(pythonSdk(JSON.parse(readFileSync("plugin/schema.json", "utf8"))))) {
  const file = join("lib", "sdk", "python", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
for (const program of ["bootstrap.py", "import.py", "inspect.py", "steps.py"])
  copyFileSync(`src/entrypoint/${program}`, `lib/src/entrypoint/${program}`);
copyFileSync("src/engine/language/run.py", "lib/src/engine/language/run.py");

await build({ configFile: "web/vite.config.mjs", configLoader: "native" });

await import("./bundle.mjs");
