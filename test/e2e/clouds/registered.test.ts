import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { readBlockByName } from "../../../src/prefect/api/blocks";
import { readWorkPool } from "../../../src/prefect/api/workPools";
import { connectionOf } from "../../../src/prefect/apiConnection";
import { createClient } from "../../../src/prefect/client";
import { describePrefect } from "../../prefect/python";
import { sharedServer } from "../../prefect/server";
import { filesWith } from "../filesWith";
import { AWS, awsPlace } from "./aws";
import { AZURE } from "./azure";
import { type Cloud, cloudPlace } from "./cloud";
import { GCP } from "./gcp";

// A pool that one `up` creates on a cloud and registers with a real Prefect server: what a dispatcher, or Prefect Cloud's, finds there.

interface Registered<Fake> {
  /** The type of the credentials block. */
  blockType: string;
  /** The template's variable that references the block. */
  credentials: string;
  /** The block's data, and its part that must not be in plain text anywhere. */
  block(fake: Fake, data: JsonObject): { expected: object; secret: string };
  /** Defaults of the template's variables, besides image and credentials. */
  defaults: JsonObject;
}

function describeRegistered<Fake, Options>(cloud: Cloud<Fake, Options>, row: Registered<Fake>): void {
  describePrefect(`a pool of ${cloud.name} on a real Prefect server`, () => {
    test("block with the key, pool with Prefect's template and the block in it; unchanged the second time; deleted by destroy", {
      timeout: 600_000,
    }, async () => {
      const { apiUrl } = await sharedServer();
      const client = createClient(connectionOf(apiUrl, undefined, "test"));
      const here = await cloudPlace(cloud);
      const empty = here.provisioned();
      const name = `etl-${randomUUID().slice(0, 8)}`;
      // Not in the program's text, which node stores compiled.
      here.env.CANARY = "pnu_of-the-runs";
      here.program(`
const prefect = require("pushpool/prefect");
const connection = new prefect.Connection("prefect", { apiUrl: "${apiUrl}" });
const etl = new Pool("etl", { ...place, workPoolName: "${name}", concurrencyLimit: 7,
  prefectApiKey: pulumi.secret(process.env.CANARY), jobVariables: { image: "acme/etl:1" }, queues: { high: { priority: 1 } } });
const hello = new Deployment("hello/${name}", { workPoolName: etl.workPoolName, entrypoint: "flows/hello.py:hello", parameters: { name: "Ada" } });
const parts = { pools: [etl], deployments: [hello] };
exports.pushPools = manifest({ ...parts, prefect: prefect.register(connection, parts) });`);
      const preview = await here.preview();
      expect([preview.status, await readWorkPool(client, name)]).toEqual([0, undefined]);
      const up = await here.up();
      expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);

      const block = await readBlockByName(client, row.blockType, name, { secrets: true });
      const { expected, secret } = row.block(here.fake, (block?.data ?? {}) as unknown as JsonObject);
      expect(block?.data).toMatchObject(expected);
      const pool = (await readWorkPool(client, name)) as unknown as JsonObject;
      expect(pool).toMatchObject({
        type: cloud.poolType,
        concurrency_limit: 7,
        base_job_template: {
          job_configuration: { [row.credentials]: `{{ ${row.credentials} }}` },
          variables: {
            properties: {
              [row.credentials]: { default: { $ref: { block_document_id: block?.id } } },
              image: { default: "acme/etl:1" },
              ...Object.fromEntries(Object.entries(row.defaults).map(([variable, value]) => [variable, { default: value }])),
            },
          },
        },
      });
      expect((await here.up()).stderr).toContain("no changes");

      // The keys are not in plain text anywhere: neither on this machine nor in the pool.
      expect(secret).not.toBe("");
      const marks = [secret, "pnu_of-the-runs"];
      for (const mark of marks) expect(JSON.stringify(pool) + preview.stdout + preview.stderr + up.stdout + up.stderr).not.toContain(mark);
      expect(filesWith(marks, here.folder)).toEqual([]);

      expect((await here.destroy()).status).toBe(0);
      expect([await readWorkPool(client, name), await readBlockByName(client, row.blockType, name)]).toEqual([undefined, undefined]);
      expect(here.provisioned()).toEqual(empty);
    });
  });
}

