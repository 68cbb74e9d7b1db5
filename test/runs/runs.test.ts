import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteLedger, type RunRecord } from "../../src/ledger";
import type { LoadedManifest } from "../../src/manifest";
import type { Manifest } from "../../src/manifest/manifest";
import { exitCodeOf, type Run, type RunEvent, type RunRequest, type Runs, runsOver } from "../../src/runs";
import { pausePool } from "../../src/runs/poolNotes";
import { state } from "../../src/runs/states";
import { Secret } from "../../src/secret";
import type { LogPage } from "../../src/targets/target";
import { defaultTemplate } from "../../src/template";
import { UserError } from "../../src/userError";
import { scratch } from "../scratch";
import { until } from "../until";
import { ended, RUNNING, ScriptedTarget } from "./scriptedTarget";

const SECRET = "hunter2-very-secret";

function manifest(pool: Partial<Manifest["pools"][string]> = {}): Manifest {
  return {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: { local: { type: "process:push", baseJobTemplate: defaultTemplate("process:push"), ...pool } },
    blocks: {},
    variables: { token: new Secret([{ pointer: "/variables/token" }], SECRET) },
    deployments: {
      "hello/node": { command: "true", workPool: { name: "local" }, parameters: { name: "Ada" }, tags: ["t"] },
      "hello/secret": {
        command: "true",
        workPool: { name: "local", jobVariables: { env: { TOKEN: "Bearer {{ prefect.variables.token }}" } } },
      },
    },
  };
}

/** A workspace over one ledger file. Opened several times, it acts like several CLIs. */
function workspace(first: Manifest = manifest(), target = new ScriptedTarget()) {
  const home = scratch();
  let present = first;
  const open = (stack = "data/dev"): Runs => {
    const runs = runsOver({
      ledger: openSqliteLedger(join(home, "ledger.db")),
      stack,
      readManifest: async (): Promise<LoadedManifest> => ({ manifest: present, origin: "the test's manifest", stack }),
      // As the target of a cloud does.
      openTarget: async (_, { pool }) => {
        await pool();
        return target;
      },
      digestKey: () => Buffer.alloc(32, 7),
      env: {},
    });
    onTestFinished(() => runs.close());
    return runs;
  };
  return {
    open,
    target,
    home,
    provision: (next: Manifest) => {
      present = next;
    },
  };
}

const infra = (run: Run) => `${run.id}/${run.attempt}`;
const statesOf = async (runs: Runs, id: string) => (await runs.showRun(id)).transitions.map(({ type, name }) => `${type}/${name}`);

test("a run from request to COMPLETED: every state with its name, the log, one infrastructure, cleaned up", async () => {
  const { open, target } = workspace();
  const runs = open();
  const events: RunEvent[] = [];
  const { run, created } = await runs.createRun({ deployment: "hello/node", parameters: { n: 2 }, tags: ["u"], name: "my-run" });
  expect(created).toBe(true);
  expect(run).toMatchObject({ name: "my-run", parameters: { name: "Ada", n: 2 }, tags: ["t", "u"], state: { type: "SCHEDULED" } });
  const followed = runs.followRun(run.id, { onEvent: (event) => events.push(event) });
  await until(() => target.started.length === 1);
  target.set(infra(run), RUNNING);
  target.say(infra(run), "one");
  await until(() => events.some((event) => event.kind === "log"));
  await until(() => events.some((event) => event.kind === "state" && event.run.state.type === "RUNNING"));
  target.say(infra(run), "two");
  target.set(infra(run), ended({ kind: "exited", code: 0 }));

  const end = await followed;
  expect([end.state.type, exitCodeOf(end)]).toEqual(["COMPLETED", 0]);
  expect(await statesOf(runs, run.id)).toEqual([
    "SCHEDULED/Scheduled",
    "PENDING/Submitting",
    "PENDING/InfrastructurePending",
    "RUNNING/Running",
    "COMPLETED/Completed",
  ]);
  expect(events.flatMap((event) => (event.kind === "log" ? [event.line.text] : []))).toEqual(["one", "two"]);
  expect(target.started).toHaveLength(1);
  expect(target.cleaned).toEqual([infra(run)]);
  expect(target.started[0]?.request).toMatchObject({
    job: { command: "true", env: { PUSHPOOL_FLOW_RUN_ID: run.id, PUSHPOOL_PARAMETERS: '{"name":"Ada","n":2}' } },
  });
});

