// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of Pulumi YAML
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { partsOf } from "../../src/engine/language/yaml/expressions";
import { type OfflineStack, offlineStack } from "../../src/testing";
import { serveProvider } from "../../src/testing/providers";
import { scratch } from "../scratch";

// Programs in YAML.

function yamlProject(program: string, providers: Record<string, number> = {}, env?: NodeJS.ProcessEnv): OfflineStack {
  const dir = join(scratch(), "yml");
  mkdirSync(dir);
  writeFileSync(join(dir, "Pulumi.yaml"), `name: yml\nruntime: yaml\n${program}\n`);
  writeFileSync(join(dir, "word.txt"), "a file");
  const config = { "yml:who": "Ada", "yml:pin": "hidden away" };
  return offlineStack({ projectDir: dir, home: join(dir, "home"), providers, config, ...(env ? { env } : {}) });
}

const PROGRAM = `
config:
  who: { type: string }
  size: { type: integer, default: 3 }
  pin: { type: string, secret: true }
variables:
  greeting: Hello, \${who}!
  listed: { "fn::join": ["-", [a, "\${box.label}", c]] }
resources:
  late:
    type: acme:Box
    properties: { label: "\${box.label}/\${size}", pin: "\${pin}" }
    options: { dependsOn: ["\${box}"], protect: false }
  box:
    type: acme:index:Box
    properties: { label: "\${greeting}" }
outputs:
  label: \${late.label}
  url: \${box.url}
  pin: \${late.pin}
  listed: \${listed}
  json: { "fn::toJSON": { list: [1, "\${size}"] } }
  parsed: { "fn::fromJSON": '{"a": [true]}' }
  coded: { "fn::toBase64": abc }
  second: { "fn::select": [1, { "fn::split": [",", "x,y"] }] }
  secret: { "fn::secret": also hidden }
  file: { "fn::readFile": ./word.txt }
  escaped: costs $\${5}
  project: \${pulumi.project}/\${pulumi.stack}
`;

test("a program in YAML goes through preview, update, no change and destroy", async () => {
  const { port, stop } = await serveProvider({
    resources: { "acme:index:Box": { create: ({ label }) => ({ id: "box-1", outputs: { url: `https://${label}` } }) } },
  });
  try {
    const stack = yamlProject(PROGRAM, { acme: port });
    expect(await stack.preview()).toMatchObject({ changes: { create: 3 }, outputs: { label: "Hello, Ada!/3" } });
    const made = await stack.up();
    expect(made.outputs).toEqual({
      label: "Hello, Ada!/3",
      url: "https://Hello, Ada!",
      pin: "[secret]",
      listed: "a-Hello, Ada!-c",
      json: '{"list":[1,3]}',
      parsed: { a: [true] },
      coded: "YWJj",
      second: "y",
      secret: "[secret]",
      file: "a file",
      escaped: "costs ${5}",
      project: "yml/dev",
    });
    expect(JSON.stringify([made, stack.exportState()])).not.toMatch(/hidden away|also hidden/);
    expect((await stack.up()).unchanged).toBe(true);
    expect((await stack.destroy()).changes).toEqual({ delete: 3 });
  } finally {
    stop();
  }
});

test("the provider that gives the schema is the one that makes the resources", async () => {
  const dir = scratch();
  const starts = join(dir, "starts");
  const own = join(__dirname, "..", "..", "pulumi-resource-pushpool");
  writeFileSync(join(dir, "pulumi-resource-pushpool"), `#!/bin/sh\necho one >> ${starts}\nexec ${own} "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", PATH: `${dir}:${process.env.PATH}` };
  const stack = yamlProject("resources: { local: { type: 'pushpool:ProcessPushPool' } }", {}, env);
  expect((await stack.up()).changes.create).toBeGreaterThan(1);
  expect(readFileSync(starts, "utf8")).toBe("one\n");
});

test.each([
  ["outputs: { a: '${nothing.b}' }", /Pulumi\.yaml: outputs\.a: there is no resource, variable or configuration named "nothing"$/],
  [
    "outputs: { a: { 'fn::rotate13': x } }",
    /outputs\.a\.fn::rotate13: the offline engine does not support fn::rotate13 yet: use --engine pulumi$/,
  ],
  ["variables: { a: '${b}', b: '${a}' }", /a needs b needs a: a cycle$/],
  ["outputs: { a: '${b' }", /outputs\.a: "\$\{b": a reference has no closing brace$/],
  ["resources: { a: { properties: {} } }", /Pulumi\.yaml: resources\.a\.type: must be the type of a resource/],
  [
    "resources: { a: { type: 'pulumi:pulumi:StackReference', options: { hooks: x } } }",
    /resources\.a\.options\.hooks: the offline engine does not support/,
  ],
  ["description: nothing", /runtime yaml: there is no program: write resources, variables or outputs$/],
  ["resources: { a: { type: 'nowhere:Box' } }", /has no provider for the package nowhere/],
])("%s is refused with its place", async (program, message) => {
  const error = await yamlProject(program)
    .up()
    .catch((thrown: Error) => thrown);
  expect((error as Error).message).toMatch(message);
  expect(error).toMatchObject({ exitCode: 2 });
});

test.each([
  ["plain", ["plain"]],
  ["", [""]],
  ["${a}", [{ name: "a", path: [] }]],
  ["x ${a.b[0]} y", ["x ", { name: "a", path: ["b", 0] }, " y"]],
  ['${a["k.e-y"].c}', [{ name: "a", path: ["k.e-y", "c"] }]],
  ["${pulumi.stack}", [{ name: "pulumi.stack", path: [] }]],
  ["${aws:region}", [{ name: "aws:region", path: [] }]],
  ["$${a} ${b}", ["${a} ", { name: "b", path: [] }]],
])("the expression %s", (text, parts) => {
  expect(partsOf(text)).toEqual(parts);
});
