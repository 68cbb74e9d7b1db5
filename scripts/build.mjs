// `lib/`: the modules by tsc, without type-checking (a type error must not make `npm ci` fail; lint and test check), and the CLI as one bundle.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

// What an earlier version had and this one has not must not be packed.
rmSync("lib", { recursive: true, force: true });
const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);

mkdirSync("lib/src/manifest", { recursive: true });
copyFileSync("src/manifest/manifest.schema.json", "lib/src/manifest/manifest.schema.json");
for (const program of ["bootstrap.py", "import.py", "inspect.py"])
  copyFileSync(`src/entrypoint/${program}`, `lib/src/entrypoint/${program}`);

/** Compiling the manifest's schema takes ajv 40 ms; in the bundle it is done already, by the same ajv with the same options. */
const precompiledManifestSchema = {
  name: "precompiled-manifest-schema",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]manifest[\\/]validator\.ts$/ }, () => {
      const require = createRequire(import.meta.url);
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
      const contents = `${code}\nconst check = module.exports;\nmodule.exports = { manifestErrors: (tree) => (check(tree) ? [] : check.errors) };`;
      return { contents, loader: "js", resolveDir: process.cwd() };
    });
  },
};

/** The Python programs are read from files beside their module; in the bundle they are its constants. */
const embeddedPython = {
  name: "embedded-python",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]entrypoint[\\/]programs\.ts$/ }, () => {
      const programs = createRequire(import.meta.url)("../lib/src/entrypoint/programs.js");
      return { contents: `module.exports = ${JSON.stringify(programs)};`, loader: "js" };
    });
  },
};

await build({
  entryPoints: ["src/cli/main.ts"],
  outfile: "lib/cli.cjs",
  bundle: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  minify: true,
  plugins: [precompiledManifestSchema, embeddedPython],
  external: [
    "@pulumi/*",
    "@grpc/grpc-js",
    "google-protobuf",
    "@google-cloud/run",
    "google-auth-library",
    "@aws-sdk/*",
    "pino",
    "prom-client",
  ],
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});