describeRegistered(AWS, {
  blockType: "aws-credentials",
  credentials: "aws_credentials",
  block: ({ world }) => {
    const [{ key } = { key: undefined }] = [...world.iam.keys.values()];
    const data = { aws_access_key_id: key?.accessKeyId, aws_secret_access_key: key?.secretAccessKey, region_name: "eu-west-1" };
    return { expected: data, secret: key?.secretAccessKey ?? "" };
  },
  defaults: {
    cluster: expect.stringMatching(/^arn:aws:ecs:eu-west-1:111111111111:cluster\/etl-tasks-cluster-/),
    execution_role_arn: expect.stringMatching(/:role\/etl-execution-role-/),
    prefect_api_key_secret_arn: expect.stringMatching(/:parameter\/pushpool\//),
    network_configuration: { subnets: [expect.any(String), expect.any(String)], assignPublicIp: "ENABLED" },
  },
});

describeRegistered(GCP, {
  blockType: "gcp-credentials",
  credentials: "credentials",
  block: ({ world }, { service_account_info }) => {
    const push = [...world.iam.accounts.keys()].find((email) => email.startsWith("etl-push"));
    const { private_key = "" } = (service_account_info ?? {}) as { private_key?: string };
    const expected = { project: "acme", service_account_info: { type: "service_account", client_email: push } };
    return { expected, secret: private_key.split("\n")[5] ?? "" };
  },
  defaults: {
    region: "europe-west1",
    prefect_api_key_secret: { version: "latest" },
    service_account_name: expect.stringMatching(/^etl-run-.*@acme\./),
  },
});

describeRegistered(AZURE, {
  blockType: "azure-container-instance-credentials",
  credentials: "aci_credentials",
  block: ({ tenant, world }) => {
    const push = [...world.directory.clients.values()].find(({ displayName }) => displayName.startsWith("etl-push"));
    const [secret] = push?.secrets ?? [];
    const data = { tenant_id: tenant, client_id: push?.appId, client_secret: secret?.text };
    return { expected: data, secret: secret?.text ?? "" };
  },
  defaults: {
    subscription_id: "22222222-2222-4222-8222-222222222222",
    resource_group_name: expect.stringMatching(/^etl-[0-9a-f]{6}$/),
  },
});

const README = readFileSync(join(__dirname, "..", "..", "..", "examples", "aws", "README.md"), "utf8");
const [, SIDE_BY_SIDE = ""] = /```js\n([\s\S]*?)```/.exec(README) ?? [];

describePrefect("the program of the AWS example's README", () => {
  test("one up creates everything that is usually created by hand", { timeout: 600_000 }, async () => {
    const { apiUrl } = await sharedServer();
    const client = createClient(connectionOf(apiUrl, undefined, "test"));
    const here = await awsPlace();
    const empty = here.provisioned();
    // The example sets no endpoints, so destroy would look for leftovers at AWS itself, and retry for five minutes.
    const endpoints = `endpoints: ${JSON.stringify(here.fake.endpoints)},`;
    const program = SIDE_BY_SIDE.replace(/(new \S*EcsPushPool\(.*\{)/, `$1 ${endpoints}`);
    expect(program).toContain(endpoints);
    here.write("index.js", program);
    here.write("Pulumi.dev.yaml", `config:\n  aws:region: ${here.fake.region}\n  data:prefectApiUrl: ${apiUrl}\n`);
    const up = await here.up();
    expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
    for (const output of ["vpc_id", "ecs_cluster_arn", "iam_execution_role_arn", "iam_task_role_arn", "ecr_repo_url"])
      expect(up.stdout).toMatch(new RegExp(`^${output}: "\\S+"$`, "m"));
    expect(await readWorkPool(client, "air-to-air_push")).toMatchObject({ type: "ecs:push" });
    expect(await readBlockByName(client, "aws-credentials", "air-to-air-push")).toBeDefined();
    expect((await here.destroy()).status).toBe(0);
    expect([await readWorkPool(client, "air-to-air_push"), here.provisioned()]).toEqual([undefined, empty]);
  });
});
