import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { type Ledger, openSqliteLedger } from "../../src/ledger";
import type { NewRun } from "../../src/ledger/ledger";
import { MIGRATIONS } from "../../src/ledger/migrations";
import { state } from "../../src/runs/states";
import { scratch } from "../scratch";

const NOW = new Date("2026-01-02T03:04:05.678Z");

function newRun(id: string, over: Partial<NewRun["run"]> = {}): NewRun {
  return {
    run: {
      id,
      name: `run-${id}`,
      stack: "data/dev",
      deployment: "hello/node",
      workPool: "local",
      workQueue: "default",
      parameters: { n: 1 },
      jobVariables: {},
      tags: ["a"],
      attempt: 1,
      state: state("SCHEDULED", NOW),
      createdAt: NOW.toISOString(),
      version: 1,
      ...over,
    },
    poolType: "process:push",
    requestDigest: "digest",
    submission: { runId: id, request: { command: "true" } },
  };
}

function open(path = join(scratch(), "ledger.db")): Ledger {
  const ledger = openSqliteLedger(path);
  onTestFinished(() => ledger.close());
  return ledger;
}

test("a run is read as it was written, also from another connection to the file", async () => {
  const path = join(scratch(), "ledger.db");
  const written = newRun("r1", { idempotencyKey: "k" });
  await open(path).createRun(written);
  expect(await open(path).read("r1")).toEqual({
    run: written.run,
    poolType: "process:push",
    requestDigest: "digest",
    submission: written.submission,
  });
});

test("a run that another process has recorded meanwhile is returned unchanged", async () => {
  const ledger = open();
  const first = await ledger.createRun(newRun("r1", { parameters: { by: "the first" } }));
  const second = await ledger.createRun(newRun("r1", { parameters: { by: "the second" } }));
  expect(first.created).toBe(true);
  expect(second).toEqual({ record: first.record, created: false });
});

test("an idempotency key returns the earlier run, but only within its deployment and stack", async () => {
  const ledger = open();
  await ledger.createRun(newRun("r1", { idempotencyKey: "k" }));
  const again = await ledger.createRun(newRun("r2", { idempotencyKey: "k" }));
  expect([again.created, again.record.run.id]).toEqual([false, "r1"]);
  expect(await ledger.read("r2")).toBeUndefined();
  for (const other of [{ deployment: "hello/other" }, { stack: "data/prod" }]) {
    const created = await ledger.createRun(newRun(JSON.stringify(other), { idempotencyKey: "k", ...other }));
    expect(created.created).toBe(true);
  }
});

test("a change names the version that it is based on; an outdated one changes nothing", async () => {
  const ledger = open();
  await ledger.createRun(newRun("r1"));
  const pending = await ledger.change("r1", 1, { state: state("PENDING", NOW, undefined, "Submitting"), owner: "me" });
  expect(pending?.run.version).toBe(2);
  expect(await ledger.change("r1", 1, { state: state("CANCELLED", NOW) })).toBeUndefined();
  expect((await ledger.read("r1"))?.run.state.type).toBe("PENDING");
  expect((await ledger.transitions("r1")).map(({ type, name, attempt }) => `${attempt} ${type} ${name}`)).toEqual([
    "1 SCHEDULED Scheduled",
    "1 PENDING Submitting",
  ]);
});

test("a retry has its own submission, and clears what the last attempt left", async () => {
  const ledger = open();
  await ledger.createRun(newRun("r1"));
  await ledger.change("r1", 1, {
    state: state("FAILED", NOW, "1"),
    infrastructureId: "i1",
    outcome: { kind: "exited", code: 1 },
    endedAt: NOW.toISOString(),
    cleanedAt: "x",
  });
  const next = await ledger.change("r1", 2, {
    state: state("SCHEDULED", NOW, undefined, "AwaitingRetry"),
    nextAttempt: { submission: { attempt: 2 } },
    infrastructureId: null,
    outcome: null,
    endedAt: null,
  });
  expect(next).toMatchObject({ run: { attempt: 2, state: { name: "AwaitingRetry" } }, submission: { attempt: 2 } });
  expect(next?.run).not.toHaveProperty("infrastructureId");
  expect(next).not.toHaveProperty("cleanedAt");
});

test("slots: the limits of a pool and of a queue hold, and an ended run frees a slot", async () => {
  const ledger = open();
  for (const id of ["a", "b", "c"]) await ledger.createRun(newRun(id, { workQueue: id === "c" ? "other" : "default" }));
  const take = (id: string, pool: number | null, queue: number | null = null) =>
    ledger.acquireSlot(id, 1, { pool, queue, deployment: null }, { state: state("PENDING", NOW) });
  expect((await take("a", 2, 1)).kind).toBe("acquired");
  expect(await take("b", 2, 1)).toEqual({ kind: "full", of: "queue", limit: 1 });
  expect((await take("c", 2, 1)).kind).toBe("acquired");
  expect(await take("b", 2)).toEqual({ kind: "full", of: "pool", limit: 2 });
  expect((await ledger.slotHolders("data/dev", "local", "hello/a")).map(({ run }) => run.id).sort()).toEqual(["a", "c"]);
  await ledger.change("a", 2, { state: state("COMPLETED", NOW) });
  expect((await take("b", 2)).kind).toBe("acquired");
  expect(await take("b", null)).toEqual({ kind: "changed" });
});

