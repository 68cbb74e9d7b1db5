// `lib/`: the modules by tsc, without type-checking (a type error must not make `npm ci` fail; lint and test check), and the CLI as one bundle.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);

mkdirSync("lib/src/manifest", { recursive: true });
copyFileSync("src/manifest/manifest.schema.json", "lib/src/manifest/manifest.schema.json");

await build({
  entryPoints: ["src/cli/main.ts"],
  outfile: "lib/cli.cjs",
  bundle: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  minifySyntax: true,
  minifyWhitespace: true,
  external: ["@pulumi/*", "@grpc/grpc-js", "google-protobuf"],
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});
