import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import { countSql, minutesSql, type PositionedQuery, pageSql, type Sql } from "../../src/ledger/listing";
import { MIGRATIONS } from "../../src/ledger/migrations";
import { openDatabase } from "../../src/ledger/openDatabase";
import { scratch } from "../scratch";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute)).toISOString();

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
  ["the new runs of a stack", { stack, after: position }],
  ["a state", { stack, states: ["FAILED"] }],
  ["two states", { stack, states: ["FAILED", "CRASHED"], upTo: position }],
  ["a deployment", { stack, deployment: "a/b" }],
  ["a deployment's failures", { stack, deployment: "a/b", states: ["FAILED"] }],
  ["a pool", { stack, workPool: "local", upTo: position }],
  ["a tag", { stack, tag: "x", upTo: position }],
  ["a tag's failures", { stack, tag: "x", states: ["FAILED"] }],
  ["a time span", { stack, since: at(1), until: at(2) }],
  ["text", { stack, text: "hello" }],
  [
    "text in a state, a deployment and a pool",
    { stack, text: "hello", states: ["FAILED", "CRASHED"], deployment: "a/b", workPool: "local" },
  ],
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
