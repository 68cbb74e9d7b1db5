import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secretOf } from "../../src/engine/propertyWire";
import type { JsonObject } from "../../src/json";
import { readAutomation } from "../../src/prefect/api/automations";
import { readBlock } from "../../src/prefect/api/blocks";
import { readDeployment } from "../../src/prefect/api/deployments";
import { patchWorkPool, readWorkPool } from "../../src/prefect/api/workPools";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { UNKNOWN } from "../../src/unknown";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { PluginResource } from "./pluginResource";
import { type Plugin, protocol, startPlugin, structOf } from "./startPlugin";

// The Prefect resources of the provider over gRPC, against a real Prefect server. test/prefect tests all that they do; here it is the
// message on the wire: which values are secret, which differ, and what a preview says.

const SECRET = "hunter2-very-secret";
const AUTH = "admin:not-checked-by-this-server";

describePrefect("the Prefect resources of the provider on a real Prefect server", () => {
  let client: Client;
  let plugin: Plugin;
  let dir: string;
  beforeAll(async () => {
    const { apiUrl } = await sharedServer();
    client = createClient(connectionOf(apiUrl, undefined, "test"));
    dir = mkdtempSync(join(tmpdir(), "pushpool-plugin-"));
    plugin = await startPlugin({ cwd: dir, env: { PUSHPOOL_HOME: join(dir, ".pushpool"), PREFECT_API_URL: "" } });
    // An explicit provider, whose key becomes part of each resource.
    const args = structOf({ apiUrl, authString: secretOf(AUTH) });
    const { error } = await plugin.call("configure", new protocol.provider.ConfigureRequest().setArgs(args));
    expect(error).toBeUndefined();
  }, 600_000);
  afterAll(async () => {
    await plugin?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const named = (kind: string) => `${kind}-${randomUUID().slice(0, 8)}`;
  /** The outputs without what is marked as secret: nothing secret may be left. */
  const clear = ({ inputs, outputs }: PluginResource) => {
    const text = JSON.stringify([inputs, outputs], (_, value) => (isMarked(value) ? "[secret]" : value));
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(AUTH);
    return text;
  };
  const isMarked = (value: unknown) => JSON.stringify(secretOf("")).slice(0, 40) === JSON.stringify(value)?.slice(0, 40);

  test("a work pool", async () => {
    const name = named("pool");
    const pool = new PluginResource(plugin, "PrefectWorkPool", name);
    const template = { job_configuration: { command: "{{ command }}" }, variables: { properties: { command: { type: "string" } } } };
    const inputs: JsonObject = {
      type: "process:push",
      baseJobTemplate: template,
      concurrencyLimit: 4,
      queues: { urgent: { priority: 1 } },
    };
    expect(await pool.up(inputs)).toBe("created");
    expect(pool.outputs).toMatchObject({ workPoolName: name, apiUrl: client.connection.apiUrl, connectionAuth: secretOf(AUTH) });
    expect(pool.outputs.workPoolId).toBe((await readWorkPool(client, name))?.id);
    clear(pool);
    expect(await pool.up(inputs)).toBe("unchanged");
    expect(await pool.up({ ...inputs, concurrencyLimit: 2 })).toBe("updated concurrencyLimit");
    await patchWorkPool(client, name, { concurrency_limit: 9 });
    expect(await pool.refresh()).toBe(true);
    expect(pool.outputs.concurrencyLimit).toBe(9);
    expect(await pool.up({ ...inputs, concurrencyLimit: 2 })).toMatch(/^updated/);
    expect(await pool.up({ ...inputs, type: "ecs:push" })).toBe("replaced by type");
    await pool.destroy();
    expect(await readWorkPool(client, name)).toBeUndefined();
  });

  test("a block: its data is secret, marked by the program or not", async () => {
    const block = new PluginResource(plugin, "PrefectBlock", named("block"));
    const inputs = (value: JsonObject[string]): JsonObject => ({ blockTypeSlug: "secret", data: { value } });
    expect(await block.up(inputs(SECRET))).toBe("created");
    expect(block.outputs.data).toEqual(secretOf({ value: SECRET }));
    clear(block);
    const stored = async () => (await readBlock(client, block.id, { secrets: true }))?.data;
    expect(await stored()).toEqual({ value: SECRET });
    expect(await block.up(inputs(secretOf(SECRET)))).toBe("unchanged");
    expect(await block.up(inputs(secretOf(`${SECRET}-2`)))).toBe("updated data");
    expect(await stored()).toEqual({ value: `${SECRET}-2` });
    clear(block);
    expect(await block.refresh()).toBe(true);
    expect(block.outputs.data).toEqual(secretOf({ value: `${SECRET}-2` }));
    const { id } = block;
    await client.request("DELETE", `/block_documents/${id}`);
    expect(await block.refresh()).toBe(false);
    expect(await block.up(inputs(SECRET))).toBe("created");
    await block.destroy();
  });

  test("a deployment with secret job variables, and an automation that runs it", async () => {
    const pool = new PluginResource(plugin, "PrefectWorkPool", named("pool"));
    await pool.up({ type: "process:push" });
    const deployment = new PluginResource(plugin, "PrefectDeployment", `${named("etl")}/prod`);
    const inputs: JsonObject = {
      workPoolName: pool.outputs.workPoolName as string,
      workPoolId: pool.outputs.workPoolId as string,
      entrypoint: "flows/etl.py:etl",
      parameters: { day: 1 },
      jobVariables: { env: { REGION: "eu", TOKEN: secretOf(SECRET) } },
      schedules: [{ cron: "0 6 * * *", timezone: "Europe/Berlin" }],
    };
    expect(await deployment.up(inputs)).toBe("created");
    expect(deployment.outputs.jobVariables).toEqual({ env: { REGION: "eu", TOKEN: secretOf(SECRET) } });
    clear(deployment);
    const there = async () => (await readDeployment(client, deployment.id)) as NonNullable<Awaited<ReturnType<typeof readDeployment>>>;
    expect((await there()).job_variables).toEqual({ env: { REGION: "eu", TOKEN: SECRET } });
    expect(await deployment.up(inputs)).toBe("unchanged");
    expect(await deployment.refresh()).toBe(true);
    expect(await deployment.up(inputs)).toBe("unchanged");
    clear(deployment);
    expect(await deployment.up({ ...inputs, description: "nightly" })).toBe("updated description");
    expect((await there()).description).toBe("nightly");

    const automation = new PluginResource(plugin, "PrefectAutomation", named("automation"));
    const act = { type: "run-deployment", deployment_id: deployment.outputs.deploymentId as string, parameters: { day: secretOf(SECRET) } };
    const watches: JsonObject = { trigger: { expect: ["orders.loaded"] }, actions: [act] };
    expect(await automation.up(watches)).toBe("created");
    clear(automation);
    expect(await automation.up(watches)).toBe("unchanged");
    expect(await automation.refresh()).toBe(true);
    clear(automation);
    expect(await automation.up({ ...watches, enabled: false })).toBe("updated enabled");
    expect((await readAutomation(client, automation.id))?.enabled).toBe(false);
    for (const each of [automation, deployment, pool]) await each.destroy();
    expect(await readAutomation(client, String(automation.outputs.automationId))).toBeUndefined();
  });

  test("a preview with values that are not known yet: checked, and only what differs is named", async () => {
    const pool = new PluginResource(plugin, "PrefectWorkPool", named("pool"));
    await pool.up({ type: "process:push", concurrencyLimit: 1 });
    const deployment = new PluginResource(plugin, "PrefectDeployment", `${named("etl")}/prod`);
    const inputs = { workPoolName: pool.outputs.workPoolName as string, workPoolId: pool.outputs.workPoolId as string };
    // Nothing exists yet: only a check.
    expect(await deployment.check({ workPoolName: UNKNOWN, workPoolId: UNKNOWN })).toMatchObject({ workPoolId: UNKNOWN });
    await deployment.up(inputs);
    const asked = await deployment.diff(await deployment.check({ ...inputs, workPoolId: UNKNOWN }));
    expect([asked.change, asked.replaces]).toEqual(["workPoolId", []]);
    const block = new PluginResource(plugin, "PrefectBlock", named("block"));
    expect(await block.check({ blockTypeSlug: "secret", data: { value: UNKNOWN } })).toMatchObject({ data: secretOf({ value: UNKNOWN }) });
    for (const each of [deployment, pool]) await each.destroy();
  });

  test("what the server refuses is one message, and the state stays", async () => {
    const name = named("pool");
    const pool = new PluginResource(plugin, "PrefectWorkPool", name);
    await pool.up({ type: "process:push" });
    const again = new PluginResource(plugin, "PrefectWorkPool", "another");
    await expect(again.up({ type: "process:push", workPoolName: name })).rejects.toThrow(
      `work pool "${name}" already exists, at ${client.connection.apiUrl}: set adoptExisting: true to take it over`,
    );
    expect(await again.up({ type: "process:push", workPoolName: name, adoptExisting: true })).toBe("created");
    await pool.destroy();
    // It belongs to the resource that took it over.
    expect((await readWorkPool(client, name))?.id).toBe(again.outputs.workPoolId);
    const block = new PluginResource(plugin, "PrefectBlock", named("block"));
    await expect(block.up({ blockTypeSlug: "secret", data: { valeu: SECRET } })).rejects.toThrow(/value/);
    await again.destroy();
  });
});
