import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { readBlockByName } from "../../src/prefect/api/blocks";
import { readWorkPool } from "../../src/prefect/api/workPools";
import { createClient } from "../../src/prefect/client";
import { connectionOf } from "../../src/prefect/connection";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { awsPlace, provisioned } from "./awsPlace";
import { filesWith } from "./filesWith";

// A pool that is made on AWS and registered with a real Prefect server by one `up`: what its own dispatcher, or Prefect Cloud's, would find there.

/** The program that the example's README has beside what is done by hand elsewhere. */
const README = readFileSync(join(__dirname, "..", "..", "examples", "aws", "README.md"), "utf8");
const [, SIDE_BY_SIDE = ""] = /```js\n([\s\S]*?)```/.exec(README) ?? [];

describePrefect("an ECS pool on a real Prefect server", () => {
  test("block with the key, pool with Prefect's template and the block in it; the same the second time; gone after destroy", {
    timeout: 600_000,
  }, async () => {
    const { apiUrl } = await sharedServer();
    const client = createClient(connectionOf(apiUrl, undefined, "test"));
    const here = await awsPlace();
    const empty = provisioned(here.aws);
    const name = `etl-${randomUUID().slice(0, 8)}`;
    // Not in the program's text, which node keeps compiled.
    here.env.CANARY = "pnu_of-the-runs";
    here.program(`
const prefect = require("pushpool/prefect");
const connection = new prefect.Connection("prefect", { apiUrl: "${apiUrl}" });
const etl = new aws.EcsPushPool("etl", { region, workPoolName: "${name}", endpoints, concurrencyLimit: 7,
  prefectApiKey: pulumi.secret(process.env.CANARY), jobVariables: { image: "acme/etl:1" }, queues: { high: { priority: 1 } } });
const hello = new Deployment("hello/${name}", { workPoolName: etl.workPoolName, entrypoint: "flows/hello.py:hello", parameters: { name: "Ada" } });
const parts = { pools: [etl], deployments: [hello] };
exports.pushPools = manifest({ ...parts, prefect: prefect.register(connection, parts) });`);
    const preview = await here.run("preview", "--engine", "offline");
    expect([preview.status, await readWorkPool(client, name)]).toEqual([0, undefined]);
    const up = await here.up();
    expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);

    const block = await readBlockByName(client, "aws-credentials", name, { secrets: true });
    const [{ key } = { key: undefined }] = [...here.aws.world.iam.keys.values()];
    expect(block?.data).toMatchObject({
      aws_access_key_id: key?.accessKeyId,
      aws_secret_access_key: key?.secretAccessKey,
      region_name: "eu-west-1",
    });
    const pool = (await readWorkPool(client, name)) as unknown as JsonObject;
    expect(pool).toMatchObject({
      type: "ecs:push",
      concurrency_limit: 7,
      base_job_template: {
        job_configuration: { aws_credentials: "{{ aws_credentials }}" },
        variables: {
          properties: {
            aws_credentials: { default: { $ref: { block_document_id: block?.id } } },
            image: { default: "acme/etl:1" },
            cluster: { default: expect.stringMatching(/^arn:aws:ecs:eu-west-1:111111111111:cluster\/etl-tasks-cluster-/) },
            execution_role_arn: { default: expect.stringMatching(/:role\/etl-execution-role-/) },
            prefect_api_key_secret_arn: { default: expect.stringMatching(/:parameter\/pushpool\//) },
            network_configuration: { default: { subnets: [expect.any(String), expect.any(String)], assignPublicIp: "ENABLED" } },
          },
        },
      },
    });
    expect((await here.up()).stderr).toContain("no changes");

    // The keys are nowhere in clear: neither on this machine nor in the pool.
    const marks = [key?.secretAccessKey ?? "", "pnu_of-the-runs"];
    for (const mark of marks) expect(JSON.stringify(pool) + preview.stdout + preview.stderr + up.stdout + up.stderr).not.toContain(mark);
    expect(filesWith(marks, here.folder)).toEqual([]);

    expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
    expect([await readWorkPool(client, name), await readBlockByName(client, "aws-credentials", name)]).toEqual([undefined, undefined]);
    expect(provisioned(here.aws)).toEqual(empty);
  });

  test("the program of the example's README: everything that is made by hand elsewhere, by one up", { timeout: 600_000 }, async () => {
    const { apiUrl } = await sharedServer();
    const client = createClient(connectionOf(apiUrl, undefined, "test"));
    const here = await awsPlace();
    const empty = provisioned(here.aws);
    here.write("index.js", SIDE_BY_SIDE);
    here.write("Pulumi.dev.yaml", `config:\n  aws:region: eu-central-1\n  data:prefectApiUrl: ${apiUrl}\n`);
    const up = await here.up();
    expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
    for (const output of ["vpc_id", "ecs_cluster_arn", "iam_execution_role_arn", "iam_task_role_arn", "ecr_repo_url"])
      expect(up.stdout).toMatch(new RegExp(`^${output}: "\\S+"$`, "m"));
    expect(await readWorkPool(client, "air-to-air_push")).toMatchObject({ type: "ecs:push" });
    expect(await readBlockByName(client, "aws-credentials", "air-to-air-push")).toBeDefined();
    expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
    expect([await readWorkPool(client, "air-to-air_push"), provisioned(here.aws)]).toEqual([undefined, empty]);
  });
});
