// `lib/cli.cjs` and `lib/cli/`: the command line in chunks, with the packages that it uses. The modules must be in `lib/` already.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { manifestValidator } from "./manifestValidator.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

/** For the bundle, and for those who load the modules in `lib/`. */
const validator = manifestValidator();
writeFileSync("lib/src/manifest/validator.js", validator);

const compiledManifestSchema = {
  name: "compiled-manifest-schema",
  load: {
    filter: { id: /[\\/]src[\\/]manifest[\\/]validator\.ts$/ },
    handler: () => ({ code: validator, moduleType: "js" }),
  },
};

/** Modules read their Python programs from files beside them. In the bundle these are constants. */
const embeddedPython = {
  name: "embedded-python",
  load: {
    filter: { id: /[\\/]src[\\/](entrypoint[\\/]programs|engine[\\/]language[\\/]runner)\.ts$/ },
    handler(id) {
      const programs = createRequire(import.meta.url)(join(root, "lib", relative(root, id)).replace(/\.ts$/, ".js"));
      return { code: `module.exports = ${JSON.stringify(programs)};`, moduleType: "js" };
    },
  },
};

/**
 * Load a chunk, or one of node's own modules, at its first use instead of at its import. A command then pays only for what it does. For
 * example, commander imports `child_process` for a kind of subcommand that pushpool does not have, and that takes as long as all of
 * commander.
 */
const loadedAtFirstUse = {
  name: "loaded-at-first-use",
  renderChunk: (code) =>
    code
      .replace(
        /\b(?:const|let|var) ([\w$]+) = require\("((?:node:|\.)[^"]+)"\);/g,
        'const $1 = ((loaded) => new Proxy({}, { get: (_, name) => (loaded ??= require("$2"))[name] }))();',
      )
      // The chunk uses nothing of these: they would only keep the order in which modules run.
      .replaceAll(/^require\("\.[^"]+"\);\n/gm, ""),
};

/**
 * Load the packages that are not in the bundle by `require`. They are CommonJS, which node's `import()` reads twice, and only after it has
 * started its loader of ES modules: 8 ms at each start.
 */
const requiredPackages = {
  name: "required-packages",
  renderChunk: (code) => code.replace(/\bimport\("([^"]+)"\)/g, 'Promise.resolve().then(() => require("$1"))'),
};

/**
 * A process may outlive its chunks, when another version is installed. If a chunk no longer exists, `src/cli/main.ts` gets an event and
 * ends the process.
 */
const missingChunksEndTheProcess = {
  name: "missing-chunks-end-the-process",
  renderChunk: (code) => `${requireChunk}\n${code.replaceAll(/\brequire\((?="\.)/g, "requireChunk(")}`,
};

function requireChunk(path) {
  try {
    return require(path);
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND" && error.message.includes(path)) process.emit("chunkMissing");
    throw error;
  }
}

/** What is loaded together is one chunk: each one takes 0.5 ms to find and to read. */
const LOADED_TOGETHER = {
  // By every command that works with runs.
  workspace: [
    "home",
    "ledger",
    "model",
    "project",
    "runs",
    "targets",
    "workspaceRuns",
    "fastest-levenshtein",
    ...["cli/prettyJson", "cli/screen", "cli/session"].map((file) => `src/${file}.ts`),
    ...["boundedFile", "canonicalJson", "deploymentName", "duration", "exactNumber", "findProgram", "home", "json", "jsonPointer"].map(
      (file) => `src/${file}.ts`,
    ),
    ...["jsonText", "makeFolder", "nearest", "origin", "ownership", "plainNumbers", "processName", "processTable", "secret"].map(
      (file) => `src/${file}.ts`,
    ),
    ...["stacks", "textFile", "unknown", "workspace", "writeWhole"].map((file) => `src/${file}.ts`),
  ],
  // By those that start one.
  start: [
    "manifest",
    "template",
    "ajv-runtime",
    "p-limit",
    "p-retry",
    "shlex",
    "unique-names-generator",
    "uuid",
    "yocto-queue",
    ...["cli/commands/run", "cli/parameters", "cli/watch", "pydanticDuration", "retryNotices"].map((file) => `src/${file}.ts`),
  ],
};
const CHUNKS = new Map(Object.entries(LOADED_TOGETHER).flatMap(([chunk, parts]) => parts.map((part) => [part, chunk])));

/**
 * The chunk of a module: one for each package, and one for each folder of `src`. A command has its own, with what only it uses.
 * @param id path of the module
 */
function chunkOf(id) {
  const path = relative(root, id).split(sep).join("/");
  const part = partOf(path);
  return CHUNKS.get(path) ?? CHUNKS.get(part) ?? part;
}

function partOf(path) {
  // The manifest's compiled schema uses two of its functions.
  if (path.includes("/ajv/dist/runtime/")) return "ajv-runtime";
  // Every command needs them, so they are in the file that is loaded first.
  if (/(node_modules\/commander\/|rolldown\/runtime)/.test(path)) return null;
  const [, dependency] = path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/) ?? [];
  if (dependency) return dependency.replace("@", "").replace("/", "-");
  // All commands look for the project, and those that start a run read the outputs of its stack. They need nothing else of the engine.
  if (path === "src/engine/project.ts") return "project";
  if (/^src\/engine\/(wire|urn)\.ts$/.test(path)) return "engine-state";
  const [, folder] = path.match(/^src\/(.+)\/[^/]+$/) ?? [];
  return folder === undefined || folder.startsWith("cli") ? null : folder.replaceAll("/", "-");
}

await build({
  input: { cli: "src/cli/main.ts" },
  platform: "node",
  // As an ES module, only two of its dictionaries are in the bundle, and only a new run loads them.
  resolve: { alias: { "unique-names-generator": "unique-names-generator/dist/index.m.js" } },
  preserveEntrySignatures: false,
  transform: { target: "node22", define: { "process.env.NODE_ENV": '"production"' } },
  external: [
    /^@pulumi\//,
    "@grpc/grpc-js",
    /^google-protobuf\b/,
    "@google-cloud/run",
    "pg",
    "google-auth-library",
    /^@aws-sdk\//,
    /^@azure\//,
    "pino",
    "prom-client",
  ],
  plugins: [compiledManifestSchema, embeddedPython, loadedAtFirstUse, requiredPackages, missingChunksEndTheProcess],
  // A chunk is loaded at its first use, whichever way it is imported.
  checks: { ineffectiveDynamicImport: false },
  output: {
    dir: "lib",
    format: "cjs",
    minify: true,
    entryFileNames: "[name].cjs",
    chunkFileNames: "cli/[name]-[hash].cjs",
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf, debugName: "packages and folders" }] },
  },
});
