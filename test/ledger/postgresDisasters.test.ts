import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { openPostgresDatabase } from "../../src/ledger/postgres/database";
import { listen, manifestOf, placeWith } from "../e2e/pushpool";
import { scratch } from "../scratch";
import { marksIn } from "../serve/sharedServes";
import { until } from "../until";
import { NOW, newRun } from "./newRun";
import { ownPostgres } from "./ownPostgres";
import { newSchema, sharedPostgres } from "./postgresServer";

// A real server whose disk is full, that is killed, demoted, or shut down in the middle of work.

vi.setConfig({ testTimeout: 180_000 });
let url: string;
beforeAll(async () => {
  url = await sharedPostgres();
}, 300_000);

async function ask(at: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  for (const sql of statements) await client.query(sql);
  await client.end();
}

/** A small disk of the server's user; `undefined` if this user may not mount one. */
function smallDisk(): { folder: string; enlarge(): void } | undefined {
  const around = scratch();
  // Its own user must be able to enter.
  chmodSync(around, 0o755);
  const folder = join(around, "disk");
  mkdirSync(folder);
  const owner = spawnSync("id", ["-u", "postgres"], { encoding: "utf8" }).stdout.trim();
  const mount = (options: string) => spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]).status === 0;
  if (owner === "" || process.getuid?.() !== 0 || !mount(`size=2m,mode=700,uid=${owner}`)) return undefined;
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return { folder, enlarge: () => void mount("remount,size=64m") };
}

test("its disk is full: one message with the fix, and what was recorded is safe; with room, work continues", async (context) => {
  const disk = smallDisk();
  if (!disk) {
    console.warn("SKIPPED: a full disk of Postgres. Only root can mount a small one");
    return context.skip();
  }
  const space = newSchema();
  await ask(url, `CREATE TABLESPACE ${space} LOCATION '${disk.folder}'`);
  const at = new URL(url);
  at.search = `schema=${newSchema()}&options=-c default_tablespace=${space}`;
  const ledger = openPostgresLedger(at.href);
  onTestFinished(() => ledger.close());
  // What cannot be compressed.
  const blob = () => Array.from({ length: 2_000 }, () => Math.random().toString(36)).join("");
  let count = 0;
  const record = () => ledger.createRun(newRun(`r${count}`, { parameters: { blob: blob() } })).then(() => count++);
  const refused = await until(() =>
    record().then(
      () => false as const,
      (error: Error) => error,
    ),
  );
  expect(refused).toMatchObject({
    name: "UserError",
    exitCode: 5,
    message: expect.stringMatching(/its disk is full: make room on the server, then repeat the command. What was recorded is safe/),
  });
  expect(count).toBeGreaterThan(0);
  expect(await ledger.count({})).toBe(count);

  const here = placeWith(manifestOf({ "hello/true": "true" }));
  here.env.PUSHPOOL_LEDGER_URL = at.href;
  const ran = () => here.pushpool("run", "hello/true", "--idempotency-key", "k", "-p", `blob=${blob()}`);
  const failed = await until(() => [ran()].find(({ status }) => status !== 0));
  expect(failed).toMatchObject({ status: 5, stderr: expect.stringMatching(/its disk is full/) });
  disk.enlarge();
  await record();
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 0 });
});

test("it is killed between BEGIN and COMMIT: the transaction is repeated when it is back, and happens once", async () => {
  const own = await ownPostgres();
  const db = openPostgresDatabase(own.url);
  onTestFinished(() => db.close());
  const table = db.table("counted");
  await db.transaction((execute) => execute(`CREATE TABLE ${table} (n int)`));
  let tries = 0;
  let back: Promise<unknown> | undefined;
  await db.transaction(async (execute) => {
    tries += 1;
    await execute(`INSERT INTO ${table} VALUES (1)`);
    if (tries > 1) return;
    await own.kill();
    back = own.start();
  });
  await back;
  expect((await db.read(`SELECT n FROM ${table}`)).rows).toEqual([{ n: 1 }]);
  expect(tries).toBeGreaterThan(1);
});

test("it comes back as a replica: writes wait until one takes over, or end with one message; reads go on", async () => {
  const own = await ownPostgres();
  const ledger = openPostgresLedger(own.url);
  onTestFinished(() => ledger.close());
  await ledger.createRun(newRun("r1"));
  await own.demote();
  expect(await ledger.isAt("r1", 1)).toBe(true);
  const writing = ledger.change("r1", 1, { owner: "me" });
  vi.stubEnv("PUSHPOOL_LEDGER_WAIT_SECONDS", "0.5");
  onTestFinished(() => void vi.unstubAllEnvs());
  const impatient = openPostgresLedger(own.url);
  onTestFinished(() => impatient.close());
  await expect(impatient.createRun(newRun("r2"))).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/it is a read-only replica: use the URL of the primary. What was recorded is safe/),
  });
  await ask(own.url, "SELECT pg_promote()");
  expect(await writing).toMatchObject({ run: { version: 2 }, owner: "me" });
  expect(await ledger.createRun(newRun("r2", { createdAt: NOW.toISOString() }))).toMatchObject({ created: true });
});

test("it shuts down while a command follows a run: exit code 5 and one message; the run continues, and `wait` follows it", async () => {
  const own = await ownPostgres();
  const folder = scratch();
  const marks = marksIn(join(folder, "marks"));
  const end = join(folder, "end");
  const here = placeWith(manifestOf({ "hello/mark": marks.command.replace("sleep 0.2", `while [ ! -e ${end} ]; do sleep 0.1; done`) }));
  Object.assign(here.env, { PUSHPOOL_LEDGER_URL: own.url, PUSHPOOL_LEDGER_WAIT_SECONDS: "0.5" });
  const impatient = listen(here.start("run", "hello/mark", "--idempotency-key", "k"));
  await until(() => marks.read().length === 1);
  await own.kill();
  expect(await impatient.ended).toBe(5);
  expect(impatient.stderr().match(/cannot be used/g)).toHaveLength(1);
  expect(impatient.stderr()).toMatch(/nothing listens there|it is shutting down|it has crashed|the connection broke|it is starting up/);
  await own.start();

  delete here.env.PUSHPOOL_LEDGER_WAIT_SECONDS;
  const patient = listen(here.start("run", "hello/mark", "--idempotency-key", "k"));
  await until(() => /RUNNING/.test(patient.stdout() + patient.stderr()));
  await own.restart();
  writeFileSync(end, "");
  expect([await patient.ended, patient.stderr()]).toEqual([0, expect.not.stringContaining("cannot be used")]);
  expect(marks.read()).toHaveLength(1);
});
