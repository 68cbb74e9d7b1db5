import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { openPostgresDatabase } from "../../src/ledger/postgres/database";
import { state } from "../../src/runs/states";
import { manifestOf } from "../e2e/pushpool";
import { scratch } from "../scratch";
import { hostOf, marksIn } from "../serve/sharedServes";
import { until } from "../until";
import { describeLedger } from "./describeLedger";
import { NOW, newRun } from "./newRun";
import { ownPostgres } from "./ownPostgres";
import { type Pgbouncer, pgbouncerProgram, startPgbouncer } from "./pgbouncer";
import { newSchema, sharedPostgres } from "./postgresServer";

// The ledger through a real pgbouncer in transaction mode, which has fewer connections than the tests' processes.

vi.setConfig({ testTimeout: 120_000 });
const program = pgbouncerProgram();
if (program === undefined)
  console.warn("SKIPPED: a ledger behind pgbouncer. Install pgbouncer, or name its program in PUSHPOOL_TEST_PGBOUNCER, to test that");

describe.skipIf(program === undefined)("behind pgbouncer in transaction mode", () => {
  let pooler: Pgbouncer;
  beforeAll(async () => {
    pooler = await startPgbouncer(program as string, await sharedPostgres(), 3);
  }, 300_000);
  afterAll(() => pooler?.stop());

  const built = join(__dirname, "..", "..", "lib", "src", "ledger", "postgres");
  describeLedger("Postgres behind pgbouncer", {
    place: async () => `${pooler.url} ${newSchema()}`,
    open: async (address) => {
      const [at = "", schema = ""] = address.split(" ");
      return openPostgresLedger(at, { schema });
    },
    opening: `(([url, schema]) => require(${JSON.stringify(built)}).openPostgresLedger(url, { schema }))(address.split(" "))`,
  });

  test("two serves and a `run` of another process: each run runs once; nobody hears of changes, so all look", async () => {
    const url = Object.assign(new URL(pooler.url), { search: `schema=${newSchema()}` }).href;
    const marks = marksIn(join(scratch(), "marks"));
    const manifest = manifestOf({ "hello/mark": marks.command }, { pool: { concurrencyLimit: 3 } });
    const hosts = [hostOf("one", url, manifest), hostOf("two", url, manifest)] as const;
    await Promise.all(hosts.map((host) => host.serve()));
    const ledger = openPostgresLedger(url);
    onTestFinished(() => ledger.close());
    for (const host of [...hosts, ...hosts]) expect(await host.run("run", "hello/mark", "--detach")).toEqual([0, ""]);
    expect(await hosts[0].run("run", "hello/mark")).toEqual([0, ""]);
    const runs = await until(async () => {
      const all = await ledger.list({});
      return all.every(({ run }) => run.state.type === "COMPLETED") && all;
    });
    expect(marks.read().sort()).toEqual(runs.map(({ run }) => run.id).sort());
    expect(runs).toHaveLength(5);
    for (const host of hosts) host.checkServes();
  });

  test("the server behind it restarts: statements go on by themselves, and each write happens once", async () => {
    const own = await ownPostgres();
    const through = await startPgbouncer(program as string, own.url, 3);
    onTestFinished(() => through.stop());
    const ledger = openPostgresLedger(through.url);
    onTestFinished(() => ledger.close());
    await ledger.createRun(newRun("r1"));
    let isOver = false;
    const changing = (async () => {
      let version = 1;
      for (; !isOver; version += 1)
        expect(await ledger.change("r1", version, { state: state("RUNNING", NOW) })).toMatchObject({ run: { version: version + 1 } });
      return version;
    })();
    await own.restart();
    await ledger.readNote("k");
    isOver = true;
    const version = await changing;
    expect(await ledger.transitions("r1")).toHaveLength(version);
  });

  test("what pgbouncer refuses of the URL gets one message with the fix", async () => {
    const at = new URL(pooler.url);
    at.searchParams.set("options", "-c statement_timeout=5s");
    const db = openPostgresDatabase(at.href, newSchema());
    onTestFinished(() => db.close());
    await expect(db.read("SELECT 1")).rejects.toMatchObject({
      name: "UserError",
      exitCode: 5,
      message: expect.stringMatching(/pgbouncer refuses "options" of the URL: leave it out, or add it to ignore_startup_parameters/),
    });
  });
});
