import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadManifest } from "../../src/manifest";
import { MASK, type Secret } from "../../src/secret";
import { recordEngine } from "../../src/stacks";
import { checkTemplate } from "../../src/template";
import { offlineStack } from "../../src/testing";
import { openWorkspace } from "../../src/workspace";
import { scratch } from "../scratch";

// Complete programs, from `up` to the manifest that a run reads.

const root = join(__dirname, "../..");

/** A copy of a project, with access to the packages that it needs. */
function project(from: string, files: string[]) {
  const dir = scratch();
  for (const file of files) cpSync(join(root, from, file), join(dir, file), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const home = join(dir, ".pushpool");
  mkdirSync(home, { mode: 0o700 });
  const env = {
    ...process.env,
    PULUMI_CONFIG_PASSPHRASE: "x",
    XDG_STATE_HOME: join(dir, "state"),
    PUSHPOOL_HOME: home,
    PUSHPOOL_MANIFEST: undefined,
  };
  const load = (name: string, secrets = false) => {
    recordEngine(home, name, "dev", "offline");
    return loadManifest(openWorkspace({ cwd: dir, env }), { secrets });
  };
  return { dir, home, env, load };
}

test("examples/local: one pool, a deployment, a run of it, and a second `up` changes nothing", async () => {
  const { dir, home, env, load } = project("examples/local", ["Pulumi.yaml", "package.json", "index.js", "flows"]);
  const stack = offlineStack({ projectDir: dir, home, env });
  expect((await stack.up()).changes).toEqual({ create: 4 });
  expect((await stack.up()).unchanged).toBe(true);
  expect(await stack.outputs()).toMatchObject({ smoke: "COMPLETED" });

  const { manifest, origin, stack: id } = await load("local-example");
  expect([id, origin]).toEqual(["local-example/dev", "stack local-example/dev (offline engine)"]);
  expect(Object.keys(manifest.pools)).toEqual(["local"]);
  expect(Object.keys(manifest.deployments)).toEqual(["disk/usage"]);
  expect(manifest.deployments["disk/usage"]?.workPool).toEqual({ name: "local" });
  const template = manifest.pools.local?.baseJobTemplate;
  expect(template?.variables).toMatchObject({ properties: { working_dir: { default: dir } } });
  expect(() => checkTemplate(template ?? null, "baseJobTemplate")).not.toThrow();
});

test("the root program: without configuration one local pool; with it, the configured pools, with their secrets", async () => {
  const { dir, home, env, load } = project("", ["Pulumi.yaml", "components", "src", "tsconfig.json", "tsconfig.build.json"]);
  const one = offlineStack({ projectDir: dir, home, env });
  await one.up();
  const { manifest } = await load("pushpool");
  expect(Object.entries(manifest.pools).map(([name, { type }]) => [name, type])).toEqual([["local", "process:push"]]);

  writeFileSync(
    join(dir, "Pulumi.dev.yaml"),
    "config:\n  pushpool:pools:\n    a: { type: process:push, concurrencyLimit: 2, jobVariables: { env: { TOKEN: hunter2 } } }\n    b: { type: process:push, isPaused: true }\n",
  );
  await offlineStack({ projectDir: dir, home, env }).up();
  const { pools } = (await load("pushpool")).manifest;
  expect(Object.keys(pools)).toEqual(["a", "b"]);
  expect([pools.a?.concurrencyLimit, pools.b?.isPaused]).toEqual([2, true]);

  writeFileSync(join(dir, "Pulumi.dev.yaml"), "config:\n  pushpool:pools:\n    a: { type: proces:push }\n");
  await expect(offlineStack({ projectDir: dir, home, env }).up()).rejects.toThrow(
    /pushpool:pools\.a\.type is unknown: "proces:push": did you mean "process:push"/,
  );
});

test("a secret is one leaf of the stack: masked in the outputs, available to a run", async () => {
  const { dir, home, env, load } = project("examples/local", ["package.json"]);
  writeFileSync(join(dir, "Pulumi.yaml"), "name: secrets\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n");
  writeFileSync(
    join(dir, "index.js"),
    `const pulumi = require("@pulumi/pulumi");
const { Deployment, manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const token = pulumi.secret("hunter2");
const pool = new ProcessPushPool("local", { jobVariables: { env: { REGION: "eu", TOKEN: token } } });
const hello = new Deployment("a/b", { workPoolName: pool.workPoolName, command: "true" });
exports.pushPools = manifest({ pools: [pool], deployments: [hello], variables: { token, plain: "x" } });
`,
  );
  const stack = offlineStack({ projectDir: dir, home, env });
  const { outputs } = await stack.up();
  expect(JSON.stringify(outputs)).not.toContain("hunter2");
  expect(JSON.stringify(stack.exportState())).not.toContain("hunter2");
  expect(outputs).toMatchObject({ pushPools: { kind: "pushpool.dev/manifest", variables: { token: MASK, plain: "x" } } });

  const envOf = async (secrets: boolean) => {
    const { local } = (await load("secrets", secrets)).manifest.pools;
    const { variables } = (local?.baseJobTemplate ?? {}) as {
      variables: { properties: { env: { default: { REGION: string; TOKEN: Secret } } } };
    };
    return variables.properties.env.default;
  };
  expect([(await envOf(false)).REGION, (await envOf(false)).TOKEN.known, (await envOf(true)).TOKEN.reveal()]).toEqual([
    "eu",
    false,
    "hunter2",
  ]);
});
