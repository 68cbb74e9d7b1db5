import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../src/ledger/openDatabase";
import { newSchema, sharedPostgres } from "../ledger/postgresServer";
import { until } from "../until";
import { listen, manifestOf, type Place, placeWith } from "./pushpool";

let server: URL;
beforeAll(async () => {
  server = new URL(await sharedPostgres());
}, 300_000);

function ledgerUrl(schema = newSchema(), user?: { name: string; password: string }): string {
  const url = new URL(server);
  url.searchParams.set("schema", schema);
  if (user) Object.assign(url, { username: user.name, password: user.password });
  return url.href;
}

async function ask(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}

const manifest = manifestOf({ "hello/true": "true", "hello/sleep": "sleep 600" });
const json = ({ stdout }: { stdout: string }) => JSON.parse(stdout);
const ran = (here: Place, ...args: string[]) => expect(here.pushpool("run", "hello/true", ...args)).toMatchObject({ status: 0 });

test("ledger says which one is used, and moves a home's history to Postgres", () => {
  const here = placeWith(manifest);
  ran(here, "--flow-run-name", "one", "-t", "tagged", "--idempotency-key", "k");
  ran(here, "--flow-run-name", "two");
  expect(here.pushpool("pools", "pause", "local")).toMatchObject({ status: 0 });
  const before = json(here.pushpool("ledger", "--json"));
  expect(before).toMatchObject({ engine: "sqlite", from: "the home", runs: 2, unfinished: 0, stacks: 1 });
  expect(before.ledger).toBe(join(here.home, "ledger.db"));
  const shown = json(here.pushpool("show", "one", "--json"));

  const url = ledgerUrl();
  here.env.PUSHPOOL_LEDGER_URL = url;
  const moved = here.pushpool("ledger", "move", "--json");
  expect(moved).toMatchObject({ status: 0 });
  expect(json(moved)).toMatchObject({ rows: { runs: 2 }, withoutKey: 0 });
  expect(json(here.pushpool("ledger", "--json"))).toMatchObject({
    engine: "postgres",
    from: "PUSHPOOL_LEDGER_URL",
    runs: 2,
    unfinished: 0,
  });
  expect(json(here.pushpool("show", "one", "--json"))).toEqual(shown);
  expect(json(here.pushpool("pools", "--json")).pools).toMatchObject([{ pausedHere: true }]);
  expect(json(here.pushpool("run", "hello/true", "--idempotency-key", "k", "--detach", "--json")).run.name).toBe("one");
  expect(here.pushpool("ledger", "move")).toMatchObject({ status: 2, stderr: expect.stringMatching(/was already moved to postgres:/) });

  delete here.env.PUSHPOOL_LEDGER_URL;
  const refused = here.pushpool("run", "hello/true");
  expect(refused).toMatchObject({ status: 2, stderr: expect.stringMatching(/was moved to postgres:.*set PUSHPOOL_LEDGER_URL/) });
  expect(here.pushpool("ledger", "--json").stdout).toContain('"movedTo"');
  expect(moved.stdout + moved.stderr + refused.stderr + readFileSync(join(here.home, "ledger-moved.json"), "utf8")).not.toContain(
    server.password,
  );
});

