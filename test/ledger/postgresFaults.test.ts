import { once } from "node:events";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import pg from "pg";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openPostgresDatabase } from "../../src/ledger/postgres/database";
import { passwordIn } from "../../src/ledger/postgres/passwordFile";
import { scratch } from "../scratch";
import { until } from "../until";
import { ownPostgres } from "./ownPostgres";
import { newSchema, sharedPostgres } from "./postgresServer";

// What a real server does when it is full, slow, restarted, without TLS, or asks for a password.

vi.setConfig({ testTimeout: 120_000 });
let url: string;
beforeAll(async () => {
  url = await sharedPostgres();
}, 300_000);

function open(at: string) {
  const told: string[] = [];
  const db = openPostgresDatabase(at, newSchema(), { warn: (message) => told.push(message) });
  onTestFinished(() => db.close());
  return { db, told };
}

async function ask(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

function inEnv(name: string, value: string | undefined) {
  vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

test("too many connections: it waits for one, says so, and continues by itself; in the end there is one message", async () => {
  const role = newSchema();
  const database = new URL(url).pathname.slice(1);
  await ask(`CREATE ROLE ${role} LOGIN PASSWORD 'x1y2z3' CONNECTION LIMIT 0; GRANT CREATE ON DATABASE "${database}" TO ${role}`);
  const at = Object.assign(new URL(url), { username: role, password: "x1y2z3" }).href;
  const { db, told } = open(at);
  const answer = db.read("SELECT 1 AS one");
  await until(() => told.length > 0);
  expect(told).toEqual([expect.stringContaining("does not answer now: waiting for it")]);
  inEnv("PUSHPOOL_LEDGER_WAIT_SECONDS", "0.1");
  await expect(open(at).db.read("SELECT 1")).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/it has too many connections: raise max_connections, or use a pooler/),
  });
  await ask(`ALTER ROLE ${role} CONNECTION LIMIT 10`);
  expect((await answer).rows).toEqual([{ one: 1 }]);
  expect(told).toEqual([expect.anything(), expect.stringContaining("answers again")]);
  expect(told.join()).not.toContain("x1y2z3");
});

