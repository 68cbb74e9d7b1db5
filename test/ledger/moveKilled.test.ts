import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { type Ledger, openSqliteLedger } from "../../src/ledger";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { state } from "../../src/runs/states";
import { listen, manifestOf, placeWith } from "../e2e/pushpool";
import { lineTo } from "../serve/sharedServes";
import { until } from "../until";
import { NOW, newRun } from "./newRun";
import { newSchema, sharedPostgres } from "./postgresServer";

vi.setConfig({ testTimeout: 180_000 });
let server: string;
beforeAll(async () => {
  server = await sharedPostgres();
}, 300_000);

const RUNS = 1_600;

async function fill(ledger: Ledger): Promise<void> {
  for (let n = 0; n < RUNS; n += 1) {
    const tags = n % 3 === 0 ? ["third"] : [];
    await ledger.createRun(newRun(`r${String(n).padStart(5, "0")}`, { state: state("COMPLETED", NOW), tags, idempotencyKey: `k${n}` }));
  }
}

/** Everything that a ledger says of its runs. */
async function contents(ledger: Ledger) {
  const runs = (await ledger.list({ limit: RUNS * 2 })).map(({ run, submission }) => ({ run, submission }));
  const others = await Promise.all(runs.map(async ({ run }) => [await ledger.transitions(run.id), await ledger.attempts(run.id)]));
  return { runs, others, tagged: await ledger.count({ stack: "data/dev", tag: "third" }) };
}

test("a move that is killed in the middle of its copy, several times: the last one completes it; nothing is lost or doubled", async () => {
  const here = placeWith(manifestOf({ "hello/true": "true" }));
  expect(here.pushpool("run", "hello/true", "--detach")).toMatchObject({ status: 0 });
  expect(here.pushpool("ls")).toMatchObject({ status: 0 });
  await until(() => here.pushpool("ls").stdout.includes("COMPLETED"));
  const file = openSqliteLedger(join(here.home, "ledger.db"));
  await fill(file);
  const before = await contents(file);
  file.close();

  const schema = newSchema();
  const withSchema = (url: string) => Object.assign(new URL(url), { search: `schema=${schema}` }).href;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  onTestFinished(() => client.end());
  const rowsOf = async (table: string) =>
    Number(
      await client.query(`SELECT count(*) AS n FROM ${schema}.${table}`).then(
        ({ rows }) => rows[0]?.n,
        () => 0,
      ),
    );
  // Each is killed after it has copied some of a table: the line holds back what comes after.
  const line = await lineTo(server);
  for (const table of ["transitions", "submissions", "runs"]) {
    here.env.PUSHPOOL_LEDGER_URL = withSchema(line.url);
    const moving = here.start("ledger", "move");
    const said = listen(moving);
    await until(async () => (await rowsOf(table)) > 0 || (moving.exitCode !== null && said.stderr()));
    line.cut();
    moving.kill("SIGKILL");
    await said.ended;
    line.heal();
    expect(await rowsOf(table)).toBeGreaterThan(0);
    expect(await rowsOf("runs")).toBeLessThan(before.runs.length);
    expect(said.stderr()).not.toContain("moved ");
    delete here.env.PUSHPOOL_LEDGER_URL;
    expect(here.pushpool("ls")).toMatchObject({ status: 2, stderr: expect.stringMatching(/is being moved to .*ledger move/) });
  }
  here.env.PUSHPOOL_LEDGER_URL = withSchema(line.url);
  const moved = listen(here.start("ledger", "move", "--json"));
  expect([await moved.ended, moved.stderr()]).toEqual([0, ""]);
  expect(JSON.parse(moved.stdout())).toMatchObject({ rows: { runs: RUNS + 1 }, withoutKey: 0 });
  const there = openPostgresLedger(server, { schema });
  onTestFinished(() => there.close());
  expect(await contents(there)).toEqual(before);
  expect(existsSync(join(here.home, "ledger.db"))).toBe(true);
});

test("two homes with a secret move into one database: every moved run is found by its key, and can be run again", async () => {
  const manifest: JsonObject = {
    ...manifestOf({ "hello/env": `sh -c 'test "$WORD" = a-secret-word'` }),
    variables: { word: "a-secret-word" },
    secretPaths: ["/variables/word"],
  };
  const { baseJobTemplate } = (manifest.pools as { local: { baseJobTemplate: { variables: { properties: JsonObject } } } }).local;
  const { properties } = baseJobTemplate.variables;
  properties.env = { ...(properties.env as JsonObject), default: { WORD: "{{ prefect.variables.word }}" } };
  const homes = [placeWith(manifest), placeWith(manifest)] as const;
  const idOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}").run.id as string;
  const ids = homes.map((home, n) => {
    const ran = home.pushpool("run", "hello/env", "--idempotency-key", `k${n}`, "--json");
    expect(ran).toMatchObject({ status: 0 });
    return idOf(ran);
  });
  const url = Object.assign(new URL(server), { search: `schema=${newSchema()}` }).href;
  const said = homes.map((home) => {
    home.env.PUSHPOOL_LEDGER_URL = url;
    return home.pushpool("ledger", "move");
  });
  expect(said.map(({ status }) => status)).toEqual([0, 0]);
  // The second one hears that its digests were made with another key.
  expect(said.map(({ stderr }) => /already has its own digest key/.test(stderr))).toEqual([false, true]);
  for (const home of homes) {
    for (const [n, id] of ids.entries())
      expect(idOf(home.pushpool("run", "hello/env", "--idempotency-key", `k${n}`, "--json", "--detach"))).toBe(id);
    expect(home.pushpool("run", "hello/env")).toMatchObject({ status: 0 });
  }
  expect(homes[0].pushpool("ls", "--json").stdout.match(/COMPLETED/g)?.length).toBeGreaterThanOrEqual(4);
});
