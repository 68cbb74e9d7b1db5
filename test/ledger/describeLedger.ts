import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { DeploymentRecord, Ledger } from "../../src/ledger";
import { state } from "../../src/runs/states";
import { describeLists } from "./describeLists";
import { NOW, newRun } from "./newRun";

/** One engine of the ledger, for {@link describeLedger}. */
export interface LedgerEngine {
  /** Make a new, empty place for a ledger. @returns its address */
  place(): Promise<string>;
  open(address: string): Promise<Ledger>;
  /** JavaScript that opens the ledger at `address` with the built package: an expression, which may be a promise. */
  opening: string;
}

/** The promises of `Ledger` (`src/ledger/ledger.ts`): every engine keeps them. */
export function describeLedger(name: string, engine: LedgerEngine): void {
  describe(`a ledger in ${name}`, () => {
    const openAt = async (address: string): Promise<Ledger> => {
      const ledger = await engine.open(address);
      onTestFinished(() => ledger.close());
      return ledger;
    };
    const open = async () => openAt(await engine.place());
    /** Connections to one new ledger, as of several processes. */
    const several = async (count: number): Promise<Ledger[]> => {
      const address = await engine.place();
      const ledgers: Ledger[] = [];
      for (let n = 0; n < count; n += 1) ledgers.push(await openAt(address));
      return ledgers;
    };

    describeRuns(open, several);
    describeSlots(open);
    describeFirstSlots(open, several);
    describeRest(open, several);
    describeLists(open);
    describeProcesses(engine, openAt);
  });
}

