// Runs on ECS beside the same calls made by hand, against a fake AWS in this process: what pushpool adds, and how many calls watching takes.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "./measure.mjs";

const require = createRequire(import.meta.url);
const { startFakeAws } = require("../../lib/src/testing/index.js");
const { createEcsTarget } = require("../../lib/src/targets/ecs/index.js");
const { openSqliteLedger } = require("../../lib/src/ledger/index.js");
const { ECSClient, RunTaskCommand } = require("@aws-sdk/client-ecs");

/** Median of what each of so many takes, in milliseconds. */
async function timed(count, work) {
  const times = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return median(times);
}

/** @param report takes a row: what, measured, ratio, aim */
export async function benchEcs({ report }) {
  const aws = await startFakeAws({ simulated: true });
  const key = aws.accessKey("submitter");
  const folder = mkdtempSync(join(tmpdir(), "pushpool-bench-"));
  const notes = openSqliteLedger(join(folder, "ledger.db"));
  const pool = {
    name: "etl",
    endpoints: aws.endpoints,
    baseJobTemplate: {},
    credentials: {
      block: "aws-credentials/etl",
      data: { aws_access_key_id: key.accessKeyId, aws_secret_access_key: key.secretAccessKey, region_name: aws.region },
    },
  };
  const target = await createEcsTarget({ env: {}, notes, pool: async () => pool });
  const job = {
    command: "true",
    env: {},
    labels: {},
    task_definition: { containerDefinitions: [{ image: "acme/etl:1" }], executionRoleArn: aws.executionRoleArn },
    task_run_request: { launchType: "FARGATE", cluster: aws.clusterArn },
    network_configuration: { subnets: ["subnet-1"] },
  };
  const never = new AbortController().signal;
  const submit = async () =>
    target.submit(
      await target.prepare(target.plan(job, { id: randomUUID(), attempt: 1, pool: "etl", timeoutSeconds: null }), never),
      never,
    );
  await submit();
  const [revision] = [...aws.world.families.values()][0];
  const client = new ECSClient({ endpoint: aws.url, region: aws.region, credentials: key });
  const byHand = () =>
    client.send(
      new RunTaskCommand({
        cluster: aws.clusterArn,
        taskDefinition: revision.definition.taskDefinitionArn,
        launchType: "FARGATE",
        networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
      }),
    );
  await timed(5, byHand);
  const hand = await timed(40, byHand);
  const ours = await timed(40, submit);
  report(
    "ECS: one submit against RunTask by hand",
    `${ours.toFixed(1)} ms against ${hand.toFixed(1)} ms`,
    `${(ours / hand).toFixed(2)}x`,
    "",
  );

  const ids = await Promise.all(Array.from({ length: 1000 }, submit));
  const before = aws.calls.filter(({ action }) => action === "ecs:DescribeTasks").length;
  const began = performance.now();
  await target.observe(ids);
  const calls = aws.calls.filter(({ action }) => action === "ecs:DescribeTasks").length - before;
  const took = performance.now() - began;
  report("ECS: DescribeTasks calls of one look at 1,000 runs", `${calls} calls, ${took.toFixed(0)} ms`, "", "10");
  notes.close();
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
}
