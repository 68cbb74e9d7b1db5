// Runs for a ledger, always the same ones: for the page's tests, its bench and its screenshots.
import { createRequire } from "node:module";
import type { Ledger, NewRun } from "../../src/ledger/ledger.ts";
import type { Outcome } from "../../src/model/outcome.ts";
import type { PoolType } from "../../src/model/poolType.ts";
import type { Run, State, StateType } from "../../src/model/run.ts";

const { openSqliteLedger } = createRequire(import.meta.url)("../../lib/src/ledger") as { openSqliteLedger(path: string): Ledger };

/** A deployment whose runs are seeded. */
export interface SeededDeployment {
  /** `<flow name>/<deployment name>` */
  name: string;
  workPool: string;
  poolType: PoolType;
  /** Shares of all runs; @default 1 */
  weight?: number;
  /** Of a run that ends by itself. */
  seconds: number;
  /** One run in this many fails. @default 25 */
  failsEvery?: number;
  tags?: string[];
  submission?: NewRun["submission"];
  parameters?: Run["parameters"];
}

export interface Seeding {
  count: number;
  /** `<project>/<stack>` */
  stack: string;
  deployments: readonly SeededDeployment[];
  /** The newest run is created a moment before. */
  until: Date;
  /** From the first run to the last, in seconds. */
  span: number;
  /** How many of the newest runs have not ended: the newest is SCHEDULED, the next one PENDING, the others are RUNNING. @default 0 */
  active?: number;
}

/** Write finished runs, and some active ones, to the ledger at this path. */
export async function seedRuns(path: string, seeding: Seeding): Promise<Run[]> {
  const ledger = openSqliteLedger(path);
  const random = randomFrom(7);
  const runs: Run[] = [];
  try {
    for (let n = 0; n < seeding.count; ) {
      // The ledger commits writes that come at the same time together.
      const batch: Promise<unknown>[] = [];
      for (; n < seeding.count && batch.length < 2_000; n++) {
        const seeded = seededRun(n, seeding, random);
        runs.push(seeded.run);
        batch.push(write(ledger, seeded));
      }
      await Promise.all(batch);
    }
  } finally {
    ledger.close();
  }
  return runs;
}

interface Seeded {
  /** As it is in the end. */
  run: Run;
  poolType: PoolType;
  submission: NewRun["submission"];
  /** From SCHEDULED on. */
  states: State[];
}

/** In as few writes as its history has steps. In a large ledger, runs have ended from the start. */
async function write(ledger: Ledger, { run, poolType, submission, states }: Seeded): Promise<void> {
  const [first, ...later] = states;
  if (first === undefined) throw new Error("a run has at least one state");
  if (later.length === 0) {
    await ledger.createRun({ run, poolType, requestDigest: "", submission });
    return;
  }
  const { startedAt, endedAt, outcome, infrastructureId, ...created } = run;
  await ledger.createRun({ run: { ...created, state: first, version: 1 }, poolType, requestDigest: "", submission });
  for (const [index, state] of later.entries()) {
    const change = {
      state,
      ...(state.type === "PENDING" && infrastructureId !== undefined ? { infrastructureId } : {}),
      ...(state.type === "RUNNING" ? { startedAt } : {}),
      ...(index === later.length - 1 && endedAt !== undefined ? { endedAt, outcome } : {}),
    };
    await ledger.change(run.id, index + 1, change, "soon");
  }
}

