import type { Json } from "../json";

/** The languages of a new project's program. A program in TypeScript is written as JavaScript, which needs no compiler. */
export const LANGUAGES = ["typescript", "python", "yaml"] as const;
export type Language = (typeof LANGUAGES)[number];

/** A value in a program: its folder, a key of the stack's configuration, an output of another component or an item of it, or data. */
export type Given =
  | { here: true }
  | { config: string }
  | { of: string; output: string; item?: number }
  | Json
  | Given[]
  | { [name: string]: Given };

/** A component that a new program declares. */
interface Declaration {
  /** Class of the component, such as `EcsPushPool`. */
  component: string;
  name: string;
  args: Record<string, Given>;
}

/** What a new program declares, in any language. */
export interface Program {
  /** Where the runs go, in one sentence. */
  about: string;
  pools: Declaration[];
  /** Who submits runs, in one sentence. */
  login?: string;
  /** The keys of the stack's configuration that it needs. */
  config?: string[];
  /** What all pools use. */
  shared?: Shared;
}

/** Components that all pools use. */
export interface Shared {
  /** Why, in one sentence. */
  about: string;
  /** The components, each with a name for the program. */
  components: (Declaration & { id: string })[];
  /** The arguments of every pool. */
  args: Record<string, Given>;
}

/** A program in Python, `__main__.py`. */
export function pythonProgram({ about, login, config = [], pools, shared }: Program): string {
  const here = JSON.stringify(pools).includes('{"here":true}');
  const more = shared ? ["**place"] : [];
  return `${here ? "from pathlib import Path\n\n" : ""}import pulumi
import pulumi_pushpool as pushpool
${shared ? pythonShared(shared) : ""}${login ? `\n# ${login}\n` : ""}${config.map((key) => `${snake(key)} = pulumi.Config().require("${key}")\n`).join("")}
# ${about} prefect.yaml names the pools.
pools = [
${pools.map((pool) => `    ${pythonCall(pool, more)},`).join("\n")}
]

# pushpool finds the pools in this output.
manifest = pushpool.Manifest("manifest", pools=[pool.definition for pool in pools])
pulumi.export("pushPools", manifest.json)
`;
}

function pythonShared({ about, components, args }: Shared): string {
  const given = Object.entries(args).map(([arg, value]) => `    ${snake(arg)}=${pythonValue(value)},\n`);
  return `
# ${about}
${components.map((each) => `${each.id} = ${pythonCall(each)}\n`).join("")}place = dict(
${given.join("")})
`;
}

function pythonCall({ component, name, args }: Declaration, more: readonly string[] = []): string {
  const given = [...more, ...Object.entries(args).map(([arg, value]) => `${snake(arg)}=${pythonValue(value)}`)];
  return `pushpool.${component}(${[JSON.stringify(name), ...given].join(", ")})`;
}

function pythonValue(value: Given): string {
  if (Array.isArray(value)) return `[${value.map((item) => pythonValue(item as Given)).join(", ")}]`;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value === null) return "None";
  if (typeof value !== "object") return JSON.stringify(value);
  if (isOutput(value)) return `${value.of}.${snake(value.output)}${value.item === undefined ? "" : `[${value.item}]`}`;
  const fields = value as Record<string, Given>;
  if (fields.here === true) return "str(Path(__file__).parent)";
  if (typeof fields.config === "string") return snake(fields.config);
  return `{${Object.entries(fields)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${pythonValue(inner)}`)
    .join(", ")}}`;
}

function isOutput(value: object): value is { of: string; output: string; item?: number } {
  return "of" in value && "output" in value;
}

function snake(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** A program in YAML, which is the project file itself. @param project its name */
export function yamlProgram(project: string, { about, login, config = [], pools, shared }: Program): string {
  const all = pools.map((pool, index) => ({
    ...pool,
    args: { ...shared?.args, ...pool.args },
    id: index === 0 ? "pool" : `pool${index + 1}`,
  }));
  const definitions = all.map(({ id }) => JSON.stringify(`\${${id}.definition}`));
  return `name: ${JSON.stringify(project)}
description: Push work pools for Prefect deployments
runtime: yaml
${PLUGIN}${config.length > 0 ? `\nconfig:\n${config.map((key) => `  ${key}: { type: string }\n`).join("")}` : ""}
# ${about} prefect.yaml names the pools.${login ? `\n# ${login}` : ""}
resources:
${shared ? `  # ${shared.about}\n${shared.components.map(yamlResource).join("")}` : ""}${all.map(yamlResource).join("")}  manifest:
    type: pushpool:Manifest
    properties:
      pools: [${definitions.join(", ")}]

# pushpool finds the pools in this output.
outputs:
  pushPools: \${manifest.json}
`;
}

function yamlResource({ id, component, name, args }: Declaration & { id: string }): string {
  const properties = Object.entries(args).map(([arg, value]) => `      ${arg}: ${yamlValue(value)}\n`);
  const given = properties.length > 0 ? `    properties:\n${properties.join("")}` : "";
  return `  ${id}:\n    type: pushpool:${component}\n    name: ${JSON.stringify(name)}\n${given}`;
}

function yamlValue(value: Given): string {
  const plain = (given: Given): Json => {
    if (Array.isArray(given)) return given.map((item) => plain(item as Given));
    if (typeof given !== "object" || given === null) return given;
    if (isOutput(given)) return `\${${given.of}.${given.output}${given.item === undefined ? "" : `[${given.item}]`}}`;
    const fields = given as Record<string, Given>;
    if (fields.here === true) return `\${pulumi.cwd}`;
    if (typeof fields.config === "string") return `\${${fields.config}}`;
    return Object.fromEntries(Object.entries(fields).map(([key, inner]) => [key, plain(inner)]));
  };
  // JSON is YAML.
  return JSON.stringify(plain(value));
}

/** Where Pulumi finds the provider, in a project file. */
const PLUGIN = `plugins:
  providers:
    - name: pushpool
      path: node_modules/pushpool
`;

/** The project file of a program in Python. */
export function pythonPulumiYaml(project: string): string {
  return `name: ${JSON.stringify(project)}
description: Push work pools for Prefect deployments
runtime:
  name: python
  options:
    toolchain: uv
${PLUGIN}`;
}

/** The pyproject.toml of a program in Python, for uv. */
export function pyproject(project: string): string {
  const name = project
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `[project]
name = ${JSON.stringify(name)}
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["pulumi>=3.200,<4", "pulumi-pushpool"]

[tool.uv]
package = false

# The npm package contains its SDK for Python.
[tool.uv.sources]
pulumi-pushpool = { path = "node_modules/pushpool/lib/sdk/python" }
`;
}
