// The program that the Node SDK runs for a project with `runtime: yaml`. It declares what the file declares.
// PUSHPOOL_YAML: the file, and what the packages' schemas say about its types; `sdk`: a file of the SDK that runs this.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type * as Pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { Evaluator, type Result } from "./evaluator";
import { referencesIn } from "./expressions";
import { optionsOf } from "./yamlOptions";
import type { YamlSettings } from "./yamlSettings";

type Tree = Record<string, unknown>;
type Made<Options> = new (type: string, name: string, props: Pulumi.Inputs, opts: Options, remote?: boolean) => Pulumi.Resource;

const { file, sdk, types, project } = JSON.parse(process.env.PUSHPOOL_YAML ?? "{}") as YamlSettings;
const pulumi = createRequire(sdk)("@pulumi/pulumi") as typeof Pulumi;
// The classes are abstract only in TypeScript: the generated SDKs extend them, but a type is known here only by its token.
const Component = pulumi.ComponentResource as unknown as Made<Pulumi.ComponentResourceOptions>;
const Custom = pulumi.CustomResource as unknown as Made<Pulumi.CustomResourceOptions>;
const Provider = pulumi.ProviderResource as unknown as new (
  pkg: string,
  name: string,
  props: Pulumi.Inputs,
  opts: Pulumi.ResourceOptions,
) => Pulumi.Resource;
const tree = (parse(readFileSync(file, "utf8")) ?? {}) as Record<
  "resources" | "variables" | "outputs" | "config" | "configuration",
  Tree | undefined
>;
const { resources = {}, variables = {}, outputs = {} } = tree;
const declared: Tree = { ...tree.configuration, ...tree.config };
const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
const values = new Map<string, Result>();
const inProgress: string[] = [];
const evaluator = new Evaluator({ pulumi, folder: dirname(file), named, invoke });

/** The properties of a resource that the program reads: the SDK must know them before the resource is registered. */
function propertiesRead(resource: string): string[] {
  return referencesIn([resources, variables, outputs]).flatMap(({ name, path: [key] }) =>
    name === resource && typeof key === "string" ? [key] : [],
  );
}

function named(name: string): Result {
  if (values.has(name)) return values.get(name) as Result;
  if (inProgress.includes(name)) throw new Error(`${[...inProgress, name].join(" needs ")}: a cycle`);
  inProgress.push(name);
  try {
    const value = find(name);
    values.set(name, value);
    return value;
  } finally {
    inProgress.pop();
  }
}

function find(name: string): Result {
  if (name.startsWith("pulumi.")) return surrounding(name.slice("pulumi.".length));
  if (Object.hasOwn(resources, name)) return declare(name, resources[name] as Tree);
  if (Object.hasOwn(variables, name)) return evaluator.evaluate(variables[name], `variables.${name}`);
  const key = name.includes(":") ? name : `${project}:${name}`;
  if (Object.hasOwn(declared, name) || pulumi.runtime.getConfig(key) !== undefined) return configured(name, key);
  throw new Error(`there is no resource, variable or configuration named "${name}"`);
}

function surrounding(name: string): string {
  const known: Record<string, string> = {
    cwd: process.cwd(),
    project: pulumi.getProject(),
    stack: pulumi.getStack(),
    organization: pulumi.getOrganization(),
    rootDirectory: dirname(file),
  };
  if (!Object.hasOwn(known, name)) throw new Error(`pulumi.${name}: must be one of ${Object.keys(known).join(", ")}`);
  return known[name] as string;
}

function configured(name: string, key: string): Result {
  const [namespace = "", short = ""] = key.split(":");
  const config = new pulumi.Config(namespace);
  const declaration = (typeof declared[name] === "object" && declared[name] !== null ? declared[name] : {}) as {
    type?: unknown;
    default?: unknown;
  };
  const isText = declaration.type === undefined || /^string$/i.test(String(declaration.type));
  const text = config.get(short);
  if (text === undefined && declaration.default === undefined) throw new Error(`nothing sets the configuration ${key}`);
  const value = text === undefined ? declaration.default : isText ? text : JSON.parse(text);
  return secretKeys.includes(key) ? pulumi.secret(value) : value;
}

/** The full token of a type: `pkg:Type` is short for `pkg:index:Type`, and `pkg:mod:Type` for `pkg:mod/type:Type` where the schema says so. */
function tokenOf(type: string): string {
  const [pkg = "", module = "", name] = type.split(":");
  if (name === undefined) return `${pkg}:index:${module}`;
  const long = `${pkg}:${module}/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
  return Object.hasOwn(types, type) || !Object.hasOwn(types, long) ? type : long;
}

function declare(name: string, declaration: Tree): Pulumi.Resource {
  const at = `resources.${name}`;
  const { type, name: given = name, properties = {}, options = {}, get } = declaration;
  if (typeof type !== "string") throw new Error(`${at}.type: must be the type of a resource, such as pushpool:LocalPool`);
  const opts = optionsOf(options as Tree, evaluator, `${at}.options`);
  const inputs = evaluator.evaluate(properties, `${at}.properties`) as Pulumi.Inputs;
  const label = String(given);
  const [, provided] = /^pulumi:providers:(.+)$/.exec(type) ?? [];
  if (provided !== undefined) return new Provider(provided, label, inputs, opts);
  if (type === "pulumi:pulumi:StackReference") return new pulumi.StackReference(String(inputs.name ?? label), {}, opts);
  const token = tokenOf(type);
  const { isComponent = false, properties: known = [] } = types[token] ?? {};
  const outputs = Object.fromEntries(
    [...known, ...propertiesRead(name)].filter((key) => key !== "id" && key !== "urn").map((key) => [key, undefined]),
  );
  if (isComponent) return new Component(token, label, { ...outputs, ...inputs }, opts, true);
  if (get === undefined) return new Custom(token, label, { ...outputs, ...inputs }, opts);
  const { id, state = {} } = evaluator.evaluate(get, `${at}.get`) as { id: Pulumi.Input<string>; state?: Pulumi.Inputs };
  return new Custom(token, label, { ...outputs, ...state }, { ...opts, id });
}

function invoke(call: Tree, at: string): Result {
  const { function: token, arguments: args = {}, options = {}, return: only } = call;
  if (typeof token !== "string") throw new Error(`${at}.function: must be the token of a function`);
  const opts = optionsOf(options as Tree, evaluator, `${at}.options`) as Pulumi.InvokeOutputOptions;
  const [pkg, module, name] = token.split(":");
  const full = name === undefined ? `${pkg}:index:${module}` : token;
  const returned = pulumi.runtime.invokeOutput<Tree>(full, evaluator.evaluate(args, `${at}.arguments`) as Pulumi.Inputs, opts);
  return only === undefined ? returned : returned.apply((value) => value[String(only)]);
}

// An error of the file is shown without a stack of this program.
export = function run(): Record<string, Result> {
  try {
    for (const name of Object.keys(resources)) named(name);
    for (const name of Object.keys(variables)) named(name);
    return Object.fromEntries(Object.keys(outputs).map((name) => [name, evaluator.evaluate(outputs[name], `outputs.${name}`)]));
  } catch (error) {
    if (pulumi.RunError.isInstance(error)) throw error;
    throw new pulumi.RunError(`${file}: ${(error as Error).message}`);
  }
};
