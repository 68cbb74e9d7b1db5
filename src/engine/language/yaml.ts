import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../../userError";
import { packageOf } from "../urn";
import type { Launch, ProgramPlace, ProgramRun } from "./language";
import { launchNode } from "./nodejs";
import type { YamlSettings } from "./yaml/yamlSettings";

/** The top-level keys of a program. Others belong to the project file. */
const PROGRAM_KEYS = ["resources", "variables", "outputs"] as const;

/**
 * Run a program in YAML: a program of pushpool declares what the file declares, with the Node SDK. A type is a component if the schema of its
 * package says so.
 * @throws {UserError} if the file has no program, or a package of it has no provider
 */
export async function launchYaml(run: ProgramRun, { folder }: ProgramPlace): Promise<Launch> {
  const { project, runner, schemaOf } = run;
  const main = join(folder, "Main.yaml");
  const file = project.main !== undefined && existsSync(main) ? main : project.file;
  const program = (parse(readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>;
  if (!PROGRAM_KEYS.some((key) => key in program))
    throw new UserError(`${file}: runtime yaml: there is no program: write resources, variables or outputs`);
  const tokens = typesIn(program.resources, file);
  const packages = [...new Set(tokens.map(packageOf))].filter((name) => name !== "pulumi");
  const schemas = await Promise.all(packages.map(schemaOf));
  const settings: YamlSettings = {
    file,
    project: project.name,
    sdk: runner,
    types: Object.assign({}, ...schemas.map((text) => typesOf(text, tokens))),
  };
  const launch = launchNode({ ...run, project: { ...project, runtimeOptions: { typescript: false } } }, { folder, entry: entry() });
  return { ...launch, env: { ...launch.env, PUSHPOOL_YAML: JSON.stringify(settings) } };
}

function typesIn(resources: unknown, file: string): string[] {
  if (resources === undefined || resources === null) return [];
  if (typeof resources !== "object") throw new UserError(`${file}: resources must be an object`);
  return Object.entries(resources).map(([name, resource]) => {
    const type = (resource as { type?: unknown } | null)?.type;
    if (typeof type !== "string" || !/^[\w-]+(:[\w/.-]+){1,2}$/.test(type))
      throw new UserError(`${file}: resources.${name}.type: must be the type of a resource, such as pushpool:LocalPool`);
    return type;
  });
}

/** What a schema says about the types with these names. */
function typesOf(schema: string | undefined, tokens: readonly string[]): YamlSettings["types"] {
  const { resources = {} } = JSON.parse(schema || "{}") as { resources?: Record<string, { isComponent?: boolean; properties?: object }> };
  const names = new Set(tokens.map((token) => token.split(":").at(-1)));
  const used = Object.entries(resources).filter(([token]) => names.has(token.split(":").at(-1)));
  return Object.fromEntries(
    used.map(([token, { isComponent = false, properties = {} }]) => [token, { isComponent, properties: Object.keys(properties) }]),
  );
}

/** The compiled program, which the SDK runs in its own process. */
function entry(): string {
  const root = dirname(createRequire(__filename).resolve("pushpool/package.json"));
  return join(root, "lib", "src", "engine", "language", "yaml", "yamlProgram.js");
}
