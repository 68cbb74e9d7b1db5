import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(__dirname, "..", "..");
const checkedIn = readFileSync(join(root, "plugin", "schema.json"), "utf8");

interface Spec {
  type?: string;
  $ref?: string;
  items?: Spec;
  additionalProperties?: Spec;
  description?: string;
  plain?: boolean;
  secret?: boolean;
}
interface Resource {
  isComponent?: boolean;
  description?: string;
  inputProperties: Record<string, Spec>;
  requiredInputs: string[];
  properties: Record<string, Spec>;
  required: string[];
}
const schema = JSON.parse(checkedIn) as {
  name: string;
  version: string;
  types: Record<
    string,
    { type: string; description?: string; properties?: Record<string, Spec>; required?: string[]; enum?: { name: string; value: string }[] }
  >;
  resources: Record<string, Resource>;
  provider: Resource;
};

test("the schema is that of the sources: if not, run `npm run schema`", async () => {
  const { schemaText } = (await import(join(root, "scripts", "schema.mjs"))) as { schemaText(): string };
  expect(checkedIn).toBe(schemaText());
});

test("every component of the schema has its class, and every class that a program can use is in the schema", () => {
  // The built one: vitest does not convert the sources that a `require` loads.
  const { componentOf } = createRequire(__filename)(join(root, "lib/plugin/components.js")) as {
    componentOf(token: string): { name: string };
  };
  const components = Object.entries(schema.resources).filter(([, { isComponent }]) => isComponent);
  for (const [token] of components) expect(componentOf(token).name, token).toBe(token.split(":")[2]);
  expect(Object.keys(schema.resources)).toMatchSnapshot();
});

/** All types of the schema, each with its place. */
function specs(): [at: string, spec: Spec][] {
  const found: [string, Spec][] = [];
  const add = (at: string, spec: Spec) => {
    found.push([at, spec]);
    if (spec.items) add(`${at}[]`, spec.items);
    if (spec.additionalProperties) add(`${at}{}`, spec.additionalProperties);
  };
  const addAll = (at: string, properties: Record<string, Spec> = {}) => {
    for (const [name, spec] of Object.entries(properties)) add(`${at}.${name}`, spec);
  };
  for (const [token, { inputProperties, properties }] of Object.entries({ ...schema.resources, Provider: schema.provider })) {
    addAll(`${token} inputs`, inputProperties);
    addAll(`${token} outputs`, properties);
  }
  for (const [token, { properties }] of Object.entries(schema.types)) addAll(token, properties);
  return found;
}

test("every reference leads to a type, and every type can be expressed in all languages", () => {
  for (const [at, spec] of specs()) {
    const kinds = [spec.$ref !== undefined, spec.type !== undefined].filter(Boolean);
    expect(kinds, at).toHaveLength(1);
    if (spec.$ref?.startsWith("#/types/")) expect(schema.types[spec.$ref.slice("#/types/".length)], `${at} -> ${spec.$ref}`).toBeDefined();
    else if (spec.$ref !== undefined) expect(spec.$ref, at).toBe("pulumi.json#/Any");
    if (spec.type !== undefined) expect(["string", "integer", "boolean", "array", "object"], at).toContain(spec.type);
    if (spec.type === "array") expect(spec.items, at).toBeDefined();
    if (spec.type === "object") expect(spec.additionalProperties, at).toBeDefined();
  }
});

// https://github.com/pulumi/pulumi/blob/master/pkg/codegen/schema/pulumi.json and the reserved names of its checks.
const TOKEN = /^[a-zA-Z][-a-zA-Z0-9_]*:([^0-9][a-zA-Z0-9._/-]*)?:[^0-9][a-zA-Z0-9._/-]*$/;
const RESERVED = ["urn", "pulumi", "get", "getResource", "toString", "constructor"];
/** Words that no language of the SDKs can have as a name after its conversion. */
const KEYWORDS =
  /^(class|def|from|import|lambda|pass|global|async|await|func|go|map|chan|range|select|namespace|event|operator|params|object)$/;

test("no output of a component is secret here: what the generator for Java makes of that does not compile, and the provider marks it", () => {
  const outputs = Object.entries(schema.resources).flatMap(([token, { isComponent, properties }]) =>
    Object.entries(properties).flatMap(([name, { secret }]) => (isComponent && secret ? [`${token}.${name}`] : [])),
  );
  expect(outputs).toEqual([]);
  expect(schema.resources["pushpool:index:PrefectBlock"]?.inputProperties.data?.secret).toBe(true);
});

test("tokens and names are valid", () => {
  for (const token of [...Object.keys(schema.resources), ...Object.keys(schema.types)]) expect(token).toMatch(TOKEN);
  for (const [at] of specs()) {
    const name = (at.split(/[.]/).at(-1) ?? "").replace(/[[\]{}]/g, "");
    expect(RESERVED, at).not.toContain(name);
    expect(name, at).not.toMatch(KEYWORDS);
    expect(name, at).toMatch(/^[a-z][A-Za-z0-9]*$/);
  }
  for (const [token, { required, properties, requiredInputs, inputProperties, isComponent }] of Object.entries(schema.resources)) {
    expect(Object.keys(properties), token).toEqual(expect.arrayContaining(required));
    expect(Object.keys(inputProperties), token).toEqual(expect.arrayContaining(requiredInputs));
    if (!isComponent) expect(Object.keys({ ...properties, ...inputProperties }), token).not.toContain("id");
  }
  for (const { enum: values } of Object.values(schema.types)) {
    const names = (values ?? []).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});

test("everything is described, in words that no language owns", () => {
  for (const [token, { description }] of [...Object.entries(schema.resources), ...Object.entries(schema.types)])
    expect(description, token).toMatch(/\S/);
  for (const [at, { description }] of specs().filter(([at]) => !/[\]}]$/.test(at))) expect(description, at).toMatch(/\S/);
  expect(checkedIn).not.toMatch(/\{@|```ts|\[object Object\]/);
});