test("the log continues after a page without lines whose cursor has moved", async () => {
  const { open, target } = workspace();
  const line = (text: string) => ({ at: "2026-01-02T03:04:05.678Z", stream: "stdout" as const, text });
  const pages: Record<string, LogPage> = {
    start: { lines: [line("one")], cursor: "a", complete: false },
    a: { lines: [], cursor: "b", complete: false },
    b: { lines: [], cursor: "c", complete: false },
    c: { lines: [line("two")], cursor: "d", complete: false },
    d: { lines: [], cursor: "d", complete: false },
  };
  target.logs = async (_, cursor = "start") => pages[cursor] as LogPage;
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  await runs.submitRun(run.id);
  target.set(infra(run), RUNNING);
  const read: string[] = [];
  await runs.readLogs(run.id, { onLine: ({ text }) => read.push(text) });
  expect(read).toEqual(["one", "two"]);
});

test.each([
  [{ kind: "exited", code: 3 }, "FAILED", 1, /exited with code 3/],
  [{ kind: "signalled", signal: "SIGKILL" }, "CRASHED", 1, /SIGKILL/],
  [{ kind: "failedToStart", reason: "no such command" }, "CRASHED", 1, /never started: no such command/],
  [{ kind: "timedOut", phase: "running" }, "FAILED", 1, /time limit/],
  [{ kind: "lost", reason: "gone" }, "CRASHED", 1, /not known: gone/],
  [{ kind: "cancelled", by: "someoneElse" }, "CANCELLED", 3, /someone else/],
] as const)("%o is %s, with its reason", async (outcome, type, code, message) => {
  const { open, target } = workspace();
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  await runs.submitRun(run.id);
  target.set(infra(run), ended(outcome));
  const end = await runs.followRun(run.id);
  expect([end.state.type, exitCodeOf(end), end.outcome]).toEqual([type, code, outcome]);
  expect(end.state.message).toMatch(message);
});

test("an idempotency key used twice gives one run; with other parameters it is refused and nothing is written", async () => {
  const runs = workspace().open();
  const first = await runs.createRun({ deployment: "hello/node", idempotencyKey: "k", parameters: { a: 1, b: 2 } });
  const again = await runs.createRun({ deployment: "hello/node", idempotencyKey: "k", parameters: { b: 2, a: 1 } });
  expect([again.created, again.run.id]).toEqual([false, first.run.id]);
  await expect(runs.createRun({ deployment: "hello/node", idempotencyKey: "k", parameters: { a: 2 } })).rejects.toThrow(
    /--idempotency-key "k" was already used for run/,
  );
  expect(await runs.listRuns()).toHaveLength(1);
});

test("a paused pool keeps a run SCHEDULED and gives the reason; once resumed, the waiting process submits it", async () => {
  const { open, target, provision } = workspace(manifest({ isPaused: true }));
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  const reasons: string[] = [];
  const held = await runs.submitRun(run.id, { onEvent: (event) => event.kind === "waiting" && reasons.push(event.reason) });
  expect(held.state).toMatchObject({ type: "SCHEDULED", name: "Scheduled" });
  expect(reasons).toEqual(['work pool "local" is paused']);
  expect(target.started).toEqual([]);
  provision(manifest());
  const later = open();
  await later.submitRun(run.id);
  expect(target.started).toHaveLength(1);
});

test("over a concurrency limit runs wait as AwaitingConcurrencySlot, also across two CLIs, until a slot is free", async () => {
  const { open, target } = workspace(manifest({ concurrencyLimit: 1 }));
  const [one, two] = [open(), open()];
  const first = (await one.createRun({ deployment: "hello/node" })).run;
  const second = (await two.createRun({ deployment: "hello/node" })).run;
  await one.submitRun(first.id);
  expect((await two.submitRun(second.id)).state).toMatchObject({
    type: "SCHEDULED",
    name: "AwaitingConcurrencySlot",
    message: expect.stringMatching(/"local" runs 1 at a time/),
  });
  const following = two.followRun(second.id);
  // Nobody watches the first: the run that waits for its slot sees that it has ended.
  target.set(infra(first), ended({ kind: "exited", code: 0 }));
  await until(() => target.started.length === 2);
  target.set(infra(second), ended({ kind: "exited", code: 0 }));
  expect((await following).state.type).toBe("COMPLETED");
  expect((await one.findRun(first.id)).state.type).toBe("COMPLETED");
});

