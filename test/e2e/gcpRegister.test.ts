import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { readBlockByName } from "../../src/prefect/api/blocks";
import { readWorkPool } from "../../src/prefect/api/workPools";
import { createClient } from "../../src/prefect/client";
import { connectionOf } from "../../src/prefect/connection";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { filesWith } from "./filesWith";
import { gcpPlace, provisioned } from "./gcpPlace";

// A pool that is made on Google Cloud and registered with a real Prefect server by one `up`: what its own dispatcher, or Prefect Cloud's, would find there.

describePrefect("a Cloud Run pool on a real Prefect server", () => {
  test("block with the key, pool with Prefect's template and the block in it; the same the second time; gone after destroy", {
    timeout: 600_000,
  }, async () => {
    const { apiUrl } = await sharedServer();
    const client = createClient(connectionOf(apiUrl, undefined, "test"));
    const here = await gcpPlace();
    const empty = provisioned(here.google);
    const name = `etl-${randomUUID().slice(0, 8)}`;
    // Not in the program's text, which node keeps compiled.
    here.env.CANARY = "pnu_of-the-runs";
    here.program(`
const prefect = require("pushpool/prefect");
const connection = new prefect.Connection("prefect", { apiUrl: "${apiUrl}" });
const etl = new gcp.CloudRunPushPool("etl", { project: "acme", region: "europe-west1", workPoolName: "${name}", endpoints, concurrencyLimit: 7,
  prefectApiKey: pulumi.secret(process.env.CANARY), jobVariables: { image: "acme/etl:1" }, queues: { high: { priority: 1 } } });
const hello = new Deployment("hello/${name}", { workPoolName: etl.workPoolName, entrypoint: "flows/hello.py:hello", parameters: { name: "Ada" } });
const parts = { pools: [etl], deployments: [hello] };
exports.pushPools = manifest({ ...parts, prefect: prefect.register(connection, parts) });`);
    const preview = await here.run("preview", "--engine", "offline");
    expect([preview.status, await readWorkPool(client, name)]).toEqual([0, undefined]);
    const up = await here.up();
    expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);

    const block = await readBlockByName(client, "gcp-credentials", name, { secrets: true });
    const push = provisioned(here.google).accounts.find((email) => email.startsWith("etl-push"));
    expect(block?.data).toMatchObject({ project: "acme", service_account_info: { type: "service_account", client_email: push } });
    const pool = (await readWorkPool(client, name)) as unknown as JsonObject;
    expect(pool).toMatchObject({
      type: "cloud-run-v2:push",
      concurrency_limit: 7,
      base_job_template: {
        job_configuration: { credentials: "{{ credentials }}" },
        variables: {
          properties: {
            credentials: { default: { $ref: { block_document_id: block?.id } } },
            region: { default: "europe-west1" },
            image: { default: "acme/etl:1" },
            prefect_api_key_secret: { default: { version: "latest" } },
            service_account_name: { default: expect.stringMatching(/^etl-run-.*@acme\./) },
          },
        },
      },
    });
    expect((await here.up()).stderr).toContain("no changes");

    // The keys are nowhere in clear: neither on this machine nor in the pool.
    const { private_key } = (block as unknown as { data: { service_account_info: { private_key: string } } }).data.service_account_info;
    const marks = [private_key.split("\n")[5] ?? "", "pnu_of-the-runs"];
    for (const mark of marks) expect(JSON.stringify(pool) + preview.stdout + preview.stderr + up.stdout + up.stderr).not.toContain(mark);
    expect(filesWith(marks, here.folder)).toEqual([]);

    expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
    expect([await readWorkPool(client, name), await readBlockByName(client, "gcp-credentials", name)]).toEqual([undefined, undefined]);
    expect(provisioned(here.google)).toEqual(empty);
  });
});
