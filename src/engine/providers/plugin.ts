import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { findProgram } from "../../findProgram";
import { upwards } from "../../home";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { PulumiSdk } from "../grpc/protocol";
import { findProjectPython } from "../language/pythonToolchain";
import type { Project } from "../project";
import { SDK_FLAGS } from "../sdkFlags";

/** The package of dynamic resources in TypeScript. Its provider is part of the Node SDK. */
export const NODE_DYNAMIC = "pulumi-nodejs";
/** The package of dynamic resources in Python. Its provider is part of the package `pulumi`. */
export const PYTHON_DYNAMIC = "pulumi-python";

/** A folder that is a plugin has this file, which names its language. */
const PLUGIN_FILE = "PulumiPlugin.yaml";

/**
 * Keeps the compiled code of a provider once it has loaded: half of its start the next time. Node does so only when a process exits, and a
 * provider is killed at the end of its operation.
 */
const KEEP_COMPILED = `data:text/javascript,import{flushCompileCache}from"node:module";setImmediate(flushCompileCache)`;

/** How to start a provider. The engine's address is its last argument. */
export interface Plugin {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

interface Place {
  project: Project;
  /** The folder of the program. */
  folder: string;
  sdk: PulumiSdk;
  env: NodeJS.ProcessEnv;
}

/**
 * Find the provider of a package. The first of these counts: the folder or program that Pulumi.yaml names under `packages` or `plugins`;
 * `pulumi-resource-NAME` on PATH; the npm package of this name in the program's `node_modules` or beside pushpool; pushpool itself.
 * @throws {UserError} if there is none, or it cannot be started here
 */
export async function findPlugin(packageName: string, place: Place): Promise<Plugin> {
  const { project, folder, sdk, env } = place;
  const node = [...SDK_FLAGS, "--import", KEEP_COMPILED];
  if (packageName === NODE_DYNAMIC) return { command: process.execPath, args: [...node, sdk.dynamicProvider], env };
  if (packageName === PYTHON_DYNAMIC) {
    const python = await findProjectPython({ ...project, folder, env });
    return { command: python.path, args: ["-u", "-m", "pulumi.dynamic"], env: python.env };
  }
  const named = namedIn(project, packageName);
  if (named !== undefined) return pluginAt(named, packageName, place);
  const onPath = findProgram(`pulumi-resource-${packageName}`, env);
  if (onPath !== undefined) return { command: onPath, args: [], env };
  const installed = installedFolder(packageName, folder);
  if (installed !== undefined) return pluginAt(installed, packageName, place);
  throw new UserError(
    `the offline engine has no provider for the package ${packageName}: attach one (PULUMI_DEBUG_PROVIDERS=${packageName}:PORT, or ` +
      `\`providers\` of pushpool/testing), put pulumi-resource-${packageName} on PATH, or use --engine pulumi`,
  );
}

/** The path that the project file gives for a package, if it is a path. Sources that only the Pulumi CLI can load are left to PATH. */
function namedIn({ packages, dir, file }: Project, packageName: string): string | undefined {
  if (!Object.hasOwn(packages, packageName)) return undefined;
  const entry = packages[packageName];
  const { source = entry, parameters } = (typeof entry === "object" && entry !== null ? entry : {}) as {
    source?: unknown;
    parameters?: unknown;
  };
  if (parameters !== undefined)
    throw new UserError(
      `${file}: packages.${packageName}: the offline engine does not support parameterized packages: use --engine pulumi`,
    );
  if (typeof source !== "string")
    throw new UserError(`${file}: packages.${packageName} ${quoted(entry)}: must be the source of the package`);
  const isPath = /^(\.{1,2}(\/|$)|\/)/.test(source);
  if (!isPath) return undefined;
  const path = resolve(dir, source);
  if (existsSync(path)) return path;
  throw new UserError(`${file}: packages.${packageName}: ${path} does not exist: install the package, or correct its path`);
}

/** The folder of an npm package that is a plugin. Any version of pushpool has its own provider. */
function installedFolder(packageName: string, folder: string): string | undefined {
  const isPlugin = (at: string) => existsSync(join(at, PLUGIN_FILE));
  const inModules = (at: string) => join(at, "node_modules", packageName);
  const above = [folder, __dirname].map((from) => upwards(from, (at) => isPlugin(inModules(at)))).find((at) => at !== undefined);
  if (above !== undefined) return inModules(above);
  return packageName === "pushpool" ? upwards(__dirname, isPlugin) : undefined;
}

/** The plugin at a path: a program, a folder with `pulumi-resource-NAME`, or a folder with PulumiPlugin.yaml. */
async function pluginAt(path: string, packageName: string, { project, folder, sdk, env }: Place): Promise<Plugin> {
  if (!statSync(path).isDirectory()) return { command: path, args: [], env };
  const program = join(path, `pulumi-resource-${packageName}`);
  if (existsSync(program)) {
    // Pushpool's own runs by this node, which need not be the one on PATH.
    if (packageName === "pushpool") return { command: process.execPath, args: [...SDK_FLAGS, program], env };
    return { command: program, args: [], env };
  }
  const file = join(path, PLUGIN_FILE);
  if (!existsSync(file)) throw new UserError(`the package ${packageName}: ${path} has no ${PLUGIN_FILE}: it is not a plugin`);
  const { name, options } = runtimeIn(file);
  switch (name) {
    case "nodejs": {
      const args = [...SDK_FLAGS, "--import", KEEP_COMPILED, runPlugin(path, sdk), path];
      const compiles = options.typescript !== false && !isJavaScript(path);
      return { command: process.execPath, args, env: { ...env, PULUMI_NODEJS_TYPESCRIPT: String(compiles) } };
    }
    case "python": {
      const own = { dir: path, file, runtimeOptions: options, folder: path, env };
      const python = await findProjectPython(Object.keys(options).length > 0 ? own : { ...project, folder, env });
      return { command: python.path, args: ["-u", path], env: python.env };
    }
    default:
      throw new UserError(`${file}: runtime ${name}: the offline engine runs only plugins in nodejs and python: use --engine pulumi`);
  }
}

/** Whether the plugin's entry is compiled already. Loading the compiler takes longer than the rest of its start. */
function isJavaScript(path: string): boolean {
  const file = join(path, "package.json");
  if (!existsSync(file)) return false;
  const { main } = JSON.parse(readFileSync(file, "utf8")) as { main?: unknown };
  return typeof main === "string" && /\.[cm]?js$/.test(main);
}

function runtimeIn(file: string): { name: string; options: Record<string, unknown> } {
  const { parse } = require("yaml") as typeof import("yaml");
  const { runtime } = (parse(readFileSync(file, "utf8")) ?? {}) as { runtime?: unknown };
  if (typeof runtime === "string") return { name: runtime, options: {} };
  const { name, options } = (runtime ?? {}) as { name?: unknown; options?: Record<string, unknown> };
  if (typeof name !== "string") throw new UserError(`${file}: runtime must name a language, such as nodejs`);
  return { name, options: options ?? {} };
}

/** The runner of plugins that belongs to the plugin's own SDK, else to the program's. */
function runPlugin(path: string, { runner }: PulumiSdk): string {
  for (const from of [join(path, "plugin.js"), runner]) {
    try {
      return createRequire(from).resolve("@pulumi/pulumi/cmd/run-plugin");
    } catch {
      // Not installed there: try the next place.
    }
  }
  throw new UserError(`@pulumi/pulumi is not installed for the plugin in ${path}: run \`npm install @pulumi/pulumi\` there`);
}