/** What decides whether a run may be submitted, each with what to do before. */
const SITUATIONS: Record<string, { pool?: Partial<Manifest["pools"][string]>; before?: (runs: Runs, home: string) => Promise<unknown> }> = {
  "nothing in the way": {},
  "room under a limit": { pool: { concurrencyLimit: 1 } },
  "the pool is paused by its program": { pool: { isPaused: true } },
  "the pool is paused here": {
    before: async (_, home) => {
      const ledger = openSqliteLedger(join(home, "ledger.db"));
      await pausePool(ledger, "data/dev", "local", true, new Date());
      ledger.close();
    },
  },
  "all slots are taken": {
    pool: { concurrencyLimit: 1 },
    before: async (runs) => runs.submitRun((await runs.createRun({ deployment: "hello/node" })).run.id),
  },
  "its key is known": { before: (runs) => runs.createRun({ deployment: "hello/node", idempotencyKey: "k" }) },
  "its key is known, and that run is submitted": {
    before: async (runs) => runs.submitRun((await runs.createRun({ deployment: "hello/node", idempotencyKey: "k" })).run.id),
  },
};

test.each(Object.entries(SITUATIONS))("created and submitted in one step, it is as in two: %s", async (_, { pool, before }) => {
  const outcomeOf = async (submit: (runs: Runs, request: RunRequest, onEvent: (event: RunEvent) => void) => Promise<Run>) => {
    const { open, target, home } = workspace(manifest(pool));
    const runs = open();
    await before?.(runs, home);
    const events: RunEvent[] = [];
    const run = await submit(runs, { deployment: "hello/node", idempotencyKey: "k" }, (event) => events.push(event));
    const { transitions } = await runs.showRun(run.id);
    const facts = { state: run.state, version: run.version, isPlaced: run.infrastructureId === infra(run) };
    const told = events.map((event) => (event.kind === "state" ? event.run.state : event));
    return JSON.parse(
      JSON.stringify({ facts, transitions, told, started: target.started.length }, (key, value) =>
        ["timestamp", "run", "version"].includes(key) && typeof value !== "number" ? undefined : value,
      ),
    );
  };
  const recorded: boolean[] = [];
  const inOneStep = await outcomeOf((runs, request, onEvent) =>
    runs.startRun(request, { onEvent, onRecorded: ({ created }) => recorded.push(created) }),
  );
  expect(inOneStep).toEqual(
    await outcomeOf(async (runs, request, onEvent) => runs.submitRun((await runs.createRun(request)).run.id, { onEvent })),
  );
  expect(recorded).toHaveLength(1);
});

test("created and submitted in one step: what cannot be sent is recorded with the reason, and another request's key is refused", async () => {
  const { open, target } = workspace();
  const runs = open();
  target.beforeStart = async () => {
    throw new UserError("no quota", 5);
  };
  await expect(runs.startRun({ deployment: "hello/node", idempotencyKey: "k" })).rejects.toThrow("no quota");
  const [run] = await runs.listRuns();
  expect(run?.state).toMatchObject({ type: "CRASHED", message: "it could not be submitted: no quota" });
  expect(await statesOf(runs, run?.id ?? "")).toEqual(["SCHEDULED/Scheduled", "PENDING/Submitting", "CRASHED/Crashed"]);
  await expect(runs.startRun({ deployment: "hello/node", idempotencyKey: "k", parameters: { a: 2 } })).rejects.toThrow(/already used/);
  expect(await runs.listRuns()).toHaveLength(1);
});

test("what a target reports as started is recorded then; if the run has changed meanwhile, after that", async () => {
  const { open, target } = workspace();
  const runs = open();
  target.reports = true;
  const names = ["SCHEDULED/Scheduled", "PENDING/Submitting", "PENDING/InfrastructurePending"];
  const run = await runs.startRun({ deployment: "hello/node" });
  expect([run.infrastructureId, run.version, await statesOf(runs, run.id)]).toEqual([infra(run), 3, names]);

  const other = open();
  let cancelling: Promise<Run> | undefined;
  target.beforeStart = async () => {
    const [{ id } = { id: "" }] = await other.listRuns({ states: ["PENDING"], limit: 1 });
    cancelling = other.cancelRun(id, { detach: true });
    await until(async () => (await other.readRun(id))?.state.type === "CANCELLING");
  };
  const cancelled = await runs.startRun({ deployment: "hello/node" });
  expect(cancelled).toMatchObject({ state: { type: "CANCELLING" }, infrastructureId: infra(cancelled) });
  target.set(infra(cancelled), ended({ kind: "cancelled", by: "us" }));
  await cancelling;
});

