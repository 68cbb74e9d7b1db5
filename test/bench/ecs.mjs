// The cost of runs on ECS, compared with direct SDK calls.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchSubmitting, place, startCloud } from "./submitting.mjs";
import { benchWatching } from "./watching.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(import.meta.url);
const { createEcsTarget } = require("../../lib/src/targets/ecs/index.js");
const { REAL_BUCKETS } = require("../../lib/src/testing/index.js");
const { openSqliteLedger } = require("../../lib/src/ledger/index.js");

function placed(aws, scratch, name) {
  const template = JSON.parse(readFileSync(join(root, "test", "fixtures", "base-job-templates", "ecs.from-code.json"), "utf8"));
  return place(scratch, name, {
    pool: { type: "ecs:push", baseJobTemplate: template, credentials: "aws-credentials/etl", endpoints: aws.endpoints },
    block: { aws_access_key_id: aws.key.accessKeyId, aws_secret_access_key: aws.key.secretAccessKey, region_name: aws.region },
    jobVariables: {
      image: "acme/etl:1",
      cluster: aws.clusterArn,
      cpu: 256,
      memory: 512,
      execution_role_arn: aws.executionRoleArn,
      network_configuration: { subnets: ["subnet-1"] },
    },
  });
}

const BARE = `
const { ECSClient, RunTaskCommand } = require("@aws-sdk/client-ecs");
const { readFileSync } = require("node:fs");
exports.bare = function bare(url, region, keyFile, cluster, taskDefinition) {
  const ecs = new ECSClient({ endpoint: url, region, maxAttempts: 100, credentials: JSON.parse(readFileSync(keyFile, "utf8")) });
  return async (n) => {
    const environment = [{ name: "PUSHPOOL_PARAMETERS", value: "{}" }, { name: "N", value: String(n) }];
    const { tasks } = await ecs.send(new RunTaskCommand({
      cluster,
      taskDefinition,
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
      overrides: { containerOverrides: [{ name: "prefect", environment }] },
    }));
    return tasks[0].taskArn;
  };
};
if (require.main === module) exports.bare(...process.argv.slice(2))(0).then((name) => console.log(name));
`;

/** @param report takes a row: what, measured, ratio, goal */
export async function benchEcs({ report }) {
  const scratch = mkdtempSync(join(tmpdir(), "pushpool-bench-"));
  const told = (what, ...row) => report(`ECS: ${what}`, ...row);
  const bare = { source: BARE, args: ({ url, region, clusterArn }, definition, keyFile) => [url, region, keyFile, clusterArn, definition] };
  const noted = async (ledger, infrastructureId) => {
    const key = `ecs/task/${infrastructureId}`;
    return [key, await ledger.readNote(key)];
  };
  try {
    // With AWS' own limits: after a burst they allow 20 a second, and neither side can be faster.
    await benchSubmitting({ scratch, which: "aws", options: {}, ofMany: { buckets: REAL_BUCKETS }, placed, bare, report: told });
    await benchWatching({ scratch, which: "aws", options: {}, placed, count: 10_000, calls: "", noted, report: told });
    await benchOneLook(scratch, told);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function benchOneLook(scratch, report) {
  const aws = await startCloud("aws", { simulated: true });
  const notes = openSqliteLedger(join(scratch, "look.db"));
  try {
    const { folder, env, pool, data, open } = placed(aws, scratch, "aws-look");
    const trigger = open();
    await trigger.submit("bench/true");
    await trigger.close();
    const target = await createEcsTarget({
      env,
      notes,
      pool: async () => ({
        name: "etl",
        source: { project: "bench", stack: "dev" },
        ...pool,
        credentials: { block: pool.credentials, data },
      }),
    });
    const ids = await aws.fill(1000);
    await aws.calls();
    const began = performance.now();
    await target.observe(ids);
    const took = performance.now() - began;
    const counted = await aws.calls();
    report("API calls to see 1,000 runs once", `${counted["ecs:DescribeTasks"]} calls, ${took.toFixed(0)} ms`, "", "10");
    rmSync(folder, { recursive: true, force: true });
  } finally {
    notes.close();
    await aws.stop();
  }
}
