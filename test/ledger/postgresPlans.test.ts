import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PositionedQuery, pageSql, type Sql } from "../../src/ledger/listing";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { inPostgres } from "../../src/ledger/postgres/dialect";
import { newSchema, sharedPostgres } from "./postgresServer";

// What a list costs must not grow with the ledger: Postgres follows an index in its own order, and sorts nothing.

const schema = newSchema();
let client: pg.Client;
beforeAll(async () => {
  const url = await sharedPostgres();
  const ledger = openPostgresLedger(url, { schema });
  await ledger.count({});
  ledger.close();
  client = new pg.Client({ connectionString: url });
  await client.connect();
  // Enough that reading all of them would cost more.
  await client.query(`
    INSERT INTO ${schema}.runs (id, name, stack, deployment, work_pool, work_queue, pool_type, parameters, job_variables, tags,
      request_digest, attempt, state_type, state_name, state_timestamp, created_at, version, last_write)
    SELECT 'r' || lpad(n::text, 9, '0'), 'run-' || n, 'data/dev', 'a/b' || n % 20, 'pool-' || n % 20, 'default', 'process:push', '{}', '{}',
      '["x"]', '', 1, (ARRAY['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'])[1 + n % 4], '', at, at, 1, ''
    FROM generate_series(1, 50000) n,
      LATERAL (SELECT to_char(timestamp '2026-01-01' + n * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.000"Z"') AS at) t;
    INSERT INTO ${schema}.run_tags (stack, tag, created_at, run_id)
    SELECT stack, CASE WHEN id < 'r000040000' THEN 'x' ELSE 'y' END, created_at, id FROM ${schema}.runs;
    ANALYZE ${schema}.runs; ANALYZE ${schema}.run_tags`);
}, 300_000);
afterAll(() => client.end());

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  Plans?: Plan[];
}

async function planOf(sql: Sql): Promise<Plan[]> {
  const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${inPostgres(sql, (name) => `${schema}.${name}`)}`, sql.values);
  const all = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(all)];
  return all(rows[0]["QUERY PLAN"][0].Plan as Plan);
}

const stack = "data/dev";
const position = { createdAt: "2026-01-01T10:00:00.000Z", id: "r000036000" };
test.each<[string, PositionedQuery]>([
  ["everything", {}],
  ["a stack", { stack }],
  ["a stack from an anchor", { stack, upTo: position }],
  ["the new runs of a stack", { stack, after: position }],
  ["a state", { stack, states: ["FAILED"] }],
  ["two states", { stack, states: ["FAILED", "CRASHED"], upTo: position }],
  ["a deployment", { stack, deployment: "a/b3" }],
  ["a deployment's failures", { stack, deployment: "a/b3", states: ["FAILED"] }],
  ["a pool", { stack, workPool: "pool-3", upTo: position }],
  ["a tag", { stack, tag: "x", upTo: position }],
  ["a tag's failures", { stack, tag: "x", states: ["FAILED"] }],
  ["a time span", { stack, since: "2026-01-01T01:00:00.000Z", until: "2026-01-01T02:00:00.000Z" }],
  ["text", { stack, text: "run-4" }],
])("%s: Postgres walks an index, and sorts at most a page", async (_, query) => {
  const nodes = (await planOf(pageSql(query, { offset: 5, limit: 50 }, true))).map((node) => node["Node Type"]);
  expect(nodes.filter((type) => /^(Index|Bitmap)/.test(type))).not.toEqual([]);
  // Several walks are merged, each of at most one page.
  const isMerged = nodes.includes("Append");
  expect(nodes.filter((type) => /Seq Scan|Hash/.test(type) || (type === "Sort" && !isMerged))).toEqual([]);
  if (isMerged) expect(nodes.slice(nodes.indexOf("Append") + 1).filter((type) => type === "Limit")).toHaveLength(2);
});
