import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import type { Manifest } from "../../src/manifest/manifest";
import { type Run, type Runs, runsOver } from "../../src/runs";
import type { Observation, Target } from "../../src/targets/target";
import { defaultTemplate } from "../../src/template";
import { scratch } from "../scratch";
import { until } from "../until";
import { ended, RUNNING, ScriptedTarget } from "./scriptedTarget";

afterEach(() => vi.restoreAllMocks());

const MANY = 300;
const DONE = ended({ kind: "exited", code: 0 });

class CountingTarget extends ScriptedTarget {
  override pace: Target["pace"] = { first: 1, longest: 5 };
  readonly asked: number[] = [];
  readonly seen = new Set<string>();
  beforeAnswer: (signal?: AbortSignal) => Promise<void> = async () => {};
  readonly limited = new Set<string>();
  denied: string | undefined;

  override async observe(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, Observation>> {
    this.asked.push(ids.length);
    for (const id of ids) this.seen.add(id);
    await this.beforeAnswer(signal);
    if (this.denied !== undefined && ids.includes(this.denied)) throw new Error(`no leave to see ${this.denied}`);
    return super.observe(ids);
  }

  async enforceLimits(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.limited.add(id);
  }
}

function place() {
  const manifest: Manifest = {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") } },
    blocks: {},
    variables: {},
    deployments: { "hello/node": { command: "true", workPool: { name: "local" } } },
  };
  const home = scratch();
  const target = new CountingTarget();
  const open = (): Runs => {
    const runs = runsOver({
      ledger: openSqliteLedger(join(home, "ledger.db")),
      stack: "data/dev",
      readManifest: async () => ({ manifest, origin: "the test's manifest", stack: "data/dev" }),
      openTarget: async () => target,
      digestKey: () => Buffer.alloc(32, 7),
      env: {},
    });
    onTestFinished(() => runs.close());
    return runs;
  };
  return { target, open };
}

const infra = (run: Run) => `${run.id}/${run.attempt}`;

async function submitted(runs: Runs, count: number): Promise<Run[]> {
  const made = await Promise.all(Array.from({ length: count }, () => runs.createRun({ deployment: "hello/node" })));
  return Promise.all(made.map(({ run }) => runs.submitRun(run.id)));
}

test("many runs share each look, and each gets its own states and end", async () => {
  const { target, open } = place();
  const runs = open();
  const all = await submitted(runs, MANY);
  const told = new Map<string, string[]>();
  const followed = all.map(({ id }) =>
    runs.followRun(id, {
      logs: false,
      onEvent: (event) => {
        if (event.kind === "state") told.set(id, [...(told.get(id) ?? []), event.run.state.type]);
      },
    }),
  );
  await until(() => target.asked.includes(MANY));
  for (const run of all) target.set(infra(run), RUNNING);
  await until(() => all.every(({ id }) => told.get(id)?.includes("RUNNING")));
  for (const [n, run] of all.entries()) target.set(infra(run), n % 2 === 0 ? DONE : ended({ kind: "exited", code: 3 }));
  const ends = await Promise.all(followed);

  expect(ends.map(({ state }) => state.type)).toEqual(all.map((_, n) => (n % 2 === 0 ? "COMPLETED" : "FAILED")));
  for (const [n, { id }] of all.entries()) expect(told.get(id)).toEqual(["PENDING", "RUNNING", n % 2 === 0 ? "COMPLETED" : "FAILED"]);
  // A loop for each run would ask for one at a time.
  expect(Math.max(...target.asked)).toBe(MANY);
  expect(target.asked.filter((count) => count === 1).length).toBeLessThan(MANY / 10);
  expect(target.limited).toEqual(new Set(all.map(infra)));
});

test("finds what another process writes about a run, and does not ask for its end again", async () => {
  const { target, open } = place();
  const [here, elsewhere] = [open(), open()];
  const [run] = (await submitted(here, 1)) as [Run];
  const followed = here.followRun(run.id, { logs: false });
  await until(() => target.asked.length > 0);
  const cancelled = elsewhere.cancelRun(run.id, { graceSeconds: 1 });
  await until(() => target.stopped.length > 0);
  target.set(infra(run), ended({ kind: "cancelled", by: "us" }));
  expect((await followed).state.type).toBe("CANCELLED");
  expect((await cancelled).state.type).toBe("CANCELLED");
});

test("a run that cannot be observed fails its own follower and no other", async () => {
  const { target, open } = place();
  const runs = open();
  const all = await submitted(runs, 5);
  const [first] = all as [Run];
  for (const run of all) target.set(infra(run), RUNNING);
  target.denied = infra(first);
  const followed = all.map(({ id }) => runs.followRun(id, { logs: false }));
  await expect(followed[0]).rejects.toThrow("no leave to see");
  for (const run of all) target.set(infra(run), DONE);
  expect((await Promise.all(followed.slice(1))).map(({ state }) => state.type)).toEqual(Array(4).fill("COMPLETED"));
});

test("a follower that gives up or whose time is over stops, while the others continue", async () => {
  const { target, open } = place();
  const runs = open();
  const [one, two, three] = (await submitted(runs, 3)) as [Run, Run, Run];
  const stop = new AbortController();
  const followed = [
    runs.followRun(one.id, { logs: false, signal: stop.signal }),
    runs.followRun(two.id, { logs: false, timeoutMs: 50 }),
    runs.followRun(three.id, { logs: false }),
  ];
  await until(() => target.asked.includes(3));
  stop.abort();
  expect((await Promise.all(followed.slice(0, 2))).map((run) => run.state.type)).toEqual(["PENDING", "PENDING"]);
  target.set(infra(three), DONE);
  expect((await followed[2])?.state.type).toBe("COMPLETED");
});

test("a follower that gives up ends the look that it waits for", async () => {
  const { target, open } = place();
  const runs = open();
  const [run] = (await submitted(runs, 1)) as [Run];
  for (const logs of [false, true]) {
    let began = 0;
    target.beforeAnswer = (signal) => {
      began += 1;
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    };
    const stop = new AbortController();
    const followed = runs.followRun(run.id, { logs, signal: stop.signal });
    await until(() => began > 0);
    stop.abort();
    expect([(await followed).state.type, began]).toEqual(["PENDING", 1]);
    const late = runs.followRun(run.id, { logs, timeoutMs: 20 });
    expect((await late).state.type).toBe("PENDING");
  }
});

test("if a look at each takes a call, some at a time are looked at, all get their turn, and the user learns how rarely", async () => {
  const { target, open } = place();
  const runs = open();
  target.pace = { first: 1, longest: 5, together: 7 };
  const all = await submitted(runs, 40);
  // Each look takes a minute, by this clock.
  let later = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + later);
  target.beforeAnswer = async () => {
    later += 60_000;
  };
  const told: string[] = [];
  const followed = all.map(({ id }) =>
    runs.followRun(id, { logs: false, onEvent: (event) => event.kind === "warning" && told.push(event.message) }),
  );
  await until(() => target.seen.size === all.length);
  for (const run of all) target.set(infra(run), DONE);
  expect((await Promise.all(followed)).every(({ state }) => state.type === "COMPLETED")).toBe(true);
  expect(Math.max(...target.asked)).toBeLessThanOrEqual(7);
  expect(told[0]).toMatch(/^work pool "local": pushpool sees each of its 40 runs about every 5 min 4\d s: the cloud limits/);
});
