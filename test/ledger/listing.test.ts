import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import type { Ledger, NewRun, RunQuery } from "../../src/ledger/ledger";
import { countSql, minutesSql, type PositionedQuery, pageSql, type Sql } from "../../src/ledger/listing";
import { MIGRATIONS } from "../../src/ledger/migrations";
import { openDatabase } from "../../src/ledger/openDatabase";
import { state } from "../../src/runs/states";
import { scratch } from "../scratch";

const STATES = ["SCHEDULED", "RUNNING", "COMPLETED", "FAILED"] as const;
const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute)).toISOString();

function newRun(n: number, over: Partial<NewRun["run"]> = {}): NewRun {
  // Ids do not tell the order, like those of a Prefect server.
  const id = `${(n * 7919) % 1000}-${n}`;
  return {
    run: {
      id,
      name: `run-${n}`,
      stack: "data/dev",
      deployment: "hello/node",
      workPool: "local",
      workQueue: "default",
      parameters: {},
      jobVariables: {},
      tags: [],
      attempt: 1,
      state: state("SCHEDULED", new Date(at(n))),
      createdAt: at(n),
      version: 1,
      ...over,
    },
    poolType: "process:push",
    requestDigest: "",
    submission: { runId: id, ...(n % 5 === 0 ? { prefect: { transition: "t" } } : {}) },
  };
}

const runs = Array.from({ length: 60 }, (_, n) =>
  newRun(n, {
    stack: n % 7 === 0 ? "data/prod" : "data/dev",
    deployment: n % 3 === 0 ? "hello/node" : "Etl/Daily_100%",
    workPool: n % 4 === 0 ? "batch" : "local",
    tags: n % 6 === 0 ? ["a", "b c"] : n % 2 === 0 ? ["a"] : [],
    state: state(STATES[n % STATES.length] as (typeof STATES)[number], new Date(at(n)), n % 9 === 0 ? "why" : undefined),
    createdAt: at(Math.floor(n / 2)),
  }),
);

async function filled(): Promise<Ledger> {
  const ledger = openSqliteLedger(join(scratch(), "ledger.db"));
  onTestFinished(() => ledger.close());
  for (const run of runs) await ledger.createRun(run);
  return ledger;
}

/** What the promises of `Ledger` say about a list. */
function expected({ stack, deployment, workPool, states = [], tag, since, until, text = "", upTo, after }: RunQuery): NewRun[] {
  const ordered = [...runs].sort((a, b) => compare(b.run, a.run));
  const place = (id: string) => ordered.findIndex(({ run }) => run.id === id);
  const has = (whole: string, part: string) => whole.toLowerCase().includes(part.toLowerCase());
  return ordered.filter(
    ({ run }, index) =>
      (stack === undefined || run.stack === stack) &&
      (deployment === undefined || run.deployment === deployment) &&
      (workPool === undefined || run.workPool === workPool) &&
      (states.length === 0 || states.includes(run.state.type)) &&
      (tag === undefined || run.tags.includes(tag)) &&
      (since === undefined || run.createdAt >= since) &&
      (until === undefined || run.createdAt < until) &&
      (has(run.name, text) || has(run.deployment, text) || run.id.startsWith(text)) &&
      (upTo === undefined || (place(upTo) >= 0 && index >= place(upTo))) &&
      (after === undefined || (place(after) >= 0 && index < place(after))),
  );
}

function compare(a: { createdAt: string; id: string }, b: { createdAt: string; id: string }): number {
  return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1;
}

const queries: fc.Arbitrary<RunQuery> = fc.record(
  {
    stack: fc.constantFrom("data/dev", "data/prod", "no/such"),
    deployment: fc.constantFrom("hello/node", "Etl/Daily_100%"),
    workPool: fc.constantFrom("local", "batch"),
    states: fc.subarray([...STATES]),
    tag: fc.constantFrom("a", "b c", "b"),
    since: fc.integer({ min: 0, max: 40 }).map(at),
    until: fc.integer({ min: 0, max: 40 }).map(at),
    text: fc.constantFrom("", "run-1", "RUN", "daily_1", "100%", "%", "_", "\\", "HELLO", "5"),
    upTo: fc.constantFrom(...runs.slice(20, 50).map(({ run }) => run.id), "nobody"),
    after: fc.constantFrom(...runs.slice(0, 30).map(({ run }) => run.id)),
  },
  { requiredKeys: [] },
);

