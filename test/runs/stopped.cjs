// A process of another host that submits one run: `node stopped.cjs URL SCHEMA`. It says `prepared` before the run is sent, then waits for a line
// of input, and says `sent` if it sends it. What it learned before that line may be old by then.
"use strict";
const { createInterface } = require("node:readline/promises");
const { join } = require("node:path");
const lib = join(__dirname, "..", "..", "lib", "src");
const { openPostgresLedger } = require(join(lib, "ledger", "postgres"));
const { runsOver } = require(join(lib, "runs"));
const { defaultTemplate } = require(join(lib, "template"));

const [, , url, schema] = process.argv;
const input = createInterface(process.stdin);
const target = {
  pace: { first: 10, longest: 10 },
  plan: (job, run) => ({ runId: run.id, attempt: run.attempt, pool: run.pool, request: { job }, warnings: [] }),
  prepare: async (submission) => {
    console.log("prepared");
    await input.question("");
    return { submission, resources: {} };
  },
  submit: async ({ submission }) => {
    console.log("sent");
    return `${submission.runId}/${submission.attempt}`;
  },
  find: async () => undefined,
};

async function main() {
  const manifest = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: { cloud: { type: "ecs:push", baseJobTemplate: defaultTemplate("ecs:push") } },
    blocks: {},
    variables: {},
    deployments: { "hello/cloud": { command: "true", workPool: { name: "cloud" } } },
  };
  const runs = runsOver({
    ledger: openPostgresLedger(url, { schema }),
    stack: "data/dev",
    leaseSeconds: 2,
    readManifest: async () => ({ manifest, origin: "the test's manifest", stack: "data/dev" }),
    openTarget: async () => target,
    digestKey: () => Buffer.alloc(32),
    env: { PUSHPOOL_HOST: "stopped" },
  });
  const { run } = await runs.createRun({ deployment: "hello/cloud" });
  console.log(run.id);
  const after = await runs.submitRun(run.id);
  console.log(`now ${after.state.type} ${after.infrastructureId ?? ""}`);
  input.close();
  await runs.close();
}

main();