test("list and match: newest first, filtered, limited; an id prefix or a name", async () => {
  const ledger = open();
  for (const [id, over] of [
    ["0190-a", {}],
    ["0190-b", { deployment: "x/y" }],
    ["0191-c", { stack: "data/prod", name: "brave-fox" }],
  ] as const) {
    await ledger.createRun(newRun(id, over));
  }
  const ids = async (filter: Parameters<Ledger["list"]>[0]) => (await ledger.list(filter)).map(({ run }) => run.id);
  expect(await ids({})).toEqual(["0191-c", "0190-b", "0190-a"]);
  expect(await ids({ stack: "data/dev" })).toEqual(["0190-b", "0190-a"]);
  expect(await ids({ stack: "data/dev", limit: 1 })).toEqual(["0190-b"]);
  expect(await ids({ deployment: "x/y" })).toEqual(["0190-b"]);
  expect(await ids({ states: ["RUNNING"] })).toEqual([]);
  const matched = async (ref: string) => (await ledger.match(ref, 5)).map(({ run }) => run.id).sort();
  expect(await matched("0190")).toEqual(["0190-a", "0190-b"]);
  expect(await matched("brave-fox")).toEqual(["0191-c"]);
  expect(await matched("%")).toEqual([]);
});

test("every query uses an index", () => {
  const path = join(scratch(), "ledger.db");
  open(path);
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const db = new DatabaseSync(path);
  const plan = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row.detail))
      .join("; ");
  for (const sql of [
    "SELECT * FROM runs WHERE id >= 'a' AND id < 'b' ORDER BY id DESC LIMIT 5",
    "SELECT * FROM runs WHERE name = 'a' ORDER BY id DESC LIMIT 5",
    "SELECT * FROM runs WHERE stack = 'a' ORDER BY id DESC LIMIT 50",
    "SELECT * FROM runs WHERE stack = 'a' AND deployment = 'b' ORDER BY id DESC LIMIT 50",
    "SELECT * FROM runs WHERE stack = 'a' AND work_pool = 'b' AND state_type IN ('PENDING', 'RUNNING', 'CANCELLING')",
    "SELECT * FROM runs WHERE stack = 'a' AND deployment = 'b' AND idempotency_key = 'c'",
  ]) {
    expect(plan(sql), sql).toMatch(/SEARCH runs/);
    expect(plan(sql), sql).not.toMatch(/TEMP B-TREE FOR ORDER BY.*LIMIT|SCAN runs(?! USING)/);
  }
  db.close();
});

