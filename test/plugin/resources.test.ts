import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as provider from "@pulumi/pulumi/proto/provider_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secretOf } from "../../src/engine/propertyWire";
import type { JsonObject } from "../../src/json";
import { UNKNOWN } from "../../src/unknown";
import { openWorkspace } from "../../src/workspace";
import { openRuns } from "../../src/workspaceRuns";
import { type Plugin, protocol, startPlugin, structOf } from "./startPlugin";

// The resources of the provider, called over gRPC as Pulumi's engine calls them, for a program in Python. test/provider tests what they do.

const { CheckRequest, ConfigureRequest, CreateRequest, DeleteRequest, DiffRequest, ReadRequest, UpdateRequest } = protocol.provider;
const SECRET = "hunter2-very-secret";
const urnOf = (type: string, name: string) => `urn:pulumi:dev::py::pushpool:index:${type}::${name}`;
const URN = urnOf("FlowRun", "smoke");
const propertiesOf = (struct: { toJavaScript(): object } | undefined) => (struct?.toJavaScript() ?? {}) as JsonObject;

let plugin: Plugin;
let dir: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "pushpool-plugin-"));
  writeFileSync(join(dir, "Pulumi.yaml"), "name: py\nruntime: python\n");
  env = { ...process.env, PUSHPOOL_HOME: join(dir, ".pushpool"), XDG_STATE_HOME: join(dir, "state"), PREFECT_API_URL: "" };
  plugin = await startPlugin({ cwd: dir, env });
  const configured = await plugin.call<provider.ConfigureResponse>("configure", new ConfigureRequest().setArgs(structOf({})));
  expect(configured.response?.getAcceptsecrets()).toBe(true);
});
afterAll(async () => {
  await plugin?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function check(urn: string, news: JsonObject) {
  const request = new CheckRequest().setUrn(urn).setOlds(structOf({})).setNews(structOf(news));
  const { error, response } = await plugin.call<provider.CheckResponse>("check", request);
  const failures = response?.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`) ?? [];
  return { error, failures, inputs: propertiesOf(response?.getInputs()) };
}

/** The definitions of a local pool with a secret variable, and of a deployment on it. */
async function definitions(): Promise<{ pool: string; deployment: string }> {
  const jobVariables = { working_dir: dir, env: { TOKEN: secretOf(SECRET) } };
  const pool = await plugin.construct({ type: "pushpool:index:ProcessPushPool", name: "local", inputs: { jobVariables } });
  const inputs = { workPoolName: "local", command: "sh -c 'echo ran'" };
  const hello = await plugin.construct({ type: "pushpool:index:Deployment", name: "hello/prod", inputs });
  return { pool: pool.state.definition as never, deployment: hello.state.definition as never };
}

test("a flow run: check, create, diff, read, update, delete", async () => {
  const { inputs, failures } = await check(URN, { ...(await definitions()), triggers: ["1"] });
  expect(failures).toEqual([]);
  expect(inputs.source).toEqual({ project: "py", stack: "dev", name: "smoke" });
  expect(inputs.secretPaths).toEqual(["/pool/pool/baseJobTemplate/variables/properties/env/default/TOKEN"]);

  const created = await plugin.call<provider.CreateResponse>("create", new CreateRequest().setUrn(URN).setProperties(structOf(inputs)));
  expect(created.error).toBeUndefined();
  const id = created.response?.getId() ?? "";
  const outputs = propertiesOf(created.response?.getProperties());
  expect(outputs).toMatchObject({ runId: id, state: "COMPLETED", exitCode: 0 });
  // The one secret is in one secret output.
  expect(JSON.stringify({ ...outputs, secrets: null })).not.toContain(SECRET);
  expect(outputs.secrets).toEqual(secretOf({ "/pool/pool/baseJobTemplate/variables/properties/env/default/TOKEN": SECRET }));

  const diff = async (news: JsonObject) => {
    const request = new DiffRequest()
      .setId(id)
      .setUrn(URN)
      .setOlds(structOf(outputs))
      .setNews(structOf(news))
      .setOldInputs(structOf(inputs));
    return (await plugin.call<provider.DiffResponse>("diff", request)).response;
  };
  const { DIFF_NONE, DIFF_SOME } = protocol.provider.DiffResponse.DiffChanges;
  expect((await diff(inputs))?.getChanges()).toBe(DIFF_NONE);
  const again = await diff({ ...inputs, triggers: ["2"] });
  expect([again?.getChanges(), again?.getReplacesList(), again?.getDiffsList()]).toEqual([DIFF_SOME, ["triggers"], ["triggers"]]);

  const read = await plugin.call<provider.ReadResponse>("read", new ReadRequest().setId(id).setUrn(URN).setProperties(structOf(outputs)));
  expect([read.response?.getId(), propertiesOf(read.response?.getProperties()).state]).toEqual([id, "COMPLETED"]);

  const update = new UpdateRequest()
    .setId(id)
    .setUrn(URN)
    .setOlds(structOf(outputs))
    .setNews(structOf({ ...inputs, tags: ["smoke"] }));
  const updated = await plugin.call<provider.UpdateResponse>("update", update);
  expect(propertiesOf(updated.response?.getProperties())).toMatchObject({ tags: ["smoke"], runId: id });

  const removed = await plugin.call("delete", new DeleteRequest().setId(id).setUrn(URN).setProperties(structOf(outputs)));
  expect(removed.error).toBeUndefined();
  const runs = await openRuns({ workspace: openWorkspace({ cwd: dir, env, stack: "dev" }) });
  expect((await runs.listRuns()).map((run) => [run.id, run.deployment])).toEqual([[id, "hello/prod"]]);
  await runs.close();
});

test("the ledger of a flow run: its URL is secret, however it is given, and is checked", async () => {
  const url = `postgres://ann:${SECRET}@db/runs`;
  const { inputs, failures } = await check(URN, { ...(await definitions()), ledger: { url } });
  expect(failures).toEqual([]);
  expect(inputs.secretPaths).toContain("/ledger/url");
  expect(inputs.ledger).toEqual({ url: secretOf(url) });
  const wrong = await check(URN, { ...(await definitions()), ledger: { url: `here:${SECRET}` } });
  expect(wrong.failures).toEqual([expect.stringMatching(/ledger: the URL of the ledger is invalid: write it as postgres:/)]);
  expect(wrong.failures.join()).not.toContain(SECRET);
});

test("a flow run that fails: its reason is the error's message", async () => {
  const { pool } = await definitions();
  const failing = { workPoolName: "local", command: "sh -c 'echo gone wrong; exit 3'" };
  const { state } = await plugin.construct({ type: "pushpool:index:Deployment", name: "hello/fails", inputs: failing });
  const urn = urnOf("FlowRun", "fails");
  const { inputs } = await check(urn, { pool, deployment: state.definition as string });
  const { error } = await plugin.call("create", new CreateRequest().setUrn(urn).setProperties(structOf(inputs)));
  expect(error).toMatch(/exit code 3|exited with 3|3/);
  expect(error).toContain("gone wrong");
  expect(error).not.toMatch(/\n\s+at /);
});

test("in a preview, unknown definitions are accepted", async () => {
  const { failures, inputs } = await check(URN, { pool: UNKNOWN, deployment: UNKNOWN, parameters: { name: UNKNOWN } });
  expect(failures).toEqual([]);
  expect(inputs).toMatchObject({ pool: UNKNOWN, deployment: UNKNOWN });
});

test("a component of another kind is named", async () => {
  const { pool, deployment } = await definitions();
  expect((await check(URN, { pool: deployment, deployment })).error).toBe("pool must be the definition of a pool");
  expect((await check(URN, { pool: "local", deployment })).error).toMatch(/^pool is not a definition: give the component's definition/);
  expect((await check(URN, { pool, deployment, waitt: true })).failures[0]).toMatch(/^waitt: waitt is unknown: .*wait/);
});

test.each<[string, JsonObject, string | RegExp]>([
  ["PrefectWorkPool", {}, "type: type is missing: PrefectWorkPool needs it"],
  [
    "PrefectWorkPool",
    { type: "process:push", queues: { urgent: { priorty: 1 } } },
    /^queues\.urgent\.priorty: queues\.urgent\.priorty is unknown: .*priority/,
  ],
  ["PrefectBlock", { blockTypeSlug: "Secret", data: {} }, /^: block_type_slug must consist of lowercase/],
  ["PrefectDeployment", { parameters: { key: secretOf(SECRET) } }, /^parameters: parameters\/key is secret, but a Prefect server stores/],
])("inputs of a %s that are wrong: %j", async (type, news, message) => {
  const { failures } = await check(urnOf(type, "a/b"), news);
  if (typeof message === "string") expect(failures).toContain(message);
  else expect(failures.join("\n")).toMatch(message);
  expect(failures.join("\n")).not.toContain(SECRET);
});

test("a resource gets its own name, and its secrets stay marked", async () => {
  const { inputs } = await check(urnOf("PrefectBlock", "token"), { blockTypeSlug: "secret", data: { value: SECRET } });
  expect(inputs).toEqual({ blockTypeSlug: "secret", blockName: "token", data: secretOf({ value: SECRET }) });
});

test("an import is refused, with what to do", async () => {
  const { error } = await plugin.call("read", new ReadRequest().setId("etl").setUrn(urnOf("PrefectWorkPool", "etl")));
  expect(error).toBe(
    "a PrefectWorkPool cannot be imported or read by its id etl: declare it with adopt_existing, which takes an existing one over",
  );
});

test("the provider's configuration is checked, and its keys are secret", async () => {
  const ask = async (news: JsonObject) =>
    (await plugin.call<provider.CheckResponse>("checkConfig", new CheckRequest().setNews(structOf(news)))).response;
  expect(propertiesOf((await ask({ apiUrl: "http://here/api", authString: "a:b" }))?.getInputs())).toEqual({
    apiUrl: "http://here/api",
    authString: secretOf("a:b"),
  });
  const reasons = async (news: JsonObject) => (await ask(news))?.getFailuresList().map((failure) => failure.getReason());
  expect(await reasons({ apiUrl: "here/api" })).toEqual([expect.stringMatching(/^apiUrl must begin with http/)]);
  expect(await reasons({ apiKey: "a", authString: "b" })).toEqual(["apiKey and authString cannot both be given: leave one of them out"]);
});

test("an SDK of another version is reported", async () => {
  const { error } = await plugin.call("configure", new ConfigureRequest().setArgs(structOf({ version: "9.1.0" })));
  expect(error).toMatch(/^this program's SDK is of pushpool 9\.1\.0, but pushpool \d+\.\d+\.\d+ is installed: make the SDK again/);
});