function seededRun(n: number, { count, stack, deployments, until, span, active = 0 }: Seeding, random: () => number): Seeded {
  const deployment = pick(deployments, random);
  const created = until.getTime() - 1_000 - Math.floor(((count - 1 - n) / Math.max(1, count)) * span * 1_000);
  const provisioning = deployment.poolType === "process:push" ? 40 : 4_000 + Math.floor(random() * 20_000);
  const lasts = Math.floor(deployment.seconds * (0.6 + random()) * 1_000);
  const ends = random() < 1 / (deployment.failsEvery ?? 25) ? pick(FAILURES, random) : SUCCESS;
  const at = (ms: number) => new Date(created + ms).toISOString();
  const newest = count - 1 - n;
  const isActive = newest < active;
  const state = (type: StateType, name: string, ms: number, message?: string): State => ({
    type,
    name,
    timestamp: at(ms),
    ...(message === undefined ? {} : { message }),
  });
  const last = endOf(ends.outcome);
  const whole = [
    state("SCHEDULED", "Scheduled", 0),
    state("PENDING", "Pending", 20),
    state("RUNNING", "Running", provisioning),
    state(last.type, last.name, provisioning + lasts, ends.message),
  ];
  const states = isActive ? whole.slice(0, Math.min(newest + 1, 3)) : count > 5_000 ? whole.slice(-1) : whole;
  const now = states.at(-1) as State;
  const started = !isActive || now.type === "RUNNING";
  return {
    run: {
      id: idAt(created, n),
      name: `${ADJECTIVES[Math.floor(random() * ADJECTIVES.length)]}-${ANIMALS[Math.floor(random() * ANIMALS.length)]}-${n}`,
      stack,
      deployment: deployment.name,
      workPool: deployment.workPool,
      workQueue: "default",
      parameters: deployment.parameters ?? {},
      jobVariables: {},
      tags: deployment.tags ?? [],
      attempt: 1,
      state: now,
      createdAt: at(0),
      ...(started ? { startedAt: at(provisioning), infrastructureId: `seeded-${n}` } : {}),
      ...(isActive ? {} : { endedAt: at(provisioning + lasts), outcome: ends.outcome }),
      version: states.length,
    },
    poolType: deployment.poolType,
    submission: deployment.submission ?? {},
    states,
  };
}

interface End {
  outcome: Outcome;
  message?: string;
  /** @default 1 */
  weight?: number;
}

const SUCCESS: End = { outcome: { kind: "exited", code: 0 } };

const FAILURES: readonly End[] = [
  { outcome: { kind: "exited", code: 1 }, message: "the command exited with 1", weight: 4 },
  { outcome: { kind: "exited", code: 3 }, message: "the command exited with 3", weight: 2 },
  {
    outcome: { kind: "signalled", signal: "SIGKILL", reason: "out of memory" },
    message: "the command was ended by SIGKILL, out of memory",
  },
  { outcome: { kind: "cancelled", by: "us" }, message: "stopped on request", weight: 2 },
];

function endOf(outcome: Outcome): { type: StateType; name: string } {
  if (outcome.kind === "exited") return outcome.code === 0 ? { type: "COMPLETED", name: "Completed" } : { type: "FAILED", name: "Failed" };
  return outcome.kind === "cancelled" ? { type: "CANCELLED", name: "Cancelled" } : { type: "CRASHED", name: "Crashed" };
}

/** A UUID v7 for a time. `n` keeps runs of one millisecond apart, and in order. */
function idAt(time: number, n: number): string {
  const ms = time.toString(16).padStart(12, "0");
  const low = n.toString(16).padStart(12, "0");
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${low}`;
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function pick<T extends { weight?: number }>(from: readonly T[], random: () => number): T {
  const total = from.reduce((sum, { weight = 1 }) => sum + weight, 0);
  let left = random() * total;
  const found = from.find(({ weight = 1 }) => {
    left -= weight;
    return left < 0;
  });
  return found ?? (from[0] as T);
}

const ADJECTIVES = [
  "amber",
  "brisk",
  "calm",
  "dapper",
  "eager",
  "frosty",
  "gentle",
  "humble",
  "jolly",
  "keen",
  "lucid",
  "mellow",
  "nimble",
];
const ANIMALS = ["badger", "crane", "dormouse", "egret", "falcon", "gecko", "heron", "ibis", "jackal", "kestrel", "lynx", "marten", "newt"];
