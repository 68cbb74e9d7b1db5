import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { openSqliteLedger } from "../../../src/ledger";
import { openerFor } from "../../../src/targets/ecs/ecsTarget";
import type { InfrastructureId, PoolAccess, Target } from "../../../src/targets/target";
import { type FakeAws, startFakeAws } from "../../../src/testing";
import { until } from "../../until";
import { describeTarget } from "../conformance";
import { jobOf, poolOf, QUICK } from "./place";

let aws: FakeAws;
let pool: PoolAccess;
let opener: Awaited<ReturnType<typeof openerFor>>;
const undo: (() => void)[] = [];
const known = {
  clusterArn: "arn:aws:ecs:eu-west-1:111111111111:cluster/flows",
  executionRoleArn: "arn:aws:iam::111111111111:role/ecs-execution",
};

beforeAll(async () => {
  aws = await startFakeAws({ grace: 2_000 });
  pool = poolOf(aws, aws.accessKey("submitter"));
  opener = await openerFor(pool, QUICK);
});
afterAll(async () => {
  for (const each of undo) each();
  await aws.stop();
});

const taskOf = (id: InfrastructureId) => id.split("::")[1] as string;

const untilRunning = async (id: InfrastructureId): Promise<void> =>
  void (await until(() => aws.world.tasks.get(taskOf(id))?.record.lastStatus === "RUNNING"));

describeTarget("ecs", () => {
  const folder = mkdtempSync(join(tmpdir(), "pushpool-target-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const job = (script: string, env = {}) => jobOf(known, script, { env });
  const whileRunning = (what: (task: string) => void) => async (id: InfrastructureId) => {
    await untilRunning(id);
    what(taskOf(id));
  };
  return {
    open: (): Target => {
      const notes = openSqliteLedger(join(folder, "ledger.db"));
      undo.push(() => notes.close());
      return opener({ notes, env: QUICK, digestKey: () => Buffer.from("key") });
    },
    job,
    streams: "merged",
    ends: [
      {
        name: "a command that does not exist",
        job: { ...job("true"), command: "no-such-command-here" },
        outcome: { kind: "failedToStart" },
      },
      { name: "a signal of its own", job: job("kill -SEGV $$"), outcome: { kind: "signalled", signal: "SIGSEGV" } },
      { name: "the time limit", job: job("sleep 600"), timeoutSeconds: 1, outcome: { kind: "timedOut", phase: "running" } },
      {
        name: "the time limit, though the command then exits with 0",
        job: job("trap 'exit 0' TERM; while :; do sleep 0.05 & wait; done"),
        timeoutSeconds: 1,
        outcome: { kind: "timedOut", phase: "running" },
      },
      {
        name: "out of memory",
        job: job("sleep 600"),
        during: whileRunning((task) => aws.world.outOfMemory(task)),
        outcome: { kind: "signalled", signal: "SIGKILL" },
      },
      {
        name: "stopped by someone else",
        job: job("sleep 600"),
        during: whileRunning((task) => aws.world.stopTask(task)),
        outcome: { kind: "cancelled", by: "someoneElse" },
      },
      {
        name: "a Spot interruption",
        job: job("sleep 600"),
        during: whileRunning((task) => aws.world.interruptSpot(task)),
        outcome: { kind: "signalled", signal: "SIGTERM" },
      },
      {
        name: "a failing machine",
        job: job("sleep 600"),
        during: whileRunning((task) => aws.world.loseHost(task)),
        outcome: { kind: "lost" },
      },
      {
        name: "forgotten by ECS",
        job: job("sleep 600"),
        during: whileRunning((task) => aws.world.forget(task)),
        outcome: { kind: "lost" },
      },
    ],
    everythingKept: () => {
      const { world } = aws;
      const kept = {
        families: [...world.families.values()],
        tasks: [...world.tasks.values()].map(({ record, tags }) => ({ record, tags })),
        parameters: [...world.parameters.keys()],
        log: [...world.log.groups.values()].map((streams) => [...streams]),
        calls: aws.calls.filter(({ action }) => action !== "ssm:PutParameter"),
      };
      const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1"));
      return [JSON.stringify(kept), ...files].join("\n");
    },
  };
});