function describeRuns(open: () => Promise<Ledger>, several: (count: number) => Promise<Ledger[]>): void {
  test("a run is read as it was written, also from another connection", async () => {
    const [first, second] = (await several(2)) as [Ledger, Ledger];
    const written = newRun("r1", {
      idempotencyKey: "k",
      parameters: { text: "ü 🦊 ' \" \\ \n", nothing: null, list: [1, { deep: true }] },
      state: state("SCHEDULED", NOW, "it's\nlate ü"),
      tags: ["b", "a", "b"],
    });
    await first.createRun(written);
    const whole = { run: written.run, poolType: "process:push", requestDigest: "digest", submission: written.submission };
    expect(await second.read("r1")).toEqual(whole);
    expect(await second.read("r")).toBeUndefined();
  });

  test("a run that another process has recorded meanwhile is returned unchanged", async () => {
    const ledger = await open();
    const first = await ledger.createRun(newRun("r1", { parameters: { by: "the first" } }));
    const second = await ledger.createRun(newRun("r1", { parameters: { by: "the second" } }));
    expect(first.created).toBe(true);
    expect(second).toEqual({ record: first.record, created: false });
  });

  test("an idempotency key returns the earlier run, but only within its deployment and stack", async () => {
    const ledger = await open();
    await ledger.createRun(newRun("r1", { idempotencyKey: "k" }));
    const again = await ledger.createRun(newRun("r2", { idempotencyKey: "k" }));
    expect([again.created, again.record.run.id]).toEqual([false, "r1"]);
    expect(await ledger.read("r2")).toBeUndefined();
    for (const other of [{ deployment: "hello/other" }, { stack: "data/prod" }]) {
      const created = await ledger.createRun(newRun(JSON.stringify(other), { idempotencyKey: "k", ...other }));
      expect(created.created).toBe(true);
    }
  });

  test("a key that is released gets a new run", async () => {
    const ledger = await open();
    await ledger.createRun(newRun("r1", { idempotencyKey: "k" }));
    const released = await ledger.change("r1", 1, { idempotencyKey: null });
    expect(released?.run).not.toHaveProperty("idempotencyKey");
    expect(await ledger.createRun(newRun("r2", { idempotencyKey: "k" }))).toMatchObject({ created: true });
  });

  test("of many who use one key at once, one creates the run, and all get it", async () => {
    const ledgers = await several(3);
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, n) => (ledgers[n % 3] as Ledger).createRun(newRun(`r${n}`, { idempotencyKey: "k" }))),
    );
    expect(made.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(made.map(({ record }) => record.run.id)).size).toBe(1);
    expect(await (ledgers[0] as Ledger).count({})).toBe(1);
  });

  test("a change names the version that it is based on; an outdated one changes nothing", async () => {
    const ledger = await open();
    await ledger.createRun(newRun("r1"));
    const pending = await ledger.change("r1", 1, { state: state("PENDING", NOW, undefined, "Submitting"), owner: "me" });
    expect(pending).toMatchObject({ owner: "me", run: { version: 2 } });
    expect(await ledger.change("r1", 1, { state: state("CANCELLED", NOW) })).toBeUndefined();
    expect(await ledger.change("nobody", 1, { owner: null })).toBeUndefined();
    expect(await ledger.read("r1")).toEqual(pending);
    expect([await ledger.isAt("r1", 1), await ledger.isAt("r1", 2), await ledger.isAt("nobody", 1)]).toEqual([false, true, false]);
    expect((await ledger.transitions("r1")).map(({ type, name, attempt }) => `${attempt} ${type} ${name}`)).toEqual([
      "1 SCHEDULED Scheduled",
      "1 PENDING Submitting",
    ]);
    // Without a state: a new version, and no transition.
    for (const durable of ["now", "soon"] as const)
      expect(await ledger.change("r1", durable === "now" ? 2 : 3, { infrastructureId: durable, owner: null }, durable)).not.toHaveProperty(
        "owner",
      );
    expect((await ledger.read("r1"))?.run).toMatchObject({ version: 4, infrastructureId: "soon" });
    expect(await ledger.transitions("r1")).toHaveLength(2);
  });

  test("a retry has its own submission, and clears what the last attempt left; the attempts keep theirs", async () => {
    const ledger = await open();
    await ledger.createRun(newRun("r1"));
    const at = NOW.toISOString();
    await ledger.change("r1", 1, {
      state: state("FAILED", NOW, "1"),
      infrastructureId: "i1",
      startedAt: at,
      outcome: { kind: "exited", code: 1 },
      endedAt: at,
      cleanedAt: "x",
    });
    expect(await ledger.read("r1")).toMatchObject({ cleanedAt: "x", run: { outcome: { kind: "exited", code: 1 }, endedAt: at } });
    const next = await ledger.change("r1", 2, {
      state: state("SCHEDULED", NOW, undefined, "AwaitingRetry"),
      nextAttempt: { submission: { attempt: 2 } },
      infrastructureId: null,
      startedAt: null,
      outcome: null,
      endedAt: null,
    });
    expect(next).toMatchObject({ run: { attempt: 2, state: { name: "AwaitingRetry" } }, submission: { attempt: 2 } });
    for (const field of ["infrastructureId", "startedAt", "outcome", "endedAt"]) expect(next?.run).not.toHaveProperty(field);
    expect(next).not.toHaveProperty("cleanedAt");
    expect(await ledger.read("r1")).toEqual(next);
    expect(await ledger.change("r1", 3, { infrastructureId: "i9", nextAttempt: { submission: { attempt: 9 }, attempt: 9 } })).toMatchObject(
      {
        run: { attempt: 9 },
      },
    );
    expect(await ledger.attempts("r1")).toEqual([
      { attempt: 1, submission: newRun("r1").submission, storedAt: at, infrastructureId: "i1", startedAt: at },
      { attempt: 2, submission: { attempt: 2 }, storedAt: at },
      { attempt: 9, submission: { attempt: 9 }, storedAt: expect.any(String), infrastructureId: "i9" },
    ]);
    expect(await ledger.attempts("nobody")).toEqual([]);
  });

  test("interleaved writers leave a consistent ledger: each version is changed once, and the transitions are complete", async () => {
    const types = fc.constantFrom("PENDING" as const, "RUNNING" as const, "CANCELLING" as const, "COMPLETED" as const);
    const step = fc.record({ by: fc.constantFrom(0, 1), type: types, stale: fc.boolean() });
    const writers = await several(2);
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const id = `r${runs++}`;
        await (writers[0] as Ledger).createRun(newRun(id));
        const expected = ["SCHEDULED"];
        for (const { by, type, stale } of steps) {
          const version = expected.length - (stale ? 1 : 0);
          const changed = await (writers[by] as Ledger).change(id, version, { state: state(type, NOW) });
          expect(changed !== undefined).toBe(!stale);
          if (changed) expected.push(type);
        }
        expect((await (writers[1] as Ledger).transitions(id)).map(({ type }) => type)).toEqual(expected);
        expect((await (writers[0] as Ledger).read(id))?.run).toMatchObject({ version: expected.length, state: { type: expected.at(-1) } });
      }),
      { numRuns: 30 },
    );
  });

  test("of changes at once to the same versions of several runs, each version has one winner", async () => {
    const writers = await several(3);
    const change = fc.record({ by: fc.integer({ min: 0, max: 2 }), run: fc.integer({ min: 0, max: 2 }) });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 24 }), async (changes) => {
        const ids = [0, 1, 2].map((n) => `r${runs}-${n}`);
        runs += 1;
        for (const id of ids) await (writers[0] as Ledger).createRun(newRun(id));
        const done = await Promise.all(
          changes.map(async ({ by, run }, n) => {
            const id = ids[run] as string;
            return [id, (await (writers[by] as Ledger).change(id, 1, { owner: `o${n}` }))?.owner] as const;
          }),
        );
        for (const [n, id] of ids.entries()) {
          const winners = done.flatMap(([of, owner]) => (of === id && owner !== undefined ? [owner] : []));
          expect(winners).toHaveLength(changes.some(({ run }) => run === n) ? 1 : 0);
          const { run, owner } = (await (writers[1] as Ledger).read(id)) as NonNullable<Awaited<ReturnType<Ledger["read"]>>>;
          expect([run.version, owner]).toEqual([1 + winners.length, winners[0]]);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("one query finds which of many runs have changed; a missing one counts as changed", async () => {
    const [ledger, other] = (await several(2)) as [Ledger, Ledger];
    for (const id of ["r1", "r2", "r3"]) await ledger.createRun(newRun(id));
    await other.change("r2", 1, { state: state("PENDING", NOW) });
    const moved = await ledger.moved([
      ["r1", 1],
      ["r2", 1],
      ["r3", 1],
      ["r4", 1],
    ]);
    expect(moved.sort()).toEqual(["r2", "r4"]);
    expect(await ledger.moved([["r2", 2]])).toEqual([]);
    expect(await ledger.moved([])).toEqual([]);
  });

  test("list and match: newest first, filtered, limited; an id prefix or a name", async () => {
    const ledger = await open();
    for (const [id, over] of [
      ["0190-a", {}],
      ["0190-b", { deployment: "x/y" }],
      ["0191-c", { stack: "data/prod", name: "brave-fox", workPool: "batch" }],
    ] as const) {
      await ledger.createRun(newRun(id, over));
    }
    const ids = async (filter: Parameters<Ledger["list"]>[0]) => (await ledger.list(filter)).map(({ run }) => run.id);
    expect(await ids({})).toEqual(["0191-c", "0190-b", "0190-a"]);
    expect(await ids({ stack: "data/dev" })).toEqual(["0190-b", "0190-a"]);
    expect(await ids({ stack: "data/dev", limit: 1 })).toEqual(["0190-b"]);
    expect(await ids({ deployment: "x/y" })).toEqual(["0190-b"]);
    expect(await ids({ workPool: "batch", states: ["SCHEDULED", "RUNNING"] })).toEqual(["0191-c"]);
    expect(await ids({ states: ["RUNNING"] })).toEqual([]);
    const matched = async (ref: string) => (await ledger.match(ref, 5)).map(({ run }) => run.id).sort();
    expect(await matched("0190")).toEqual(["0190-a", "0190-b"]);
    expect(await matched("brave-fox")).toEqual(["0191-c"]);
    expect(await matched("%")).toEqual([]);
    expect(await ledger.match("019", 2)).toHaveLength(2);
    expect(await ledger.recentNames(2)).toEqual(["brave-fox", "run-0190-b"]);
    const used = await ledger.used();
    expect(used.map(({ stack, workPool, deployment }) => `${stack} ${workPool} ${deployment}`).sort()).toEqual([
      "data/dev local hello/node",
      "data/dev local x/y",
      "data/prod batch hello/node",
    ]);
  });
}

function describeSlots(open: () => Promise<Ledger>): void {
  const pending = { state: state("PENDING", NOW) };

  test("slots: the limits of a pool and of a queue hold, and an ended run frees a slot", async () => {
    const ledger = await open();
    for (const id of ["a", "b", "c"]) await ledger.createRun(newRun(id, { workQueue: id === "c" ? "other" : "default" }));
    const take = (id: string, pool: number | null, queue: number | null = null) =>
      ledger.acquireSlot(id, 1, { pool, queue, deployment: null }, pending);
    expect((await take("a", 2, 1)).kind).toBe("acquired");
    expect(await take("b", 2, 1)).toEqual({ kind: "full", of: "queue", limit: 1 });
    expect((await take("c", 2, 1)).kind).toBe("acquired");
    expect(await take("b", 2)).toEqual({ kind: "full", of: "pool", limit: 2 });
    expect((await ledger.slotHolders("data/dev", "local", "hello/a")).map(({ run }) => run.id).sort()).toEqual(["a", "c"]);
    expect((await ledger.slotsTaken("data/dev")).sort((a, b) => a.workQueue.localeCompare(b.workQueue))).toEqual([
      { workPool: "local", workQueue: "default", count: 1 },
      { workPool: "local", workQueue: "other", count: 1 },
    ]);
    expect(await ledger.slotsTaken("data/prod")).toEqual([]);
    await ledger.change("a", 2, { state: state("COMPLETED", NOW) });
    expect((await take("b", 2)).kind).toBe("acquired");
    expect(await take("b", null)).toEqual({ kind: "changed" });
    expect(await take("nobody", null)).toEqual({ kind: "changed" });
  });

  test("slots: the limit of a deployment counts its runs on every pool, and only those of its stack", async () => {
    const ledger = await open();
    for (const [id, over] of [
      ["a", {}],
      ["b", { workPool: "batch" }],
      ["c", { stack: "data/prod" }],
    ] as const)
      await ledger.createRun(newRun(id, over));
    const take = (id: string) => ledger.acquireSlot(id, 1, { pool: null, queue: null, deployment: 1 }, { ...pending, owner: "me" });
    expect(await take("a")).toMatchObject({ kind: "acquired", record: { owner: "me", run: { version: 2, state: { type: "PENDING" } } } });
    expect(await take("b")).toEqual({ kind: "full", of: "deployment", limit: 1 });
    expect(await take("c")).toMatchObject({ kind: "acquired" });
    expect((await ledger.slotHolders("data/dev", "batch", "hello/node")).map(({ run }) => run.id)).toEqual(["a"]);
    // A refused write changes nothing.
    expect((await ledger.read("b"))?.run).toMatchObject({ version: 1, state: { type: "SCHEDULED" } });
    expect((await ledger.transitions("a")).map(({ type }) => type)).toEqual(["SCHEDULED", "PENDING"]);
  });
}

/** A run that takes its slot when it is created. */
function describeFirstSlots(open: () => Promise<Ledger>, several: (count: number) => Promise<Ledger[]>): void {
  const limitsOf = (pool: number | null) => ({ pool, queue: null, deployment: null });
  const slot = (pool: number | null, owner = "me") => ({
    limits: limitsOf(pool),
    change: { state: state("PENDING", NOW, undefined, "Submitting"), owner },
  });

  test.each([["with", 1] as const, ["without", null] as const])(
    "a new run that takes a slot %s a limit is PENDING in the same step, and all of it is stored",
    async (_, limit) => {
      const [first, second] = (await several(2)) as [Ledger, Ledger];
      const given = newRun("r1", { idempotencyKey: "k", tags: ["b", "a"] });
      const made = await first.createRun(given, slot(limit));
      expect(made).toEqual({
        created: true,
        record: {
          run: { ...given.run, version: 2, state: slot(limit).change.state },
          poolType: "process:push",
          requestDigest: "digest",
          owner: "me",
          submission: given.submission,
        },
      });
      expect(await second.read("r1")).toEqual(made.record);
      expect(await second.transitions("r1")).toEqual([
        { ...given.run.state, attempt: 1 },
        { ...slot(limit).change.state, attempt: 1 },
      ]);
      expect(await second.count({ tag: "b" })).toBe(1);
      expect(await first.change("r1", 1, { owner: null })).toBeUndefined();
      expect((await first.change("r1", 2, { owner: null, infrastructureId: "i" }))?.run).toMatchObject({ version: 3 });
    },
  );

  test("a new run that finds every slot taken is SCHEDULED, as without one", async () => {
    const ledger = await open();
    await ledger.createRun(newRun("r1"), slot(1));
    const given = newRun("r2");
    const { created, record } = await ledger.createRun(given, slot(1, "other"));
    expect([created, record.run, record.owner]).toEqual([true, given.run, undefined]);
    expect(await ledger.read("r2")).toEqual(record);
    expect((await ledger.transitions("r2")).map(({ type }) => type)).toEqual(["SCHEDULED"]);
    await ledger.change("r1", 2, { state: state("COMPLETED", NOW) });
    expect(await ledger.acquireSlot("r2", 1, limitsOf(1), slot(1).change)).toMatchObject({ kind: "acquired" });
  });

  test("an earlier run with the key or the id is returned as it is: it takes no slot, whatever room there is", async () => {
    const ledger = await open();
    const { record } = await ledger.createRun(newRun("r1", { idempotencyKey: "k" }));
    for (const [id, over] of [["r2", { idempotencyKey: "k" }] as const, ["r1", { idempotencyKey: "k" }] as const])
      expect(await ledger.createRun(newRun(id, over), slot(1))).toEqual({ record, created: false });
    expect(await ledger.slotsTaken("data/dev")).toEqual([]);
    expect((await ledger.transitions("r1")).map(({ type }) => type)).toEqual(["SCHEDULED"]);
  });

  test("of many processes that create runs at once, only as many take a slot as there are; one of a key does", async () => {
    const ledgers = await several(3);
    const ledgerOf = (n: number) => ledgers[n % 3] as Ledger;
    const made = await Promise.all(Array.from({ length: 24 }, (_, n) => ledgerOf(n).createRun(newRun(`r${n}`), slot(4, `o${n}`))));
    const pending = made.filter(({ record }) => record.run.state.type === "PENDING");
    expect(pending).toHaveLength(4);
    for (const { record } of pending) expect(record.owner).toBe(`o${record.run.id.slice(1)}`);
    expect(await ledgerOf(0).count({})).toBe(24);
    expect(await ledgerOf(0).count({ states: ["SCHEDULED"] })).toBe(20);
    const keyed = await Promise.all(
      Array.from({ length: 12 }, (_, n) => ledgerOf(n).createRun(newRun(`k${n}`, { idempotencyKey: "k", workPool: "b" }), slot(4))),
    );
    expect(keyed.filter(({ created }) => created)).toHaveLength(1);
    expect((await ledgerOf(0).slotsTaken("data/dev")).find(({ workPool }) => workPool === "b")?.count).toBe(1);
  });
}

function describeRest(open: () => Promise<Ledger>, several: (count: number) => Promise<Ledger[]>): void {
  test("a note changes only if it is still as the writer saw it: of several writers each gets its turn", async () => {
    const ledgers = await several(3);
    const [first, , third] = ledgers as [Ledger, Ledger, Ledger];
    expect([await first.readNote("k"), await first.readNotes(["k", "other"])]).toEqual([undefined, new Map()]);
    const turns = await Promise.all(
      ledgers.flatMap((ledger) =>
        Array.from({ length: 10 }, async () => {
          for (;;) {
            const before = await ledger.readNote("k");
            const turn = Number(before ?? 0) + 1;
            if (await ledger.swapNote("k", before, String(turn))) return turn;
          }
        }),
      ),
    );
    expect(turns.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    expect(await first.swapNote("k", "29", "x")).toBe(false);
    expect(await third.readNotes(["k", "other"])).toEqual(new Map([["k", "30"]]));
    expect(await first.swapNote("k", "30", undefined)).toBe(true);
    expect([await first.swapNote("k", undefined, undefined), await first.swapNote("k", "x", undefined)]).toEqual([true, false]);

    for (const key of ["b/2", "b/1", "b", "bc", "a/1", "b/ü", "b/Z"]) await first.swapNote(key, undefined, "x");
    expect(await first.noteKeys("b/", 9)).toEqual(["b/1", "b/2", "b/Z", "b/ü"]);
    expect(await first.noteKeys("b/", 1)).toEqual(["b/1"]);
    expect(await third.readNote("k")).toBeUndefined();
  });

  test("a note that all processes change at once loses no change", async () => {
    const ledgers = await several(3);
    const [first, , third] = ledgers as [Ledger, Ledger, Ledger];
    const add = (now = "0") => String(Number(now) + 1);
    const turns = await Promise.all(ledgers.flatMap((ledger) => Array.from({ length: 10 }, () => ledger.changeNote("k", add))));
    expect(turns.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    expect(await first.changeNote("k", (now) => now)).toBe("30");
    expect(await first.changeNote("k", () => undefined)).toBeUndefined();
    expect(await third.readNote("k")).toBeUndefined();
    const failing = first.changeNote("k", () => {
      throw new Error("changed its mind");
    });
    await expect(failing).rejects.toThrow("changed its mind");
    expect(await first.changeNote("k", () => "still works")).toBe("still works");
  });

  test("deployments are written, replaced and removed together, for each stack", async () => {
    const ledger = await open();
    const record = (name: string, file: string): DeploymentRecord => ({
      name,
      definition: { workPool: { name: "local", jobVariables: { env: { A: "ü" } } } } as unknown as DeploymentRecord["definition"],
      kept: { triggers: [{ expect: ["a.b"] }] },
      file,
      deployedAt: NOW.toISOString(),
    });
    await ledger.changeDeployments("data/dev", { put: [record("b/x", "1"), record("a/x", "1"), record("a/y", "1")] });
    await ledger.changeDeployments("data/prod", { put: [record("a/x", "prod")] });
    await ledger.changeDeployments("data/dev", { put: [record("a/x", "2")], remove: ["b/x", "no/such"] });
    await ledger.changeDeployments("data/dev", {});
    expect(await ledger.deployments("data/dev")).toEqual([record("a/x", "2"), record("a/y", "1")]);
    expect(await ledger.deployments("data/dev", ["a/y", "no/such"])).toEqual([record("a/y", "1")]);
    expect(await ledger.deployments("data/dev", [])).toEqual([]);
    expect((await ledger.deployments("data/prod")).map(({ file }) => file)).toEqual(["prod"]);
  });

  test("it may be closed twice; then it refuses to write", async () => {
    const ledger = await open();
    await ledger.createRun(newRun("r1"));
    ledger.close();
    ledger.close();
    await expect(ledger.createRun(newRun("r2"))).rejects.toThrow(/is closed/);
  });
}

function describeProcesses(engine: LedgerEngine, openAt: (address: string) => Promise<Ledger>): void {
  const LIMIT = 3;

  /** Start a process that has `ledger`, and runs `code` once it gets a line. Its lines are what it logs. */
  function processAt(address: string, code: string) {
    const script = `(async () => {
      const address = ${JSON.stringify(address)};
      const ledger = await (${engine.opening});
      console.log("ready");
      await new Promise((go) => process.stdin.once("data", go));
      ${code}
      ledger.close();
      process.exit(0);
    })().catch((error) => { console.error(error); process.exit(1); });`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      child,
      line: async () => (await lines.next()).value as string | undefined,
      go: () => child.stdin.write("go\n"),
      ended: new Promise<number | null>((done) => child.on("exit", done)),
    };
  }

  test("processes that contend for slots never exceed a limit, and each run gets one slot once", { timeout: 120_000 }, async () => {
    const address = await engine.place();
    const ledger = await openAt(address);
    const ids = Array.from({ length: 24 }, (_, n) => `r${String(n).padStart(2, "0")}`);
    for (const [n, id] of ids.entries()) await ledger.createRun(newRun(id, n % 2 === 0 ? {} : { workPool: "batch" }));
    // Each tries to take all that are left, at once. Then it says how many of them hold a slot, before it gives its own back.
    const code = `
      const at = () => ({ name: "Any", timestamp: new Date().toISOString() });
      const limits = { pool: null, queue: null, deployment: ${LIMIT} };
      const change = { state: { type: "PENDING", ...at() }, owner: String(process.pid) };
      let most = 0;
      let taken = 0;
      for (;;) {
        const left = await ledger.list({ states: ["SCHEDULED"] });
        if (left.length === 0) break;
        const answers = await Promise.all(left.map(({ run }) => ledger.acquireSlot(run.id, 1, limits, change)));
        most = Math.max(most, (await ledger.slotsTaken("data/dev")).reduce((sum, { count }) => sum + count, 0));
        for (const { kind, record } of answers) {
          if (kind !== "acquired") continue;
          taken += 1;
          await ledger.change(record.run.id, record.run.version, { state: { type: "COMPLETED", ...at() } });
        }
      }
      console.log(JSON.stringify({ most, taken }));`;
    const processes = [1, 2, 3, 4].map(() => processAt(address, code));
    expect(await Promise.all(processes.map(({ line }) => line()))).toEqual(["ready", "ready", "ready", "ready"]);
    for (const { go } of processes) go();
    const said = (await Promise.all(processes.map(({ line }) => line()))).map((text) => JSON.parse(text ?? "{}") as Record<string, number>);
    expect(Math.max(...said.map(({ most = 0 }) => most))).toBeLessThanOrEqual(LIMIT);
    expect(said.reduce((sum, { taken = 0 }) => sum + taken, 0)).toBe(ids.length);
    for (const id of ids) expect((await ledger.transitions(id)).map(({ type }) => type)).toEqual(["SCHEDULED", "PENDING", "COMPLETED"]);
    expect(await ledger.slotsTaken("data/dev")).toEqual([]);
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  });

  test("the changes of a killed process are stored, and its ledger works for others", { timeout: 120_000 }, async () => {
    const address = await engine.place();
    const ledger = await openAt(address);
    await ledger.createRun(newRun("r1"));
    const code = `
      for (let version = 1; ; version += 1) {
        await ledger.change("r1", version, { owner: String(version) });
        console.log(String(version + 1));
      }`;
    const { child, line, go, ended } = processAt(address, code);
    await line();
    go();
    let seen = "0";
    while (Number(seen) < 10) seen = (await line()) ?? "";
    child.kill("SIGKILL");
    await ended;
    const version = (await ledger.read("r1"))?.run.version ?? 0;
    expect(version).toBeGreaterThanOrEqual(Number(seen));
    expect(await ledger.change("r1", version, { owner: null })).toMatchObject({ run: { version: version + 1 } });
  });
}