test("many at once over one ledger never exceed the limit", async () => {
  const { open, target } = workspace(manifest({ concurrencyLimit: 3 }));
  const clis = Array.from({ length: 4 }, open);
  let most = 0;
  let running = 0;
  const all = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const runs = clis[n % clis.length] as Runs;
      const { run } = await runs.createRun({ deployment: "hello/node" });
      const following = runs.followRun(run.id);
      await until(() => target.started.some(({ runId }) => runId === run.id));
      running += 1;
      most = Math.max(most, running);
      await new Promise((done) => setTimeout(done, 5));
      running -= 1;
      target.set(infra(run), ended({ kind: "exited", code: 0 }));
      return following;
    }),
  );
  expect(new Set(all.map(({ state }) => state.type))).toEqual(new Set(["COMPLETED"]));
  expect(most).toBeLessThanOrEqual(3);
  expect(target.started).toHaveLength(20);
});

test("cancel: SCHEDULED ends at once; RUNNING is CANCELLING until the target reports that it has stopped", async () => {
  const { open, target } = workspace();
  const runs = open();
  const scheduled = (await runs.createRun({ deployment: "hello/node" })).run;
  expect((await runs.cancelRun(scheduled.id)).state).toMatchObject({ type: "CANCELLED", message: "cancelled before it was submitted" });
  expect(target.started).toEqual([]);

  const { run } = await runs.createRun({ deployment: "hello/node" });
  await runs.submitRun(run.id);
  target.set(infra(run), RUNNING);
  expect((await runs.cancelRun(run.id, { detach: true })).state.type).toBe("CANCELLING");
  expect(target.stopped).toEqual([infra(run)]);
  const watching = open().followRun(run.id);
  await until(() => target.stopped.length === 2);
  expect((await runs.findRun(run.id)).state.type).toBe("CANCELLING");
  target.set(infra(run), ended({ kind: "cancelled", by: "us" }));
  expect((await watching).state.type).toBe("CANCELLED");
  await expect(runs.cancelRun(run.id)).rejects.toThrow(/has already ended: it is CANCELLED since/);
});