test("a move is refused while a run is under way; it continues after a kill, and can be taken back", async () => {
  const here = placeWith(manifest);
  for (const name of ["a", "b", "c"]) ran(here, "--flow-run-name", name, "--detach");
  const sleeping = json(here.pushpool("run", "hello/sleep", "--detach", "--json")).run;
  const url = ledgerUrl();
  here.env.PUSHPOOL_LEDGER_URL = url;
  expect(here.pushpool("ledger", "move")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/not ended: wait for them with --wait/),
  });
  delete here.env.PUSHPOOL_LEDGER_URL;
  const waiting = here.start("ledger", "move", "--to", url, "--wait");
  const told = listen(waiting);
  await until(() => told.stderr().includes("waiting for"));
  expect(here.pushpool("ls")).toMatchObject({ status: 0 });
  expect(here.pushpool("cancel", sleeping.id, "--grace", "0s")).toMatchObject({ status: 0 });
  expect(await told.ended).toBe(0);
  expect(told.stderr()).toMatch(/others on this machine can read the password in --to/);
  expect(told.stderr()).toMatch(/moved 4 runs/);

  // As a move that was killed after it closed the file.
  const other = placeWith(manifest);
  ran(other, "--flow-run-name", "d");
  ran(other, "--flow-run-name", "e");
  const file = join(other.home, "ledger.db");
  const half = ledgerUrl();
  other.env.PUSHPOOL_LEDGER_URL = half;
  const broken = openDatabase(file);
  broken.exec("CREATE TRIGGER moved_runs_insert BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'pushpool: the ledger has moved'); END");
  broken.close();
  const { username, host, pathname } = new URL(half);
  writeFileSync(join(other.home, "ledger-moved.json"), JSON.stringify({ to: `postgres://${username}@${host}${pathname}` }));
  delete other.env.PUSHPOOL_LEDGER_URL;
  expect(other.pushpool("ls")).toMatchObject({ status: 2, stderr: expect.stringMatching(/is being moved to .*ledger move --cancel/) });
  expect(other.pushpool("ledger", "move", "--cancel")).toMatchObject({ status: 0 });
  ran(other, "--flow-run-name", "f");
  writeFileSync(join(other.home, "ledger-moved.json"), JSON.stringify({ to: `postgres://${username}@${host}${pathname}` }));
  other.env.PUSHPOOL_LEDGER_URL = half;
  expect(json(other.pushpool("ledger", "move", "--json"))).toMatchObject({ rows: { runs: 3 } });
});

test("of two moves at once to two places, one moves the history; the other is refused with the place", async () => {
  const here = placeWith(manifest);
  ran(here, "--flow-run-name", "one");
  const schemas = [newSchema(), newSchema()];
  const moves = schemas.map((schema) => listen(here.start("ledger", "move", "--json", "--to", ledgerUrl(schema))));
  const ends = await Promise.all(moves.map(({ ended }) => ended));
  expect([...ends].sort()).toEqual([0, 2]);
  const first = ends.indexOf(0);
  expect(moves[1 - first]?.stderr()).toMatch(new RegExp(`moved to postgres:\\S+ \\(schema ${schemas[first]}\\)`));
  expect(here.pushpool("ls").stderr).toContain(`(schema ${schemas[first]})`);
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(schemas[1 - first]);
  expect(json(here.pushpool("ls", "--all-stacks", "--json")).runs).toEqual([]);
});

test("a schema without tables has nothing to prune; one of a newer pushpool, or of somebody else, is left alone", async () => {
  const here = placeWith(manifest);
  const [none, newer, foreign] = [newSchema(), newSchema(), newSchema()];
  const prune = ["ledger", "prune", "--older-than", "1d", "--json"];
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(none);
  expect(json(here.pushpool(...prune))).toMatchObject({ runs: 0, keptForKey: 0 });
  await ask(`CREATE SCHEMA ${newer}`, `CREATE TABLE ${newer}.version AS SELECT 99 AS version`);
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(newer);
  expect(here.pushpool(...prune)).toMatchObject({ status: 5, stderr: expect.stringContaining("was written by a newer pushpool") });
  await ask(`CREATE SCHEMA ${foreign}`, `CREATE TABLE ${foreign}.runs (x int)`);
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(foreign);
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 5, stderr: expect.stringContaining("use another schema") });
});

test("a role that may only read: the wait for the primary says so, and ends with the fix", () => {
  const here = placeWith(manifest);
  const schema = newSchema();
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(schema);
  ran(here);
  here.env.PUSHPOOL_LEDGER_URL = `${ledgerUrl(schema)}&options=-c%20default_transaction_read_only%3Don`;
  here.env.PUSHPOOL_LEDGER_WAIT_SECONDS = "1";
  const { status, stderr } = here.pushpool("run", "hello/true");
  expect([status, stderr]).toEqual([
    5,
    expect.stringMatching(/is read-only, as a replica is: waiting for its primary[\s\S]*use the URL of the primary/),
  ]);
  expect(here.pushpool("ls")).toMatchObject({ status: 0 });
});

