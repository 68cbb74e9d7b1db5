import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { listAutomations, type ServerAutomation } from "../../../src/prefect/api/automations";
import { readDeploymentByName } from "../../../src/prefect/api/deployments";
import { readWorkPool } from "../../../src/prefect/api/workPools";
import { connectionOf } from "../../../src/prefect/apiConnection";
import { type Client, createClient } from "../../../src/prefect/client";
import { offlineStack } from "../../../src/testing";
import { describePrefect } from "../../prefect/python";
import { PASSWORD, sharedServer } from "../../prefect/server";
import { scratch } from "../../scratch";

// A complete program with the offline engine and Pulumi's own provider process. The real server requires a password and CSRF tokens.

const SECRET = "fake-secret-of-the-cloud";
const TEMPLATE = join(__dirname, "..", "..", "fixtures", "prefect", "base-job-templates", "ecs.from-code.json");

describePrefect("a program that registers with a real Prefect server", () => {
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer("locked"));
    client = createClient(connectionOf(apiUrl, PASSWORD, "test"));
  }, 600_000);

  function project(program: string) {
    const dir = join(scratch(), "data");
    mkdirSync(dir);
    symlinkSync(join(__dirname, "..", "..", "..", "node_modules"), join(dir, "node_modules"));
    writeFileSync(join(dir, "Pulumi.yaml"), "name: data\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n");
    const write = (text: string) => writeFileSync(join(dir, "index.js"), `${BEFORE}\n${text}`);
    write(program);
    const { PREFECT_API_URL: _, ...rest } = process.env;
    const stack = (env: Record<string, string> = {}) =>
      offlineStack({
        projectDir: dir,
        home: join(dir, "..", "home"),
        env: { ...rest, HOME: dir, PULUMI_CONFIG_PASSPHRASE: "", ...env },
      });
    return { write, stack };
  }
  const BEFORE = `
    const pulumi = require("@pulumi/pulumi");
    const { Deployment, manifest } = require("pushpool");
    const { ProcessPushPool } = require("pushpool/local");
    const prefect = require("pushpool/prefect");`;
  const CONNECTION = () =>
    `const connection = new prefect.Connection("prefect", { apiUrl: "${apiUrl}", authString: pulumi.secret("${PASSWORD}") });`;
  const text = (value: unknown) => JSON.stringify(value);

  test("an automation: its secrets stay out of the state, the second time nothing changes, what someone changed is corrected", async () => {
    const program = (more = "") => `
      ${CONNECTION()}
      const local = new ProcessPushPool("watched", {});
      const hello = new Deployment("watched/prod", { workPoolName: local.workPoolName, command: "node hello.mjs" });
      const { deployments } = prefect.register(connection, { pools: [local], deployments: [hello] });
      new prefect.Automation("on-order", {
        description: "By a program",
        trigger: { expect: ["order.placed"]${more} },
        actions: [{
          type: "run-deployment",
          deployment_id: deployments["watched/prod"].deploymentId,
          parameters: { order: "{{ event.id }}", token: pulumi.secret("${SECRET}") },
        }],
      }, { provider: connection });`;
    const { write, stack } = project(program());
    // The id of the deployment is not known yet.
    expect(text(await stack().preview())).not.toContain(SECRET);
    await stack().up();
    const [made] = (await listAutomations(client, ["on-order"])) ?? [];
    const { id } = (await readDeploymentByName(client, "watched/prod")) as { id: string };
    expect(made).toMatchObject({
      description: "By a program",
      trigger: { type: "event", expect: ["order.placed"], posture: "Reactive" },
      actions: [{ deployment_id: id, parameters: { token: SECRET } }],
    });
    expect(text(stack().exportState())).not.toContain(SECRET);
    expect(await stack().up()).toMatchObject({ unchanged: true });

    const { name, trigger, actions } = made as ServerAutomation;
    await client.request("PUT", `/automations/${made?.id}`, { json: { name, trigger, actions, description: "By hand" } });
    await client.request("PATCH", `/automations/${made?.id}`, { json: { enabled: false } });
    expect(await stack().refresh()).toMatchObject({ changes: { update: 1 } });
    expect(text(stack().exportState())).not.toContain(SECRET);
    expect(await stack().up()).toMatchObject({ changes: { update: 1 } });
    write(program(", threshold: 3"));
    expect(await stack().up()).toMatchObject({ changes: { update: 1 } });
    expect(await listAutomations(client, ["on-order"])).toMatchObject([
      // The program does not say whether it is enabled.
      { id: made?.id, description: "By a program", enabled: false, trigger: { threshold: 3 } },
    ]);
    write(program(", threshold: 0"));
    await expect(stack().up()).rejects.toThrow(/trigger\.threshold must be a whole number of at least 1/);
    await stack().destroy();
    expect(await listAutomations(client, ["on-order"])).toEqual([]);
  });

  test("block, pools and deployments are created, unchanged the second time, corrected, and deleted", async () => {
    const program = (more = "") => `
      ${CONNECTION()}
      const local = new ProcessPushPool("local", { concurrencyLimit: 2, queues: { high: { priority: 1 } } });
      const etl = { definition: {
        name: "etl",
        pool: { type: "ecs:push", baseJobTemplate: require(${text(TEMPLATE)}), credentials: "aws-credentials/etl" },
        blocks: { "aws-credentials/etl": { data: { aws_access_key_id: "AKIAFAKE", aws_secret_access_key: pulumi.secret("${SECRET}"), region_name: "eu-west-1" } } },
      } };
      const hello = new Deployment("hello/prod", { workPoolName: local.workPoolName, command: "node hello.mjs", parameters: { name: "Ada" } });
      const report = new Deployment("report/prod", { workPoolName: "etl", entrypoint: "flows/report.py:report", jobVariables: { cpu: 512 } });
      const parts = { pools: [local, etl], deployments: [hello, report] };
      const registration = prefect.register(connection, parts);
      ${more}
      exports.pushPools = manifest({ ...parts, prefect: registration });`;
    const { write, stack } = project(program());
    expect(await stack().preview()).toMatchObject({ changes: { create: 10 } });
    expect(await readWorkPool(client, "etl")).toBeUndefined();
    const { outputs } = await stack().up();

    // The manifest has what a run needs to know about it. Secrets are only there as secrets.
    const pushPools = outputs.pushPools as { prefect: JsonObject; blocks: Record<string, { id: string }> };
    expect(pushPools.prefect).toEqual({ apiUrl, auth: "[secret]" });
    const id = pushPools.blocks["aws-credentials/etl"]?.id;
    const credentials = { default: { $ref: { block_document_id: id } } };
    expect(await readWorkPool(client, "etl")).toMatchObject({
      base_job_template: { variables: { properties: { aws_credentials: credentials } } },
    });
    expect(await readWorkPool(client, "local")).toMatchObject({ type: "process:push", concurrency_limit: 2 });
    expect(await readDeploymentByName(client, "hello/prod")).toMatchObject({
      work_pool_name: "local",
      job_variables: { command: "node hello.mjs" },
      parameters: { name: "Ada" },
    });
    expect(await readDeploymentByName(client, "report/prod")).toMatchObject({ work_pool_name: "etl", job_variables: { cpu: 512 } });
    const state = text(stack().exportState());
    for (const secret of [SECRET, PASSWORD, "battery"]) expect(state).not.toContain(secret);

    expect(await stack().up()).toMatchObject({ unchanged: true });
    expect(await stack().refresh()).toMatchObject({ changes: { same: 10 } });
    expect(await stack().up()).toMatchObject({ unchanged: true });
    expect(text(stack().exportState())).not.toContain(SECRET);

    await client.request("PATCH", "/work_pools/local", { json: { concurrency_limit: 9 } });
    expect(await stack().refresh()).toMatchObject({ changes: { update: 1 } });
    expect(await stack().up()).toMatchObject({ changes: { update: 1 } });
    expect(await readWorkPool(client, "local")).toMatchObject({ concurrency_limit: 2 });

    // The component, and the pool on the server.
    write(program().replace("concurrencyLimit: 2", "concurrencyLimit: 3"));
    expect(await stack().up()).toMatchObject({ changes: { update: 2 } });
    await stack().destroy();
    expect(await readWorkPool(client, "etl")).toBeUndefined();
    expect(await readDeploymentByName(client, "hello/prod")).toBeUndefined();
  });

  test("without its own connection it uses the environment's API", async () => {
    const { stack } = project(`
      const pool = new ProcessPushPool("ambient");
      const registration = prefect.register(undefined, { pools: [pool] });
      exports.pushPools = manifest({ pools: [pool], prefect: registration });`);
    await expect(stack().up()).rejects.toThrow(/no Prefect API is configured: pass a prefect.Connection as provider, set PREFECT_API_URL/);
    const { outputs } = await stack({ PREFECT_API_URL: apiUrl, PREFECT_API_AUTH_STRING: PASSWORD }).up();
    // The key stays in the environment.
    expect((outputs.pushPools as JsonObject).prefect).toEqual({ apiUrl });
    expect(await readWorkPool(client, "ambient")).toMatchObject({ type: "process:push" });
    expect(text(stack().exportState())).not.toContain("battery");
    await stack({ PREFECT_API_URL: apiUrl, PREFECT_API_AUTH_STRING: PASSWORD }).destroy();
  });

  test("a wrong key gives one message, which does not show it", async () => {
    const { stack } = project(`
      const connection = new prefect.Connection("prefect", { apiUrl: "${apiUrl}", apiKey: "pnu_wrong-key" });
      new prefect.PrefectWorkPool("never", { type: "process:push" }, { provider: connection });`);
    const error = await stack()
      .up()
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(/answers 401: the key is refused\. Set PREFECT_API_KEY/) });
    expect(String(error)).not.toContain("pnu_wrong-key");
  });

  test("unregistered credentials are refused, and the message says what to do", async () => {
    const { stack } = project(`
      ${CONNECTION()}
      const pool = { definition: { name: "etl", pool: { type: "ecs:push", baseJobTemplate: {}, credentials: "aws-credentials/none" }, blocks: {} } };
      prefect.register(connection, { pools: [pool] });`);
    await expect(stack().up()).rejects.toThrow(
      /work pool "etl" uses the credentials block "aws-credentials\/none", which is not registered/,
    );
  });

  test.each([
    [`{ apiUrl: "prefect.internal/api" }`, /apiUrl must begin with http:\/\/ or https:\/\//],
    [`{ apiUrl: "http://x/api", apiKey: "a", authString: "b:c" }`, /apiKey and authString cannot both be given/],
  ])("an invalid connection: %s", async (args, message) => {
    const { stack } = project(`new prefect.Connection("prefect", ${args});`);
    await expect(stack().up()).rejects.toThrow(message);
  });
});
