import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { upwards } from "../home";
import { UserError } from "../userError";

/** What a Pulumi.yaml says, as far as pushpool needs it (https://www.pulumi.com/docs/iac/concepts/projects/project-file/). */
export interface Project {
  name: string;
  /** The folder of the Pulumi.yaml. */
  dir: string;
  /** Path of its file. */
  file: string;
  /** Folder or file of the program, below `dir`. */
  main?: string;
  runtime: string;
  runtimeOptions: Record<string, unknown>;
  /** Absolute folder of the stacks' configuration files, if it is not `dir`. */
  stackConfigDir?: string;
  /** Configuration that holds for every stack, or is declared for it; as written. */
  config: Record<string, unknown>;
}

const FILES = ["Pulumi.yaml", "Pulumi.yml"];

/** The nearest folder upwards that has a Pulumi.yaml. */
export function findProjectDir(from: string): string | undefined {
  return upwards(from, (folder) => FILES.some((file) => existsSync(join(folder, file))));
}

/**
 * Read a project file.
 * @throws {UserError} naming the field that is wrong
 */
export function readProject(dir: string): Project {
  const file = FILES.map((name) => join(dir, name)).find((path) => existsSync(path)) ?? join(dir, "Pulumi.yaml");
  if (!existsSync(file)) throw new UserError(`there is no ${file}: a Pulumi project has one`);
  const text = readFileSync(file, "utf8");
  const { name, main, runtime, config, stackConfigDir } = parse(text, file);
  if (typeof name !== "string" || !/^[A-Za-z0-9_.-]+$/.test(name))
    throw new UserError(`${file}: name must be a text of letters, digits, "-", "_" and "."`);
  if (main !== undefined && typeof main !== "string") throw new UserError(`${file}: main must be a text`);
  const runtimeName = typeof runtime === "string" ? runtime : (runtime as { name?: unknown } | null | undefined)?.name;
  if (typeof runtimeName !== "string") throw new UserError(`${file}: runtime must name a language, such as nodejs`);
  const options = typeof runtime === "object" && runtime !== null ? (runtime as { options?: Record<string, unknown> }).options : undefined;
  if (stackConfigDir !== undefined && typeof stackConfigDir !== "string") throw new UserError(`${file}: stackConfigDir must be a text`);
  return {
    name,
    dir,
    file,
    ...(main === undefined ? {} : { main }),
    runtime: runtimeName,
    runtimeOptions: options ?? {},
    ...(stackConfigDir === undefined ? {} : { stackConfigDir: resolve(dir, stackConfigDir) }),
    // Before projects had configuration of their own, this named the folder of the stacks' files.
    config: isObject(config) ? config : {},
    ...(typeof config === "string" ? { stackConfigDir: resolve(dir, config) } : {}),
  };
}

/**
 * The name of a project, which nearly every command needs and nearly every project file has as a plain line: only for one that has not is
 * the YAML read as such. An unindented line of this form is the top-level key, whatever else the file holds.
 * @throws {UserError} as {@link readProject}
 */
export function readProjectName(dir: string): string {
  const file = FILES.map((name) => join(dir, name)).find((path) => existsSync(path));
  const plain = file === undefined ? null : /^name: +([A-Za-z0-9_.-]+) *$/m.exec(readFileSync(file, "utf8"));
  return plain?.[1] ?? readProject(dir).name;
}

function parse(text: string, file: string): Record<string, unknown> {
  // Loaded here: most commands that look for a project never find more than plain `key: value` lines.
  const { parse: parseYaml } = require("yaml") as typeof import("yaml");
  let tree: unknown;
  try {
    tree = parseYaml(text);
  } catch (error) {
    throw new UserError(`${file} is not YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  if (!isObject(tree)) throw new UserError(`${file} must be an object with name and runtime`);
  return tree;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