test("a run of another stack, or whose pool is gone: refused with what to do, and it stays as it is", async () => {
  const { open, target, home, provision } = workspace();
  const [dev, prod] = [open(), open("data/prod")];
  const { run } = await dev.createRun({ deployment: "hello/node" });
  await dev.submitRun(run.id);
  const failed = (await dev.createRun({ deployment: "hello/node" })).run;
  await dev.submitRun(failed.id);
  target.set(infra(failed), ended({ kind: "exited", code: 1 }));
  await dev.followRun(failed.id);
  // Its submitter died before it sent anything.
  const left = (await dev.createRun({ deployment: "hello/node" })).run;
  const ledger = openSqliteLedger(join(home, "ledger.db"));
  onTestFinished(() => ledger.close());
  await ledger.change(left.id, left.version, { state: state("PENDING", new Date(), undefined, "Submitting") });

  const actions: Record<string, (runs: Runs) => Promise<unknown>> = {
    cancel: (runs) => runs.cancelRun(run.id),
    "cancel one that was never sent": (runs) => runs.cancelRun(left.id),
    wait: (runs) => runs.followRun(run.id),
    "wait for one that was never sent": (runs) => runs.followRun(left.id),
    retry: (runs) => runs.retryRun(failed.id),
    logs: (runs) => runs.readLogs(run.id, { onLine: () => {} }),
  };
  const records = () => Promise.all([run, failed, left].map(({ id }) => ledger.read(id)));
  const before = await records();
  for (const [name, act] of Object.entries(actions))
    await expect(act(prod), name).rejects.toThrow(
      /belongs to stack data\/dev, but the test's manifest is of data\/prod: choose it with --stack$/,
    );
  provision({ ...manifest(), pools: {} });
  for (const act of [actions.cancel, actions.wait] as ((runs: Runs) => Promise<unknown>)[])
    await expect(act(open())).rejects.toThrow(/work pool "local" of run \S+ is no longer in the test's manifest: provision it again$/);
  expect(await records()).toEqual(before);
  expect(target.stopped).toEqual([]);
});

test("a run of a Prefect server is not taken up or ended by another stack, which does not know that server", async () => {
  const { open, home, target } = workspace();
  const ledger = openSqliteLedger(join(home, "ledger.db"));
  onTestFinished(() => ledger.close());
  const { run } = await open().createRun({ deployment: "hello/node" });
  const made = await ledger.read(run.id);
  const id = "00000000-0000-4000-8000-000000000001";
  const submission = { ...(made as RunRecord).submission, prefect: {} };
  await ledger.createRun({ run: { ...run, id, name: "of-a-server" }, poolType: "process:push", requestDigest: "d", submission });
  for (const change of [{}, { state: state("PENDING", new Date()) }]) {
    const present = (await ledger.read(id)) as RunRecord;
    await ledger.change(id, present.run.version, change);
    const before = await ledger.read(id);
    for (const act of ["cancelRun", "followRun"] as const)
      await expect(open("data/prod")[act](id)).rejects.toThrow(/belongs to stack data\/dev/);
    expect(await ledger.read(id)).toEqual(before);
  }
  expect(target.started).toEqual([]);
});

test("a run that exited 0 before the cancellation reached it is COMPLETED, and its message says so", async () => {
  const { open, target } = workspace();
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  await runs.submitRun(run.id);
  target.set(infra(run), ended({ kind: "exited", code: 0 }));
  expect((await runs.cancelRun(run.id)).state).toMatchObject({
    type: "COMPLETED",
    message: expect.stringMatching(/before the cancellation/),
  });
});

test("cancelled during its submission: what has started is stopped, and only then the run is CANCELLED", async () => {
  const { open, target } = workspace();
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  let go = () => {};
  const gate = new Promise<void>((done) => {
    go = done;
  });
  let reached = false;
  target.beforeStart = () => {
    reached = true;
    return gate;
  };
  const submitting = runs.submitRun(run.id);
  await until(() => reached);
  expect((await runs.findRun(run.id)).state.type).toBe("PENDING");
  const reasons: string[] = [];
  const cancelling = open().cancelRun(run.id, { onEvent: (event) => event.kind === "waiting" && reasons.push(event.reason) });
  await until(() => reasons.length === 1);
  expect((await runs.findRun(run.id)).state.type).toBe("CANCELLING");
  go();
  await submitting;
  await until(() => target.stopped.length === 1);
  target.set(infra(run), ended({ kind: "cancelled", by: "us" }));
  expect((await cancelling).state.type).toBe("CANCELLED");
});

test("cancelled while its slot is being written: nothing is sent, and it is CANCELLED", async () => {
  const { open, target } = workspace();
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  const submitting = runs.submitRun(run.id);
  // Others see a change before it is on the disk. This one comes between the two, or after both.
  await until(async () => (await runs.findRun(run.id)).state.type !== "SCHEDULED");
  const cancelling = open().cancelRun(run.id);
  await submitting;
  if (target.started.length > 0) target.set(infra(run), ended({ kind: "cancelled", by: "us" }));
  expect((await cancelling).state.type).toBe("CANCELLED");
  expect(target.stopped.length).toBe(target.started.length);
});

test.each<[string, () => Promise<void>]>([
  ["goes through", async () => {}],
  ["is refused", async () => Promise.reject(new UserError("no quota", 5))],
  ["breaks off", async () => Promise.reject(new Error("broken"))],
])("a submission that %s after the run was cancelled releases it: nobody waits for a submitter that is done", async (_, submitting) => {
  const { open, target, home } = workspace();
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  target.beforeStart = async () => {
    await open().cancelRun(run.id, { signal: AbortSignal.abort() });
    await submitting();
  };
  await runs.submitRun(run.id).catch(() => {});
  const ledger = openSqliteLedger(join(home, "ledger.db"));
  onTestFinished(() => ledger.close());
  expect(await ledger.read(run.id)).toMatchObject({ run: { state: { type: "CANCELLING" } } });
  expect((await ledger.read(run.id))?.owner).toBeUndefined();
});

test("retry: another attempt with the same parameters; a COMPLETED or unfinished run is refused", async () => {
  const { open, target } = workspace();
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node", parameters: { n: 5 } });
  await expect(runs.retryRun(run.id)).rejects.toThrow(/has not ended: it is SCHEDULED/);
  await runs.submitRun(run.id);
  target.set(infra(run), ended({ kind: "exited", code: 1 }));
  await runs.followRun(run.id);
  const again = await runs.retryRun(run.id);
  expect(again).toMatchObject({ attempt: 2, state: { type: "SCHEDULED", name: "AwaitingRetry" } });
  await runs.submitRun(run.id);
  expect(target.started.map(({ attempt }) => attempt)).toEqual([1, 2]);
  target.set(infra(again), ended({ kind: "exited", code: 0 }));
  expect((await runs.followRun(run.id)).state.type).toBe("COMPLETED");
  await expect(runs.retryRun(run.id)).rejects.toThrow(/COMPLETED: there is nothing to retry/);
});

test("a secret is not in the ledger; another CLI reads it again; a changed one is not sent, and the error names it", async () => {
  const { open, target, home, provision } = workspace();
  const maker = open();
  const kept = (await maker.createRun({ deployment: "hello/secret" })).run;
  const changed = (await maker.createRun({ deployment: "hello/secret" })).run;
  const dry = await maker.planRun({ deployment: "hello/secret" });
  expect(JSON.stringify(dry)).toContain("[secret]");
  expect(JSON.stringify(dry)).not.toContain(SECRET);
  await maker.close();
  const { readFileSync } = await import("node:fs");
  expect(readFileSync(join(home, "ledger.db")).includes(SECRET)).toBe(false);

  const other = open();
  await other.submitRun(kept.id);
  const job = target.started[0]?.request.job as unknown as { env: { TOKEN: Secret } };
  expect(job.env.TOKEN.reveal()).toBe(`Bearer ${SECRET}`);

  provision({ ...manifest(), variables: { token: new Secret([{ pointer: "/variables/token" }], "rotated") } });
  const third = open();
  await expect(third.submitRun(changed.id)).rejects.toThrow(/secret at \/variables\/token of the manifest has changed/);
  expect((await third.findRun(changed.id)).state.type).toBe("SCHEDULED");
  expect(target.started).toHaveLength(1);
});

test("--timeout ends the watching and leaves the run going", async () => {
  const { open, target } = workspace();
  const runs = open();
  const { run } = await runs.createRun({ deployment: "hello/node" });
  const seen = await runs.followRun(run.id, { timeoutMs: 30 });
  expect([seen.state.type, exitCodeOf(seen)]).toEqual(["PENDING", 4]);
  expect(target.stopped).toEqual([]);
});

test("reads observe in one batch and record, but never submit", async () => {
  const { open, target } = workspace();
  const runs = open();
  const created = await Promise.all(Array.from({ length: 5 }, () => runs.createRun({ deployment: "hello/node" })));
  for (const { run } of created.slice(0, 4)) {
    await runs.submitRun(run.id);
    target.set(infra(run), ended({ kind: "exited", code: 0 }));
  }
  target.observeCalls = 0;
  const listed = await open().listRuns();
  expect(listed.map(({ state }) => state.type).sort()).toEqual(["COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "SCHEDULED"]);
  expect(target.observeCalls).toBe(1);
  expect(target.started).toHaveLength(4);
});

test.each([
  ["hello/nod", {}, /no deployment "hello\/nod" in the test's manifest: did you mean "hello\/node"/],
  ["hello/node", { jobVariables: { comand: "x" } }, /comand.*command/],
] as const)("bad input %s %o: one message, nothing recorded", async (deployment, over, message) => {
  const runs = workspace().open();
  await expect(runs.createRun({ deployment, ...over })).rejects.toThrow(message);
  expect(await runs.listRuns()).toEqual([]);
});

test("RUN: an unknown one suggests similar names, an ambiguous prefix lists the matches", async () => {
  const runs = workspace().open();
  const a = (await runs.createRun({ deployment: "hello/node", name: "brave-fox" })).run;
  const b = (await runs.createRun({ deployment: "hello/node", name: "calm-owl" })).run;
  expect((await runs.findRun("brave-fox")).id).toBe(a.id);
  expect((await runs.findRun(b.id)).id).toBe(b.id);
  await expect(runs.findRun("brave-fix")).rejects.toThrow(/did you mean "brave-fox"/);
  await expect(runs.findRun(a.id.slice(0, 4))).rejects.toThrow(
    new RegExp(`ambiguous[^]*${b.id}[^]*${a.id}|ambiguous[^]*${a.id}[^]*${b.id}`),
  );
});