test("serve does not start with a role that may only read, or on a read-only server", async () => {
  const here = placeWith(manifest);
  const [schema, role] = [newSchema(), newSchema()];
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(schema);
  ran(here);
  await ask(
    `CREATE ROLE ${role} LOGIN PASSWORD 'x1y2z3'`,
    `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
  );
  const refused = (url: string, message: RegExp) => {
    here.env.PUSHPOOL_LEDGER_URL = url;
    const { status, stdout, stderr } = here.pushpool("serve", "--port", "0");
    expect([status, stdout, stderr]).toEqual([5, "", expect.stringMatching(message)]);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  };
  const as = { name: role, password: "x1y2z3" };
  refused(ledgerUrl(schema, as), /^pushpool: the ledger .* cannot be used: the role has too few rights: .*docs\/ledger\.md\n$/);
  // Each right on its own.
  await ask(`GRANT INSERT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
  refused(ledgerUrl(schema, as), /the role has too few rights/);
  await ask(`GRANT UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
  here.env.PUSHPOOL_LEDGER_WAIT_SECONDS = "0";
  refused(
    `${ledgerUrl(schema, as)}&options=-c%20default_transaction_read_only%3Don`,
    /it is a read-only replica: use the URL of the primary/,
  );

  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(schema, as);
  const child = here.start("serve", "--port", "0");
  const serving = listen(child);
  await until(() => serving.stdout().includes('"msg":"serving"'));
  child.kill("SIGTERM");
  expect(await serving.ended).toBe(0);
});

test.each(["SQLite", "Postgres"])("prune removes old runs of %s, never an unfinished one or one with a key", async (engine) => {
  const here = placeWith(manifest);
  const schema = newSchema();
  if (engine === "Postgres") here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(schema);
  ran(here, "--flow-run-name", "old");
  ran(here, "--flow-run-name", "keyed", "--idempotency-key", "k");
  ran(here, "--flow-run-name", "young");
  expect(here.pushpool("pools", "pause", "local")).toMatchObject({ status: 0 });
  const held = json(here.pushpool("run", "hello/true", "--detach", "--json", "--flow-run-name", "held")).run;
  expect(held.state.type).toBe("SCHEDULED");
  const age = "UPDATE runs SET ended_at = '2020-01-01T00:00:00.000Z', state_timestamp = '2020-01-01T00:00:00.000Z' WHERE name <> 'young'";
  if (engine === "Postgres") await ask(age.replace("runs", `${schema}.runs`).replace("ended_at =", "ended_at ="));
  else {
    const db = openDatabase(join(here.home, "ledger.db"));
    db.exec(age);
    db.close();
  }
  expect(json(here.pushpool("ledger", "prune", "--older-than", "90d", "--dry-run", "--json"))).toMatchObject({
    runs: 1,
    keptForKey: 1,
    dryRun: true,
  });
  expect(json(here.pushpool("ls", "--all-stacks", "--json")).runs).toHaveLength(4);
  expect(json(here.pushpool("ledger", "prune", "--older-than", "90d", "--json"))).toMatchObject({ runs: 1, keptForKey: 1 });
  const names = () => (json(here.pushpool("ls", "--all-stacks", "--json")).runs as { name: string }[]).map(({ name }) => name).sort();
  expect(names()).toEqual(["held", "keyed", "young"]);
  expect(json(here.pushpool("ledger", "prune", "--older-than", "90d", "--with-keys", "--json"))).toMatchObject({ runs: 1 });
  expect(names()).toEqual(["held", "young"]);
});

test("a role without the right to make tables works after `ledger migrate` by one that has it, with the grants of the page", async () => {
  const page = readFileSync(join(__dirname, "..", "..", "docs", "ledger.md"), "utf8");
  const grants = /```sql\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  expect(grants).toContain("GRANT");
  const [schema, role] = [newSchema(), newSchema()];
  await ask(`CREATE ROLE ${role} LOGIN PASSWORD 'x1y2z3'`);
  const here = placeWith(manifest);
  here.env.PUSHPOOL_LEDGER_URL = ledgerUrl(schema, { name: role, password: "x1y2z3" });
  expect(here.pushpool("run", "hello/true")).toMatchObject({ status: 5, stderr: expect.stringMatching(/Run `pushpool ledger migrate`/) });

  const owner = { ...here.env, PUSHPOOL_LEDGER_URL: ledgerUrl(schema) };
  const user = here.env;
  Object.assign(here.env, owner);
  expect(here.pushpool("ledger", "--json")).toMatchObject({ status: 0, stdout: expect.stringContaining('"version":0') });
  expect(here.pushpool("ledger", "migrate")).toMatchObject({ status: 0, stderr: expect.stringMatching(/version 0 to \d/) });
  expect(here.pushpool("ledger", "migrate")).toMatchObject({ status: 0, stderr: expect.stringMatching(/already/) });
  await ask(
    grants.replaceAll("pushpool_runs", role).replaceAll("pushpool.", `${schema}.`).replaceAll("SCHEMA pushpool", `SCHEMA ${schema}`),
  );
  user.PUSHPOOL_LEDGER_URL = ledgerUrl(schema, { name: role, password: "x1y2z3" });
  ran(here);
  expect(here.pushpool("pools", "pause", "local")).toMatchObject({ status: 0 });
  expect(here.pushpool("ledger", "prune", "--older-than", "90d")).toMatchObject({ status: 0 });
});

test.each<[string[], RegExp]>([
  [["ledger", "shw"], /ledger "shw": did you mean "show"/],
  [["ledger", "prune"], /ledger prune: give the age of the runs to remove, such as --older-than 90d/],
  ...["old", "90", "0", "90 days", "-1d", "1e3d", "12w", "90d1"].map((age): [string[], RegExp] => [
    ["ledger", "prune", `--older-than=${age}`, "--json"],
    /"--older-than \\".*\\": must be an age with its unit, such as 90d or 12h"/,
  ]),
  [["ledger", "prune", "--older-than", "999999999d"], /--older-than "999999999d": must be at most 36500d/],
  [["ledger", "migrate", "--wait"], /--wait belongs to `pushpool ledger move`, not to migrate/],
  [["ledger", "move"], /ledger move: name the database with --to URL, or with PUSHPOOL_LEDGER_URL/],
  [["ledger", "move", "--to", "here"], /there is no ledger to move|the URL of the ledger is invalid/],
  [["ledger", "move", "--cancel"], /is not being moved/],
])("%j is refused", (args, message) => {
  expect(placeWith(manifest).pushpool(...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
});

test("a message about the database says what named it", () => {
  const at = "postgres://u:hunter2@127.0.0.1:1/d";
  const here = placeWith({ ...manifest, ledger: { url: at } });
  const named = (...args: string[]) => {
    const { status, stderr } = here.pushpool(...args);
    expect(stderr).not.toContain("hunter2");
    return [status, stderr];
  };
  const says = (source: string) => [
    5,
    expect.stringContaining(`the ledger postgres://u@127.0.0.1:1/d, which ${source} names, cannot be used`),
  ];
  expect(named("ledger")).toEqual(says("the manifest"));
  expect(named("run", "hello/true")).toEqual(says("the manifest"));
  here.env.PUSHPOOL_LEDGER_URL = at;
  expect(named("ledger", "--json")).toEqual(says("PUSHPOOL_LEDGER_URL"));
  here.env.PUSHPOOL_LEDGER_URL = `${at}?sslmode=on`;
  expect(named("ls")).toEqual([2, expect.stringContaining("the URL of the ledger in PUSHPOOL_LEDGER_URL: sslmode must be")]);
  const other = placeWith(manifest);
  ran(other);
  const moved = other.pushpool("ledger", "move", "--to", at);
  expect([moved.status, moved.stderr]).toEqual([5, expect.stringContaining("which --to names, cannot be used: nothing listens there")]);
});

test("a command that waits for something that never comes does not end with 0", () => {
  const here = placeWith(manifest);
  const preload = join(here.folder, "never.cjs");
  writeFileSync(preload, 'require("node:net").Socket.prototype.connect = function () { return this; };');
  here.env.NODE_OPTIONS = `--require ${preload}`;
  here.env.PUSHPOOL_LEDGER_URL = "postgres://u:p@127.0.0.1:1/d?connect_timeout=0";
  const { status, stdout, stderr } = here.pushpool("ledger", "--json");
  expect([status, stdout]).toEqual([70, ""]);
  expect(JSON.parse(stderr)).toMatchObject({ error: { exitCode: 70, message: expect.stringContaining("nobody does any more") } });
});