test.each([
  [
    "a newer version",
    (path: string) => {
      openSqliteLedger(path).close();
      const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
      const db = new DatabaseSync(path);
      db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
      db.close();
    },
    /written by a newer pushpool .*to upgrade, run `git pull && npm ci` in /,
  ],
  [
    "no database",
    (path: string) =>
      writeFileSync(path, "not a database, but long enough to be read as a header of one, which takes a hundred bytes in all ......"),
    /is damaged/,
  ],
  ["cut short", (path: string) => writeFileSync(path, "SQLite format 3\0"), /is damaged/],
  [
    "another program's database",
    (path: string) => {
      const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
      const db = new DatabaseSync(path);
      db.exec("PRAGMA journal_mode = wal; CREATE TABLE runs (distance REAL)");
      db.close();
      chmodSync(path, 0o600);
    },
    /is damaged \(table runs already exists\)/,
  ],
] as const)("%s is refused with its path and not changed", (_, make, message) => {
  const path = join(scratch(), "ledger.db");
  make(path);
  const before = readFileSync(path);
  expect(() => openSqliteLedger(path)).toThrow(message);
  expect(() => openSqliteLedger(path)).toThrow(path);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("only its owner may read it, whatever the umask is and whatever an older version created", () => {
  const folder = scratch();
  chmodSync(folder, 0o755);
  const umask = process.umask(0);
  onTestFinished(() => void process.umask(umask));
  const path = join(folder, "ledger.db");
  const modes = () => {
    const ledger = openSqliteLedger(path);
    const found = ["", "-wal", "-shm"].map((suffix) => statSync(`${path}${suffix}`).mode & 0o777);
    ledger.close();
    return found;
  };
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  chmodSync(path, 0o644);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
});

test("damage that is found later is reported with the path", async () => {
  const path = join(scratch(), "ledger.db");
  const ledger = openSqliteLedger(path);
  for (let n = 0; n < 200; n++) await ledger.createRun(newRun(`r${n}`));
  ledger.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096 * 2, bytes.length);
  writeFileSync(path, bytes);
  const damaged = openSqliteLedger(path);
  onTestFinished(() => damaged.close());
  await expect(damaged.list({})).rejects.toThrow(new RegExp(`${path} is damaged`));
});

test("a full disk is reported, and earlier data is still there", async () => {
  const path = join(scratch(), "ledger.db");
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  // SQLite's own limit gives the same error as a full disk (SQLITE_FULL).
  const original = DatabaseSync.prototype.exec;
  DatabaseSync.prototype.exec = function (sql: string) {
    original.call(this, sql);
    if (sql.includes("synchronous")) original.call(this, "PRAGMA max_page_count = 30");
  };
  onTestFinished(() => {
    DatabaseSync.prototype.exec = original;
  });
  const ledger = open(path);
  let written = 0;
  const fill = async () => {
    for (; written < 10_000; written++) await ledger.createRun(newRun(`r${written}`));
  };
  await expect(fill()).rejects.toThrow(/no space left on the disk to write the ledger .*ledger\.db/);
  expect(written).toBeGreaterThan(0);
  expect(await ledger.list({ limit: 10_000 })).toHaveLength(written);
});

test("two interleaved writers leave a consistent ledger: each version is changed once, and the transitions are complete", async () => {
  const types = fc.constantFrom("PENDING" as const, "RUNNING" as const, "CANCELLING" as const, "COMPLETED" as const);
  const step = fc.record({ by: fc.constantFrom(0, 1), type: types, stale: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const path = join(scratch(), "ledger.db");
      const writers = [openSqliteLedger(path), openSqliteLedger(path)] as const;
      try {
        await writers[0].createRun(newRun("r"));
        const expected = ["SCHEDULED"];
        for (const { by, type, stale } of steps) {
          const version = expected.length - (stale ? 1 : 0);
          const changed = await writers[by as 0 | 1].change("r", version, { state: state(type, NOW) });
          expect(changed !== undefined).toBe(!stale);
          if (changed) expected.push(type);
        }
        expect((await writers[1].transitions("r")).map(({ type }) => type)).toEqual(expected);
        expect((await writers[0].read("r"))?.run).toMatchObject({ version: expected.length, state: { type: expected.at(-1) } });
      } finally {
        for (const writer of writers) writer.close();
      }
    }),
    { numRuns: 30 },
  );
});

test("a note changes only if it is still as the writer saw it: of several writers each gets its turn", async () => {
  const path = join(scratch(), "ledger.db");
  const ledgers = [1, 2, 3].map(() => open(path));
  const [first] = ledgers as [Ledger];
  expect(await first.readNote("k")).toBeUndefined();
  const turns = await Promise.all(
    ledgers.flatMap((ledger) =>
      Array.from({ length: 20 }, async () => {
        for (;;) {
          const before = await ledger.readNote("k");
          const turn = Number(before ?? 0) + 1;
          if (await ledger.swapNote("k", before, String(turn))) return turn;
        }
      }),
    ),
  );
  expect(turns.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
  expect(await first.swapNote("k", "59", "x")).toBe(false);
  expect(await first.swapNote("k", "60", undefined)).toBe(true);

  for (const key of ["b/2", "b/1", "b", "bc", "a/1", "b/ü"]) await first.swapNote(key, undefined, "x");
  expect(await first.noteKeys("b/", 9)).toEqual(["b/1", "b/2", "b/ü"]);
  expect(await first.noteKeys("b/", 1)).toEqual(["b/1"]);
  expect(await open(path).readNote("k")).toBeUndefined();
});

test("a note that all processes change at once loses no change", async () => {
  const path = join(scratch(), "ledger.db");
  const ledgers = [1, 2, 3].map(() => open(path));
  const [first] = ledgers as [Ledger];
  const add = (now = "0") => String(Number(now) + 1);
  const turns = await Promise.all(ledgers.flatMap((ledger) => Array.from({ length: 20 }, () => ledger.changeNote("k", add))));
  expect(turns.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
  expect(await first.changeNote("k", (now) => now)).toBe("60");
  expect(await first.changeNote("k", () => undefined)).toBeUndefined();
  expect(await open(path).readNote("k")).toBeUndefined();
  await expect(
    first.changeNote("k", () => {
      throw new Error("changed its mind");
    }),
  ).rejects.toThrow("changed its mind");
});

test("one query finds which of many runs have changed; a missing one counts as changed", async () => {
  const path = join(scratch(), "ledger.db");
  const ledger = open(path);
  for (const id of ["r1", "r2", "r3"]) await ledger.createRun(newRun(id));
  await open(path).change("r2", 1, { state: state("PENDING", NOW) });
  expect(
    await ledger.moved([
      ["r1", 1],
      ["r2", 1],
      ["r3", 1],
      ["r4", 1],
    ]),
  ).toEqual(["r2", "r4"]);
  expect(await ledger.moved([["r2", 2]])).toEqual([]);
  expect(await ledger.moved([])).toEqual([]);
});
