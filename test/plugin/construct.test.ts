import { afterAll, beforeAll, expect, test } from "vitest";
import { secretOf } from "../../src/engine/propertyWire";
import type { JsonObject } from "../../src/json";
import { UNKNOWN } from "../../src/unknown";
import { type Plugin, type Registered, startMonitor, startPlugin } from "./startPlugin";

// The built provider over real gRPC, as Pulumi's CLI drives it.

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const outputValue = (value: JsonObject | string | undefined, rest: object = {}) => ({
  [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  ...(value === undefined ? {} : { value }),
  ...rest,
});
const IMAGE = "urn:pulumi:dev::proj::docker-build:index:Image::flows";

let plugin: Plugin;
beforeAll(async () => {
  plugin = await startPlugin();
});
afterAll(() => plugin?.stop());

/** A text output as plain text, and whether it is secret. */
function textOf(value: unknown): { isSecret: boolean; tree: JsonObject } {
  const isSecret = typeof value === "object";
  return { isSecret, tree: JSON.parse(isSecret ? (value as { value: string }).value : (value as string)) };
}

const local = (jobVariables: JsonObject = {}, rest: Partial<Parameters<Plugin["construct"]>[0]> = {}) =>
  plugin.construct({ type: "pushpool:index:ProcessPushPool", name: "local", inputs: { concurrencyLimit: 4, jobVariables }, ...rest });

test("a component without secrets: its outputs are plain, and its inputs are registered", async () => {
  const { error, urn, state, registered, registeredOutputs } = await local({ working_dir: "/app" });
  expect(error).toBeUndefined();
  expect(urn).toBe("urn:pulumi:dev::proj::pushpool:index:ProcessPushPool::local");
  expect(state.workPoolName).toBe("local");
  const { isSecret, tree } = textOf(state.definition);
  expect(isSecret).toBe(false);
  expect(tree).toMatchObject({ name: "local", pool: { type: "process:push", concurrencyLimit: 4 }, blocks: {} });
  expect(tree).not.toHaveProperty("secretPaths");
  expect(registered).toMatchObject([{ type: "pushpool:index:ProcessPushPool", name: "local", inputs: { concurrencyLimit: 4 } }]);
  expect(registeredOutputs[urn]).toEqual({ workPoolName: "local" });
});

test.each<[string, JsonObject]>([
  ["in its own place", { env: { REGION: "eu", TOKEN: secretOf("s3cret") } }],
  ["as an output", { env: { REGION: "eu", TOKEN: outputValue("s3cret", { secret: true }) } }],
])("a secret %s: the definition is one secret, and names it", async (_, jobVariables) => {
  const { state, registered } = await local(jobVariables);
  const { isSecret, tree } = textOf(state.definition);
  expect(isSecret).toBe(true);
  expect(tree.secretPaths).toEqual(["/pool/baseJobTemplate/variables/properties/env/default/TOKEN"]);
  expect(registered[0]?.inputs.jobVariables).toEqual({ env: { REGION: "eu", TOKEN: secretOf("s3cret") } });
});

test("a whole argument as one secret: every value in it is secret", async () => {
  const { state } = await local(secretOf({ env: { A: "1", B: "2" } }));
  const at = "/pool/baseJobTemplate/variables/properties/env/default";
  expect(textOf(state.definition).tree.secretPaths).toEqual([`${at}/A`, `${at}/B`]);
});

test("an unknown value in a preview: the rest of the definition is known and checked, and a manifest of it is unknown", async () => {
  const { error, state } = await local({ env: { IMAGE: outputValue(undefined) } }, { dryRun: true });
  expect(error).toBeUndefined();
  expect(state.workPoolName).toBe("local");
  const { name, pool } = textOf(state.definition).tree as { name: string; pool: JsonObject };
  expect([name, pool.concurrencyLimit]).toEqual(["local", 4]);
  expect(JSON.stringify(pool)).toContain(`"default":{"IMAGE":"${UNKNOWN}"}`);
  const whole = { type: "pushpool:index:Manifest", name: "m", inputs: { pools: [state.definition as string] }, dryRun: true };
  expect((await plugin.construct(whole)).state.json).toBe(UNKNOWN);
  const wrong = await local({ envv: { IMAGE: outputValue(undefined) } }, { dryRun: true });
  expect(wrong.error).toMatch(/^jobVariables\.envv is .*env/);
});

test("what an argument depends on, its children and outputs depend on", async () => {
  const { state, dependencies, registered } = await plugin.construct({
    type: "pushpool:index:CloudRunPushPool",
    name: "etl",
    inputs: { project: "acme", region: "europe-west1", jobVariables: { image: outputValue("acme/flows:1", { dependencies: [IMAGE] }) } },
    outputs: ({ type, name }) => ({ email: `${name}@acme.iam`, ...(type.endsWith(":Key") ? { privateKey: secretOf("e30=") } : {}) }),
  });
  expect(dependencies.definition).toContain(IMAGE);
  expect(textOf(state.definition).isSecret).toBe(true);
  expect(registered.map(({ type, parent }) => `${type} in ${parent.split("::").at(-1)}`)).toMatchSnapshot();
});

test("options arrive at the component and its children", async () => {
  const provider = "urn:pulumi:dev::proj::pulumi:providers:gcp::mine::some-id";
  const { registered, error } = await plugin.construct({
    type: "pushpool:index:CloudRunPushPool",
    name: "etl",
    inputs: { project: "acme", region: "europe-west1" },
    set: (request) => {
      request.setProtect(true).setParent("urn:pulumi:dev::proj::my:index:Team::data").setIgnorechangesList(["labels"]);
      request.setDependenciesList([IMAGE]).getProvidersMap().set("gcp", provider);
      request.setAliasesList([
        new (require("@pulumi/pulumi/proto/alias_pb").Alias)().setUrn("urn:pulumi:dev::proj::pushpool:index:CloudRunPushPool::old"),
      ]);
    },
  });
  expect(error).toBeUndefined();
  const [pool, ...children] = registered;
  expect(pool).toMatchObject({
    parent: expect.stringContaining("Team::data"),
    protect: true,
    ignoreChanges: ["labels"],
    providers: { gcp: provider },
  });
  expect(pool?.aliases).toEqual(["urn:pulumi:dev::proj::pushpool:index:CloudRunPushPool::old"]);
  for (const child of children) {
    expect(child).toMatchObject({ parent: expect.stringContaining("CloudRunPushPool::etl"), provider });
  }
  expect(children.filter(({ dependencies }) => dependencies.includes(IMAGE)).length).toBeGreaterThan(0);
});

test("the manifest of several: one text, with the secrets of all", async () => {
  const pool = (await local({ env: { TOKEN: secretOf("s3cret") } })).state;
  const deployment = await plugin.construct({
    type: "pushpool:index:Deployment",
    name: "hello/prod",
    inputs: { workPoolName: "local", command: "node hello.mjs", jobVariables: { env: { KEY: secretOf("other") } } },
  });
  const { state } = await plugin.construct({
    type: "pushpool:index:Manifest",
    name: "manifest",
    inputs: {
      pools: [pool.definition as string],
      deployments: [deployment.state.definition as string],
      blocks: { "secret/token": { data: { value: secretOf("third") } } },
      variables: { bucket: "orders" },
    },
  });
  const { isSecret, tree } = textOf(state.json);
  expect(isSecret).toBe(true);
  expect(tree).toMatchObject({
    kind: "pushpool.dev/manifest",
    source: { project: "proj", stack: "dev" },
    variables: { bucket: "orders" },
    deployments: { "hello/prod": { command: "node hello.mjs" } },
  });
  expect(tree.secretPaths).toEqual([
    "/pools/local/baseJobTemplate/variables/properties/env/default/TOKEN",
    "/blocks/secret~1token/data/value",
    "/deployments/hello~1prod/workPool/jobVariables/env/KEY",
  ]);
});

test("a manifest with a credentials block, a Prefect API and a ledger: only their secrets are named", async () => {
  const block = await plugin.construct({
    type: "pushpool:index:AwsCredentialsBlock",
    name: "team",
    inputs: { accessKeyId: "AKIA", secretAccessKey: "key-of-nobody", region: "eu-west-1" },
  });
  const pool = (await local()).state.definition as string;
  const { state, error } = await plugin.construct({
    type: "pushpool:index:Manifest",
    name: "manifest",
    inputs: {
      pools: [pool],
      blocks: { "aws-credentials/team": block.state.definition as JsonObject },
      prefect: { apiUrl: "http://here/api", auth: "a:b", blockIds: { "aws-credentials/team": "some-id" } },
      ledger: { url: secretOf("postgres://u:p@h/d") },
    },
  });
  expect(error).toBeUndefined();
  const { tree } = textOf(state.json);
  expect(tree).toMatchObject({ prefect: { apiUrl: "http://here/api" }, blocks: { "aws-credentials/team": { id: "some-id" } } });
  expect([...(tree.secretPaths as string[])].sort()).toEqual([
    "/blocks/aws-credentials~1team/data/aws_secret_access_key",
    "/ledger/url",
    "/prefect/auth",
  ]);
});

test("a manifest without secrets is not secret", async () => {
  const { state } = await local();
  const made = await plugin.construct({
    type: "pushpool:index:Manifest",
    name: "manifest",
    inputs: { pools: [state.definition as string] },
  });
  expect(textOf(made.state.json).isSecret).toBe(false);
});

test.each<[string, string, string, JsonObject, string | RegExp]>([
  [
    "an unknown argument",
    "ProcessPushPool",
    "local",
    { concurencyLimit: 1 },
    'concurencyLimit is unknown: did you mean "concurrencyLimit"?',
  ],
  ["a missing argument", "Deployment", "a/b", { command: "x" }, "workPoolName is missing: Deployment needs it"],
  ["a wrong type", "ProcessPushPool", "local", { concurrencyLimit: "many" }, /^concurrencyLimit must be a whole number/],
  [
    "a name that is not known",
    "ProcessPushPool",
    "local",
    { workPoolName: outputValue(undefined) },
    "workPoolName must be known while the program runs: it cannot come from another resource",
  ],
  ["a secret name", "ProcessPushPool", "local", { workPoolName: secretOf("x") }, /^workPoolName must not be secret/],
  [
    "an unknown map",
    "ProcessPushPool",
    "local",
    { jobVariables: outputValue(undefined) },
    "jobVariables must be known while the program runs: only the values in it may come from other resources",
  ],
  ["an unknown component", "Pool", "local", {}, "this pushpool has no component pushpool:index:Pool"],
  [
    "something else as a pool",
    "Manifest",
    "m",
    { pools: ["etl"] },
    "pools[0] is not a definition: give the component's definition, for example etl.definition",
  ],
])("%s fails with one message", async (_, type, name, inputs, message) => {
  const { error } = await plugin.construct({ type: `pushpool:index:${type}`, name, inputs });
  if (typeof message === "string") expect(error).toBe(message);
  else expect(error).toMatch(message);
});

test("an error in an output's function fails the call that waits for it", async () => {
  const { error } = await plugin.construct({
    type: "pushpool:index:CloudRunPushPool",
    name: "etl",
    inputs: { project: "acme", region: "europe-west1", jobVariables: {}, image: { context: ".", args: { KEY: secretOf("x") } } },
  });
  expect(error).toMatch(/image/);
});

test("calls overlap, each in its own project", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `pool-${index}`);
  const all = await Promise.all(names.map((name) => plugin.construct({ type: "pushpool:index:ProcessPushPool", name, inputs: {} })));
  expect(all.map(({ state }) => state.workPoolName)).toEqual(names);
  for (const [index, { registered }] of all.entries()) expect(registered.map(({ name }) => name)).toEqual([names[index]]);
});

test("components of one program that are asked for at once share one connection, and one question about its engine", async () => {
  const registered: Registered[] = [];
  let questions = 0;
  const onFeatures = () => {
    questions++;
  };
  const monitor = await startMonitor(registered, {}, { onFeatures });
  try {
    const names = Array.from({ length: 8 }, (_, index) => `pool-${index}`);
    const set: Parameters<Plugin["construct"]>[0]["set"] = (request) => request.setMonitorendpoint(monitor.address);
    const made = await Promise.all(
      names.map((name) => plugin.construct({ type: "pushpool:index:ProcessPushPool", name, inputs: {}, set })),
    );
    expect(made.map(({ error, state }) => error ?? state.workPoolName)).toEqual(names);
    expect(registered.map(({ name }) => name).sort()).toEqual(names);
    expect(questions).toBe(1);
  } finally {
    monitor.close();
  }
});
