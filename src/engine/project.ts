import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { upwards } from "../home";
import { readTextFile } from "../textFile";
import { UserError } from "../userError";

/** The fields of a Pulumi.yaml that pushpool needs (https://www.pulumi.com/docs/iac/concepts/projects/project-file/). */
export interface Project {
  name: string;
  /** The folder of Pulumi.yaml. */
  dir: string;
  /** The path of Pulumi.yaml. */
  file: string;
  /** The folder or file of the program, below `dir`. */
  main?: string;
  runtime: string;
  runtimeOptions: Record<string, unknown>;
  /** The absolute folder of the stacks' configuration files, if it is not `dir`. */
  stackConfigDir?: string;
  /** Configuration values and declarations for every stack, as written. */
  config: Record<string, unknown>;
  /** The packages that the project names, with their sources, as written; a plugin's source is its path. */
  packages: Record<string, unknown>;
}

const FILES = ["Pulumi.yaml", "Pulumi.yml"];

/** The nearest folder with a Pulumi.yaml: `from` or one of its parents. */
export function findProjectDir(from: string): string | undefined {
  return upwards(from, (folder) => FILES.some((file) => existsSync(join(folder, file))));
}

/**
 * Read a project file.
 * @throws {UserError} naming the field that is wrong
 */
export function readProject(dir: string): Project {
  const file = FILES.map((name) => join(dir, name)).find((path) => existsSync(path)) ?? join(dir, "Pulumi.yaml");
  if (!existsSync(file)) throw new UserError(`${file} does not exist: a Pulumi project needs it`);
  const text = readTextFile(file, file);
  const { name, main, runtime, config, stackConfigDir, packages, plugins } = parse(text, file);
  if (typeof name !== "string" || !/^[A-Za-z0-9_.-]+$/.test(name))
    throw new UserError(`${file}: name must be a string of letters, digits, "-", "_" and "."`);
  if (main !== undefined && typeof main !== "string") throw new UserError(`${file}: main must be a string`);
  const runtimeName = typeof runtime === "string" ? runtime : (runtime as { name?: unknown } | null | undefined)?.name;
  if (typeof runtimeName !== "string") throw new UserError(`${file}: runtime must name a language, such as nodejs`);
  const options = typeof runtime === "object" && runtime !== null ? (runtime as { options?: Record<string, unknown> }).options : undefined;
  if (stackConfigDir !== undefined && typeof stackConfigDir !== "string") throw new UserError(`${file}: stackConfigDir must be a string`);
  return {
    name,
    dir,
    file,
    ...(main === undefined ? {} : { main }),
    runtime: runtimeName,
    runtimeOptions: options ?? {},
    ...(stackConfigDir === undefined ? {} : { stackConfigDir: resolve(dir, stackConfigDir) }),
    // In old projects `config` was the folder of the stacks' files.
    config: isObject(config) ? config : {},
    packages: { ...pluginPaths(plugins), ...(isObject(packages) ? packages : {}) },
    ...(typeof config === "string" ? { stackConfigDir: resolve(dir, config) } : {}),
  };
}

/**
 * Read the name of a project. Nearly every command needs it, and nearly every project file has it as a plain line.
 * So the YAML parser is loaded only if there is no such line. An unindented line of this form is always the top-level key.
 * @throws {UserError} as {@link readProject}
 */
export function readProjectName(dir: string): string {
  const file = FILES.map((name) => join(dir, name)).find((path) => existsSync(path));
  const plain = file === undefined ? null : /^name: +([A-Za-z0-9_.-]+) *$/m.exec(readTextFile(file, file));
  return plain?.[1] ?? readProject(dir).name;
}

/** The providers of `plugins`, by package. */
function pluginPaths(plugins: unknown): Record<string, unknown> {
  const providers = isObject(plugins) && Array.isArray(plugins.providers) ? plugins.providers : [];
  const entries = providers.flatMap((entry) =>
    isObject(entry) && typeof entry.name === "string" ? [[entry.name, entry.path] as const] : [],
  );
  return Object.fromEntries(entries);
}

function parse(text: string, file: string): Record<string, unknown> {
  // Loaded here because most commands find the name in a plain `key: value` line.
  const { parse: parseYaml } = require("yaml") as typeof import("yaml");
  let tree: unknown;
  try {
    tree = parseYaml(text);
  } catch (error) {
    throw new UserError(`${file} is not valid YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  if (!isObject(tree)) throw new UserError(`${file} must be an object with name and runtime`);
  return tree;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
