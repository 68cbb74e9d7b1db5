import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { JsonObject } from "../../../src/json";
import { openSqliteLedger } from "../../../src/ledger";
import { targetOver } from "../../../src/targets/cloudRun/cloudRunTarget";
import { type Access, accessOf } from "../../../src/targets/cloudRun/googleAccess";
import type { InfrastructureId, PoolAccess } from "../../../src/targets/target";
import { type FakeGoogleCloud, startFakeGoogleCloud } from "../../../src/testing";
import { until } from "../../until";
import { describeTarget } from "../conformance";
import { jobOf, poolOf, QUICK } from "./place";

let google: FakeGoogleCloud;
let pool: PoolAccess;
let access: Access;
const undo: (() => void)[] = [];
const account = { runtimeAccount: "flow-runtime@acme.iam.gserviceaccount.com" };

beforeAll(async () => {
  google = await startFakeGoogleCloud({
    grace: 2_000,
  });
  pool = poolOf(google, google.serviceAccountKey("submitter") as JsonObject);
  access = await accessOf(pool, {});
});
afterAll(async () => {
  for (const each of undo) each();
  await google.stop();
});

const untilRunning = async (id: InfrastructureId): Promise<void> =>
  void (await until(() => google.world.executions.get(id)?.startTime !== undefined));

describeTarget("cloudRun", () => {
  const folder = mkdtempSync(join(tmpdir(), "pushpool-target-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const job = (script: string, env = {}) => jobOf(account, script, { env });
  return {
    open: () => {
      const notes = openSqliteLedger(join(folder, "ledger.db"));
      undo.push(() => notes.close());
      return targetOver(access, pool, { env: QUICK, notes, digestKey: () => Buffer.from("key") });
    },
    job,
    ends: [
      {
        name: "a command that does not exist",
        job: { ...job("true"), command: "no-such-command-here" },
        outcome: { kind: "failedToStart" },
      },
      { name: "a signal of its own", job: job("kill -SEGV $$"), outcome: { kind: "signalled", signal: "SIGSEGV" } },
      {
        name: "the time limit",
        job: jobOf(account, "sleep 600", { task: { timeout: 1 } }),
        outcome: { kind: "timedOut", phase: "running" },
      },
      {
        name: "the time limit, though the command then exits with 0",
        job: jobOf(account, "trap 'exit 0' TERM; while :; do sleep 0.05 & wait; done", { task: { timeout: 1 } }),
        outcome: { kind: "timedOut", phase: "running" },
      },
      {
        name: "out of memory",
        job: job("sleep 600"),
        during: async (id) => {
          await untilRunning(id);
          google.world.outOfMemory(id);
        },
        outcome: { kind: "signalled", signal: "SIGKILL" },
      },
      {
        name: "cancelled by someone else",
        job: job("sleep 600"),
        during: async (id) => {
          await untilRunning(id);
          google.world.cancel(id);
        },
        outcome: { kind: "cancelled", by: "someoneElse" },
      },
      {
        name: "deleted by someone else",
        job: job("sleep 600"),
        during: async (id) => {
          await untilRunning(id);
          google.world.deleteExecution(id);
        },
        outcome: { kind: "lost" },
      },
    ],
    everythingKept: () => {
      const { world } = google;
      // The command gets its environment from the execution, so that may contain secrets; everything else is searched.
      const executions = [...world.executions.values()].map(({ template: _, ...rest }) => rest);
      const kept = { jobs: [...world.jobs.values()], executions, log: world.log.entries, paths: google.calls.map(({ path }) => path) };
      const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1"));
      return [JSON.stringify(kept), ...files].join("\n");
    },
  };
});
