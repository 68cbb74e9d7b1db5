import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { openSqliteLedger } from "../../../src/ledger";
import { targetOver } from "../../../src/targets/containerInstances/aciTarget";
import { accessOf } from "../../../src/targets/containerInstances/azureAccess";
import { parseId } from "../../../src/targets/containerInstances/groupNames";
import type { InfrastructureId, PoolAccess, Target } from "../../../src/targets/target";
import { type FakeAzure, startFakeAzure } from "../../../src/testing";
import { atPath } from "../../atPath";
import { until } from "../../until";
import { describeTarget } from "../conformance";
import { jobOf, poolOf, QUICK, trust } from "./place";

let azure: FakeAzure;
let pool: PoolAccess;
const undo: (() => void)[] = [];

beforeAll(async () => {
  azure = await startFakeAzure({ grace: 2_000 });
  trust(azure);
  pool = poolOf(azure, azure.client("submitter"));
});
afterAll(async () => {
  for (const each of undo) each();
  await azure.stop();
});

const groupOf = (id: InfrastructureId) => parseId(id).group;

const untilRunning = async (id: InfrastructureId): Promise<void> =>
  void (await until(() => azure.world.group(groupOf(id)).containers[0]?.current?.state === "Running"));

describeTarget("azure-container-instance", () => {
  const folder = mkdtempSync(join(tmpdir(), "pushpool-target-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const job = (script: string, env = {}) => jobOf(script, { env });
  const whileRunning = (what: (group: string) => void) => async (id: InfrastructureId) => {
    await untilRunning(id);
    what(groupOf(id));
  };
  const spot = job("sleep 600");
  atPath(spot as never, ["arm_template", "resources", 0, "properties", "priority"], "Spot");
  return {
    open: (): Target => {
      const notes = openSqliteLedger(join(folder, "ledger.db"));
      undo.push(() => notes.close());
      return targetOver(accessOf(pool, {}), pool, { notes, env: QUICK, digestKey: () => Buffer.from("key") });
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
        during: whileRunning((group) => azure.world.outOfMemory(group)),
        outcome: { kind: "signalled", signal: "SIGKILL" },
      },
      {
        name: "no exit code",
        job: job("sleep 600"),
        during: whileRunning((group) => azure.world.crash(group)),
        outcome: { kind: "failed" },
      },
      {
        name: "stopped by someone else",
        job: job("sleep 600"),
        during: whileRunning((group) => azure.world.stopGroup(group)),
        outcome: { kind: "cancelled", by: "someoneElse" },
      },
      {
        name: "deleted by someone else before anybody looked",
        job: job("sleep 600"),
        during: whileRunning((group) => azure.world.deleteGroup(group)),
        outcome: { kind: "lost" },
      },
      {
        name: "maintenance",
        job: job("sleep 600"),
        during: whileRunning((group) => azure.world.maintain(group)),
        outcome: { kind: "signalled", signal: "an unknown signal" },
      },
      {
        name: "a lost machine",
        job: job("sleep 600"),
        during: whileRunning((group) => azure.world.loseNode(group, 200)),
        outcome: { kind: "lost" },
      },
      {
        name: "a Spot eviction",
        job: spot,
        during: whileRunning((group) => azure.world.evict(group)),
        outcome: { kind: "signalled", signal: "an unknown signal" },
      },
    ],
    everythingKept: () => {
      const { world } = azure;
      const kept = {
        groups: [...world.groups.values()].map(({ containers, spec, ...group }) => ({
          ...group,
          init: [],
          containers: containers.map(({ process: _, spec: __, ...instance }) => instance),
          // Azure keeps what is secret, and shows it to nobody.
          spec: JSON.stringify(spec).replaceAll(/"secureValue":"(?:[^"\\]|\\.)*"/g, ""),
        })),
        calls: azure.calls.filter(({ verb }) => verb !== "PUT"),
      };
      const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1"));
      return [JSON.stringify(kept), ...files].join("\n");
    },
  };
});
