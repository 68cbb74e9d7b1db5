import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { type OfflineStack, offlineStack } from "../../src/testing";
import { pulumiVenv } from "../pulumiVenv";
import { scratch } from "../scratch";

// The same program in three languages. In Python and YAML, pushpool's own provider constructs the components, in a process of its own.

const SECRET = "hunter2-is-long";

const NODE = `
const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const pool = new ProcessPushPool("local", { jobVariables: { env: { TOKEN: pulumi.secret("${SECRET}"), MODE: "test" } }, concurrencyLimit: 2 });
const hello = new Deployment("hello/prod", { workPoolName: pool.workPoolName, command: "true", tags: ["a"], description: "says hello" });
module.exports = { manifest: manifest({ pools: [pool], deployments: [hello] }) };
`;

const PYTHON = `
import pulumi


class Remote(pulumi.ComponentResource):
    def __init__(self, kind, name, props, *outputs):
        super().__init__("pushpool:index:" + kind, name, {**dict.fromkeys(outputs), **props}, None, True)


pool = Remote(
    "ProcessPushPool",
    "local",
    {"jobVariables": {"env": {"TOKEN": pulumi.Output.secret("${SECRET}"), "MODE": "test"}}, "concurrencyLimit": 2},
    "workPoolName",
    "definition",
)
hello = Remote(
    "Deployment",
    "hello/prod",
    {"workPoolName": pool.workPoolName, "command": "true", "tags": ["a"], "description": "says hello"},
    "definition",
)
all = Remote("Manifest", "manifest", {"pools": [pool.definition], "deployments": [hello.definition]}, "json")
pulumi.export("manifest", all.json)
`;

const YAML = `
resources:
  pool:
    type: pushpool:ProcessPushPool
    name: local
    properties:
      jobVariables: { env: { TOKEN: { "fn::secret": ${SECRET} }, MODE: test } }
      concurrencyLimit: 2
  hello:
    type: pushpool:Deployment
    name: hello/prod
    properties: { workPoolName: "\${pool.workPoolName}", command: "true", tags: [a], description: says hello }
  manifest:
    type: pushpool:Manifest
    properties: { pools: ["\${pool.definition}"], deployments: ["\${hello.definition}"] }
outputs:
  manifest: \${manifest.json}
`;

async function stackIn(language: string): Promise<OfflineStack> {
  const dir = join(scratch(), "same");
  mkdirSync(dir);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(dir, "node_modules"));
  const runtimes: Record<string, string> = {
    nodejs: "{ name: nodejs, options: { typescript: false } }",
    python: `{ name: python, options: { virtualenv: ${await pulumiVenv()} } }`,
    yaml: "yaml",
  };
  writeFileSync(join(dir, "Pulumi.yaml"), `name: same\nruntime: ${runtimes[language]}\n${language === "yaml" ? YAML : ""}`);
  writeFileSync(join(dir, "index.js"), NODE);
  writeFileSync(join(dir, "package.json"), '{ "name": "same", "main": "index.js" }');
  writeFileSync(join(dir, "__main__.py"), PYTHON);
  return offlineStack({ projectDir: dir, home: join(dir, "home") });
}

/** The components of a stack, without the one that only the other languages have. */
const componentsOf = ({ steps }: { steps: { type: string; name: string; custom: boolean; op: string }[] }) =>
  steps
    .filter(({ type, custom }) => !custom && !type.endsWith(":Manifest"))
    .map(({ op, type, name }) => `${op} ${type} ${name}`)
    .sort();

test("the same program in TypeScript, Python and YAML has the same plan and the same manifest, with its secrets masked", async () => {
  const seen: Json[] = [];
  for (const language of ["nodejs", "python", "yaml"]) {
    const stack = await stackIn(language);
    const plan = await stack.preview();
    const made = await stack.up();
    const again = await stack.up();
    expect([language, again.unchanged]).toEqual([language, true]);
    expect(JSON.stringify([plan, made, again, stack.exportState()])).not.toContain(SECRET);
    const { manifest } = await stack.outputs({ secrets: true });
    const tree = (typeof manifest === "string" ? JSON.parse(manifest) : manifest) as JsonObject;
    seen.push({ plan: componentsOf(plan), made: componentsOf(made), pools: tree.pools, deployments: tree.deployments } as Json);
    expect(JSON.stringify(tree)).toContain(SECRET);
  }
  const [node, python, yaml] = seen;
  expect(python).toEqual(node);
  expect(yaml).toEqual(node);
});