test("a page, its total and its counts are what the filters say, whatever they are", async () => {
  const ledger = await filled();
  await fc.assert(
    fc.asyncProperty(queries, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 30 }), async (query, offset, limit) => {
      const whole = expected(query);
      const page = await ledger.page(query, { offset, limit });
      expect(page.map(({ id }) => id)).toEqual(whole.slice(offset, offset + limit).map(({ run }) => run.id));
      expect(await ledger.count(query)).toBe(whole.length);
      const span = { since: at(0), until: at(59), ...query };
      const counts = await ledger.countByMinute(span);
      const grouped = Map.groupBy(expected(span), ({ run }) => `${run.createdAt.slice(0, 16)} ${run.state.type}`);
      expect(Object.fromEntries(counts.map(({ minute, state, count }) => [`${minute} ${state}`, count]))).toEqual(
        Object.fromEntries([...grouped].map(([key, group]) => [key, group.length])),
      );
    }),
    { numRuns: 300 },
  );
});

test("a row of a list has all that a list shows", async () => {
  const ledger = await filled();
  const { parameters: _, jobVariables: __, ...run } = (runs[45] as NewRun).run;
  expect(await ledger.page({ text: run.id }, { offset: 0, limit: 9 })).toEqual([{ ...run, isOnServer: true }]);
  expect((await ledger.summaries([run.id, "nobody"])).map(({ id }) => id)).toEqual([run.id]);
});

test("tags of runs from before this version are found", async () => {
  const path = join(scratch(), "ledger.db");

  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const before = new DatabaseSync(path);
  for (const migration of MIGRATIONS.slice(0, 2)) before.exec(migration);
  before.exec(`PRAGMA user_version = 2;
    INSERT INTO runs (id, name, stack, deployment, work_pool, work_queue, pool_type, parameters, job_variables, tags, request_digest, attempt,
      state_type, state_name, state_timestamp, created_at, version)
    VALUES ('r1', 'old', 'data/dev', 'a/b', 'local', 'default', 'process:push', '{}', '{}', '["x","y","x"]', '', 1, 'COMPLETED', 'Completed',
      '${at(1)}', '${at(1)}', 3);
    INSERT INTO submissions (run_id, attempt, submission, stored_at) VALUES ('r1', 1, '{}', '${at(1)}')`);
  before.close();
  const ledger = openSqliteLedger(path);
  onTestFinished(() => ledger.close());
  expect(await ledger.page({ tag: "y", stack: "data/dev" }, { offset: 0, limit: 5 })).toMatchObject([{ id: "r1", tags: ["x", "y", "x"] }]);
});

// What a list costs must not grow with the ledger: every walk follows an index, in the index's own order.
const position = { createdAt: at(9), id: "r9" };
const stack = "data/dev";
test.each<[string, PositionedQuery]>([
  ["everything", {}],
  ["a stack", { stack }],
  ["a stack from an anchor", { stack, upTo: position }],
  ["what is new in a stack", { stack, after: position }],
  ["a state", { stack, states: ["FAILED"] }],
  ["two states", { stack, states: ["FAILED", "CRASHED"], upTo: position }],
  ["a deployment", { stack, deployment: "a/b" }],
  ["a deployment's failures", { stack, deployment: "a/b", states: ["FAILED"] }],
  ["a pool", { stack, workPool: "local", upTo: position }],
  ["a tag", { stack, tag: "x", upTo: position }],
  ["a tag's failures", { stack, tag: "x", states: ["FAILED"] }],
  ["a time span", { stack, since: at(1), until: at(2) }],
  ["text", { stack, text: "hello" }],
])("%s: SQLite walks an index and sorts nothing", (_, query) => {
  const db = openDatabase(":memory:");
  onTestFinished(() => db.close());
  const plan = ({ sql, values }: Sql) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(({ detail }) => String(detail));
  const page = plan(pageSql(query, { offset: 5, limit: 50 }));
  const walks = page.filter((line) => /^(SCAN|SEARCH)/.test(line) && !line.includes("CONSTANT ROW") && !/SCAN found/.test(line));
  expect(walks).not.toEqual([]);
  for (const line of walks)
    expect(line).toMatch(query.stack === undefined ? /INDEX|PRIMARY KEY/ : /^SEARCH [rt] USING (COVERING INDEX|INDEX|PRIMARY KEY)/);
  if (query.stack !== undefined) expect(page.join("\n")).not.toContain("TEMP B-TREE");
  expect(plan(countSql(query)).filter((line) => /^SCAN r$/.test(line))).toEqual([]);
  if (query.stack === undefined) return;
  const strip = plan(minutesSql({ ...query, since: at(1), until: at(9) })).filter((line) => /^(SCAN|SEARCH)/.test(line));
  for (const line of strip) expect(line).toMatch(/^SEARCH/);
});