test("a statement that takes longer than the server allows: one message with the fix, and the connection stays usable", async () => {
  const { db } = open(url);
  const slow = db.transaction(async (execute) => {
    await execute("SET LOCAL statement_timeout = 20");
    await execute("SELECT pg_sleep(100)");
  });
  await expect(slow).rejects.toMatchObject({
    name: "UserError",
    exitCode: 5,
    message: expect.stringMatching(/longer than the server's statement_timeout: raise it for this role, then repeat the command/),
  });
  expect((await db.read("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("a connection without TLS that leaves the machine is warned about once, and one that does not is not", async () => {
  // This address leads to the same server, but does not look like this machine's own.
  const far = Object.assign(new URL(url), { hostname: "0.0.0.0" }).href;
  const [first, second, near] = [open(far), open(far), open(url)];
  for (const { db } of [first, second, near]) await db.read("SELECT 1");
  expect(first.told).toEqual([expect.stringMatching(/^warning: the connection to the ledger .* is not encrypted.*sslmode=verify-full/)]);
  expect([second.told, near.told]).toEqual([[], []]);
  expect(first.told.join()).not.toContain(new URL(url).password);
});

test("the password comes from ~/.pgpass; without it there, the login is refused with one message", async () => {
  const { hostname, port, username, password } = new URL(url);
  const at = Object.assign(new URL(url), { password: "" }).href;
  const home = scratch();
  inEnv("HOME", home);
  for (const name of ["PGPASSWORD", "PGPASSFILE"]) vi.stubEnv(name, undefined);
  const file = join(home, ".pgpass");
  writeFileSync(file, `${hostname}:${port}:*:${username}:${decodeURIComponent(password)}\n`, { mode: 0o600 });
  const warnings = vi.spyOn(process, "emitWarning");
  expect((await open(at).db.read("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(warnings).not.toHaveBeenCalled();
  rmSync(file);
  await expect(open(at).db.read("SELECT 1")).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/the server wants a password: give it in the URL, in PGPASSWORD or in ~\/\.pgpass$/),
  });
  writeFileSync(file, `*:*:*:*:${decodeURIComponent(password)}\n`);
  chmodSync(file, 0o644);
  await expect(open(at).db.read("SELECT 1")).rejects.toThrow(`${file} is not read, because others may read it too: chmod 600 ${file}`);
  writeFileSync(file, "*:*:*:*:wrong\n");
  chmodSync(file, 0o600);
  await expect(open(at).db.read("SELECT 1")).rejects.toThrow(`the user, or its password, which comes from ${file}, is wrong`);
  vi.stubEnv("PGPASSWORD", "wrong");
  await expect(open(at).db.read("SELECT 1")).rejects.toThrow("which comes from PGPASSWORD, is wrong");
});

test.each<[string, (at: URL) => void, RegExp]>([
  [
    "a setting that does not exist",
    ({ searchParams }) => searchParams.set("options", "-c nonsense=1"),
    /the server says: unrecognized .*"nonsense"/,
  ],
  [
    "a setting with a wrong value",
    ({ searchParams }) => searchParams.set("options", "-c work_mem=x"),
    /the server says: invalid value .*work_mem/,
  ],
  [
    "a socket that does not exist",
    ({ searchParams }) => searchParams.set("host", "/not/there"),
    /there is no socket of a server: check its folder/,
  ],
])("%s: one message, which says what named the URL", async (_, change, message) => {
  const at = new URL(url);
  change(at);
  const db = openPostgresDatabase(at.href.replaceAll("+", "%20"), newSchema(), { from: "PUSHPOOL_LEDGER_URL" });
  onTestFinished(() => db.close());
  const failed = await db.read("SELECT 1").catch((error: Error) => error);
  expect(failed).toMatchObject({ name: "UserError", exitCode: 5, message: expect.stringMatching(message) });
  expect((failed as Error).message).toMatch(/^the ledger postgres:\S+, which PUSHPOOL_LEDGER_URL names, cannot be used: /);
});

test("the server there is not Postgres", async () => {
  const server = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  await expect(open(`postgres://u:p@127.0.0.1:${port}/d`).db.read("SELECT 1")).rejects.toMatchObject({ name: "UserError", exitCode: 5 });
});

test("a database whose encoding lacks a character", async () => {
  const name = newSchema();
  await ask(`CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
  const at = Object.assign(new URL(url), { pathname: `/${name}` }).href;
  await expect(open(at).db.read("SELECT $1::text", ["\u{1f4a5}"])).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/use a database with ENCODING 'UTF8'$/),
  });
});

test("tables that somebody dropped: one message", async () => {
  const { db } = open(url);
  await db.read("SELECT 1");
  await db.transaction((execute) => execute(`DROP TABLE ${db.table("runs")} CASCADE`));
  await expect(db.read(`SELECT * FROM ${db.table("runs")}`)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/somebody changed its tables/),
  });
});

test.each([
  ["db:5432:runs:ann:a\\:b\\\\c", "a:b\\c"],
  ["# db:5432:runs:ann:x\n*:*:*:bob:y\n*:*:*:*:z", "z"],
  ["db:5433:runs:ann:x\nother:5432:runs:ann:y", undefined],
  ["db:5432:runs:ann", undefined],
  ["db:5432:runs:ann:\r\n", ""],
])("the password of %j", (text, password) => {
  expect(passwordIn(text, { host: "db", port: 5432, database: "runs", user: "ann" })).toBe(password);
});

test("a server that restarts in the middle of statements: they go on by themselves", async () => {
  const own = await ownPostgres();
  const { db } = open(own.url);
  await db.transaction(async (execute) => {
    await execute(`CREATE TABLE ${db.table("counted")} (n int)`);
  });
  let isOver = false;
  const counted = (async () => {
    let count = 0;
    for (; !isOver; count += 1) {
      const n = count;
      const isThere = async () =>
        (await db.read(`SELECT 1 FROM ${db.table("counted")} WHERE n = $1`, [n])).rowCount === 1 ? { result: undefined } : undefined;
      await db.transaction(async (execute) => void (await execute(`INSERT INTO ${db.table("counted")} VALUES ($1)`, [n])), isThere);
    }
    return count;
  })();
  await own.restart();
  await db.read("SELECT 1");
  isOver = true;
  const { rows } = await db.read(`SELECT count(*)::int AS all, count(DISTINCT n)::int AS once FROM ${db.table("counted")}`);
  const count = await counted;
  expect(count).toBeGreaterThan(0);
  expect(rows[0]).toMatchObject({ all: rows[0]?.once });
});
