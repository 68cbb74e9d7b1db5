import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { Any } from "google-protobuf/google/protobuf/any_pb";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { filterFlowRuns } from "../../src/prefect/api/flowRuns";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { openWorkspace } from "../../src/workspace";
import { openRuns } from "../../src/workspaceRuns";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { PluginResource } from "./pluginResource";
import { type Plugin, protocol, startPlugin, structOf } from "./startPlugin";

// The FlowRun of other languages: a flow of Prefect that reports to a real Prefect server. The ledger has the run, the server what the flow
// says of itself.

describePrefect("a FlowRun of the provider whose flow reports to a real Prefect server", () => {
  // Each run imports Prefect.
  vi.setConfig({ testTimeout: 300_000 });
  const flows = join(__dirname, "..", "fixtures", "prefect", "flows");
  let client: Client;
  let plugin: Plugin;
  let dir: string;
  let env: NodeJS.ProcessEnv;
  let apiUrl: string;
  beforeAll(async () => {
    const server = await sharedServer();
    ({ apiUrl } = server);
    client = createClient(connectionOf(apiUrl, undefined, "test"));
    dir = mkdtempSync(join(tmpdir(), "pushpool-plugin-"));
    writeFileSync(join(dir, "Pulumi.yaml"), "name: py\nruntime: python\n");
    const path = `${join(server.venv, "bin")}:${process.env.PATH}`;
    env = { ...process.env, PATH: path, PUSHPOOL_HOME: join(dir, ".pushpool"), XDG_STATE_HOME: join(dir, "state"), PREFECT_API_URL: "" };
    plugin = await startPlugin({ cwd: dir, env });
    await plugin.call("configure", new protocol.provider.ConfigureRequest().setArgs(structOf({})));
  }, 600_000);
  afterAll(async () => {
    await plugin?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The arguments of a run of the flow `hello`, which greets this name. */
  async function greeting(name: string, parameters: JsonObject = {}, rest: JsonObject = {}): Promise<JsonObject> {
    const jobVariables = { working_dir: flows, env: { PREFECT_API_URL: apiUrl, PREFECT_HOME: join(dir, "prefect") } };
    const pool = await plugin.construct({ type: "pushpool:index:ProcessPushPool", name: "local", inputs: { jobVariables } });
    const inputs = { workPoolName: "local", entrypoint: "hello.py:hello", parameters: { name, ...parameters } };
    const hello = await plugin.construct({ type: "pushpool:index:Deployment", name: "hello/prefect", inputs });
    expect([pool.error, hello.error]).toEqual([undefined, undefined]);
    return { pool: pool.state.definition as string, deployment: hello.state.definition as string, ...rest };
  }

  const somebody = () => `somebody-${randomUUID().slice(0, 8)}`;
  /** The states that the server has of the runs that greet this name. */
  const onServer = async (name: string) => {
    const runs = await filterFlowRuns(client, { flows: { name: { any_: ["hello"] } } });
    return runs.filter(({ parameters }) => parameters?.name === name).map(({ state }) => state?.type);
  };
  const inLedger = async (id: string) => {
    const runs = await openRuns({ workspace: openWorkspace({ cwd: dir, env, stack: "dev" }) });
    const run = await runs.readRun(id);
    await runs.close();
    return run?.state.type;
  };

  test("it is created when the flow has COMPLETED, followed on a refresh, and runs again for a new trigger", async () => {
    const name = somebody();
    const run = new PluginResource(plugin, "FlowRun", name);
    const given = await greeting(name);
    expect(await run.up(given)).toBe("created");
    expect(run.outputs).toMatchObject({ runId: run.id, state: "COMPLETED", exitCode: 0 });
    expect([await inLedger(run.id), await onServer(name)]).toEqual(["COMPLETED", ["COMPLETED"]]);
    expect(await run.up(given)).toBe("unchanged");
    expect(await run.refresh()).toBe(true);
    expect(await run.up({ ...given, triggers: ["2"] })).toBe("replaced by triggers");
    expect(await onServer(name)).toEqual(["COMPLETED", "COMPLETED"]);
    await run.destroy();
  });

  test("a flow that fails: the error has its reason and its last lines", async () => {
    const name = somebody();
    const run = new PluginResource(plugin, "FlowRun", name);
    const error = await run.up(await greeting(name, { fail: true })).catch((thrown: Error) => thrown);
    expect(String(error)).toMatch(/is FAILED: /);
    expect(String(error)).toContain(`no greeting for ${name}`);
    expect([run.id, await onServer(name)]).toEqual(["", ["FAILED"]]);
  });

  test("without `wait` it is followed by nobody; its deletion stops the flow", async () => {
    const name = somebody();
    const run = new PluginResource(plugin, "FlowRun", name);
    const given = await greeting(name, { seconds: 3600 }, { wait: false });
    expect(await run.up(given)).toBe("created");
    const { id } = run;
    await expect.poll(() => onServer(name), { timeout: 240_000 }).toEqual(["RUNNING"]);
    expect(await run.up(given)).toBe("unchanged");
    await run.destroy();
    expect(await inLedger(id)).toBe("CANCELLED");
  });

  test("a `timeout` ends the watching: the run is in the state as not ready, and the next `up` follows it to its end", async () => {
    const name = somebody();
    const run = new PluginResource(plugin, "FlowRun", name);
    const given = await greeting(name, { seconds: 5 });
    const inputs = await run.check({ ...given, timeout: "1s" });
    const request = new protocol.provider.CreateRequest().setUrn(run.urn).setProperties(structOf(inputs));
    const answer = await plugin.call<provider.CreateResponse>("create", request);
    expect(answer.error).toMatch(/is still (SCHEDULED|PENDING|RUNNING) after 1\.0 s \(timeout\)\. It continues to run/);
    const [details] = (answer.error === undefined ? undefined : answer.metadata)?.get("grpc-status-details-bin") ?? [];
    const [any] = protocol.status.Status.deserializeBinary(details as Buffer).getDetailsList() as Any[];
    const partial = protocol.provider.ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() as Uint8Array);
    run.id = partial.getId();
    Object.assign(run, { inputs, outputs: partial.getProperties()?.toJavaScript() });
    expect(await run.up(given)).toMatch(/^updated/);
    expect(run.outputs).toMatchObject({ runId: partial.getId(), state: "COMPLETED" });
    expect(await onServer(name)).toEqual(["COMPLETED"]);
    await run.destroy();
  });
});
