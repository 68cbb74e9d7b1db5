import { createServer, connect as dial, type Socket } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { Ledger } from "../../src/ledger";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { openPostgresDatabase } from "../../src/ledger/postgres/database";
import { isBroken } from "../../src/ledger/postgres/postgresFaults";
import { POSTGRES_MIGRATIONS } from "../../src/ledger/postgres/postgresMigrations";
import { inTransaction } from "../../src/ledger/postgres/transaction";
import { state } from "../../src/runs/states";
import { describeLedger } from "./describeLedger";
import { NOW, newRun } from "./newRun";
import { newSchema, sharedPostgres } from "./postgresServer";

vi.setConfig({ testTimeout: 120_000 });
let url: string;
beforeAll(async () => {
  url = await sharedPostgres();
}, 300_000);

const built = join(__dirname, "..", "..", "lib", "src", "ledger", "postgres");
describeLedger("Postgres", {
  place: async () => `${url} ${newSchema()}`,
  open: async (address) => {
    const [at = "", schema = ""] = address.split(" ");
    return openPostgresLedger(at, { schema });
  },
  opening: `(([url, schema]) => require(${JSON.stringify(built)}).openPostgresLedger(url, { schema }))(address.split(" "))`,
});

function open(at: string, schema = newSchema()): Ledger {
  const ledger = openPostgresLedger(at, { schema });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** Ask the server directly. */
async function ask(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

test("many clients that come to an empty database at once make its schema once", async () => {
  const schema = newSchema();
  const ledgers = Array.from({ length: 8 }, () => open(url, schema));
  const made = await Promise.all(ledgers.map((ledger, n) => ledger.createRun(newRun(`r${n}`))));
  expect(made.map(({ created }) => created)).toEqual(ledgers.map(() => true));
  expect(await ask(`SELECT version FROM ${schema}.version`)).toEqual([{ version: POSTGRES_MIGRATIONS.length }]);
});

test("a newer version is refused, and not changed", async () => {
  const schema = newSchema();
  await open(url, schema).createRun(newRun("r1"));
  await ask(`UPDATE ${schema}.version SET version = 99`);
  await expect(open(url, schema).read("r1")).rejects.toThrow(/was written by a newer pushpool \(its version is 99, .*to upgrade/);
  expect(await ask(`SELECT version FROM ${schema}.version`)).toEqual([{ version: 99 }]);
});

test.each<[string, (good: URL) => void, RegExp]>([
  ["a wrong password", (at) => Object.assign(at, { password: "wr0ng-one" }), /the password or the user is wrong: check the URL/],
  ["no such database", (at) => Object.assign(at, { pathname: "/none" }), /the database does not exist: create it, or check the URL/],
  ["nothing that listens", (at) => Object.assign(at, { port: "1" }), /nothing listens there: check the host and the port of the URL/],
  [
    "no such host",
    (at) => Object.assign(at, { hostname: "no-such-host.invalid" }),
    /its host (does not exist|cannot be looked up): check the/,
  ],
  ["a read-only server", (at) => at.searchParams.set("options", "-c default_transaction_read_only=on"), /it is a read-only replica/],
])("%s: one message with the fix, without the password", async (_, spoil, message) => {
  const at = new URL(url);
  spoil(at);
  const error = await open(at.href)
    .createRun(newRun("r1"))
    .catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ name: "UserError", exitCode: 5, message: expect.stringMatching(message) });
  expect(String(error)).not.toMatch(/s3cr3t|wr0ng/);
});

test("a role without rights gets one message", async () => {
  const role = newSchema();
  await ask(`CREATE ROLE ${role} LOGIN PASSWORD 'x1y2z3'`);
  const at = Object.assign(new URL(url), { username: role, password: "x1y2z3" });
  await expect(open(at.href).read("r1")).rejects.toThrow(
    /has no tables in schema .*, and the role may not change that: it needs CREATE on the database. Run `pushpool ledger migrate`/,
  );
});

test("an invalid URL or schema", () => {
  expect(() => openPostgresLedger("here")).toThrow(/the URL of the ledger is invalid: write it as postgres:/);
  expect(() => openPostgresLedger(url, { schema: 'a"b' })).toThrow(
    /the schema of a ledger must have at most 63 characters of a-z, 0-9 and _/,
  );
});

test("text that Postgres cannot store is stored without its NUL", async () => {
  const ledger = open(url);
  await ledger.createRun(newRun("r1", { state: state("FAILED", NOW, "a\0b"), parameters: { text: "a\0b" } }));
  expect((await ledger.read("r1"))?.run).toMatchObject({ state: { message: "a\u{fffd}b" }, parameters: { text: "a\0b" } });
  expect(await ledger.transitions("r1")).toMatchObject([{ message: "a\u{fffd}b" }]);
});

/** A line to the server that breaks once the client has sent `words`: before the server gets them, or before the client gets the answer. */
async function breakingLine(words: string, when: "before" | "after"): Promise<{ at: string; broken: () => number }> {
  const { hostname, port } = new URL(url);
  let count = 0;
  const server = createServer((client: Socket) => {
    const onward = dial(Number(port), hostname);
    let isBreaking = false;
    client.on("data", (data) => {
      if (!isBreaking && count === 0 && data.includes(words)) {
        isBreaking = true;
        count += 1;
        if (when === "before") {
          client.destroy();
          onward.destroy();
          return;
        }
      }
      onward.write(data);
    });
    onward.on("data", (data) => {
      if (isBreaking) client.destroy();
      else client.write(data);
    });
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      one.on("error", () => one.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const at = new URL(url);
  at.port = String((server.address() as { port: number }).port);
  return { at: at.href, broken: () => count };
}

test.each(["after", "before"] as const)(
  "a connection that breaks at a change, %s the server has it: each write happens once",
  async (when) => {
    const words = "UPDATE";
    const schema = newSchema();
    const direct = open(url, schema);
    await direct.createRun(newRun("r1"));
    const slot = await breakingLine(words, when);
    const limits = { pool: 1, queue: null, deployment: null };
    const answer = await open(slot.at, schema).acquireSlot("r1", 1, limits, { state: state("PENDING", NOW), owner: "me" });
    expect(answer).toMatchObject({ kind: "acquired", record: { owner: "me", run: { version: 2, state: { type: "PENDING" } } } });
    const changed = await breakingLine(words, when);
    expect(await open(changed.at, schema).change("r1", 2, { state: state("RUNNING", NOW) })).toMatchObject({ run: { version: 3 } });
    expect((await direct.transitions("r1")).map(({ type }) => type)).toEqual(["SCHEDULED", "PENDING", "RUNNING"]);
    expect([slot.broken(), changed.broken()]).toEqual([1, 1]);
  },
);

test.each(["after", "before"] as const)(
  "a new run and a note whose connection breaks at the commit, %s the server has it, are written once",
  async (when) => {
    const schema = newSchema();
    const direct = open(url, schema);
    await direct.createRun(newRun("r0"));
    const made = await breakingLine("INSERT", when);
    expect(await open(made.at, schema).createRun(newRun("r1", { idempotencyKey: "k" }))).toMatchObject({
      created: true,
      record: { run: { id: "r1" } },
    });
    const noted = await breakingLine("COMMIT", when);
    expect(await open(noted.at, schema).changeNote("k", (now) => `${now ?? ""}x`)).toBe("x");
    expect([await direct.count({}), await direct.readNote("k"), made.broken(), noted.broken()]).toEqual([2, "x", 1, 1]);
  },
);

test.each([
  ["after", 1],
  ["before", 1],
  ["after", null],
  ["before", null],
] as const)(
  "a new run that takes a slot, whose connection breaks %s the server has it (limit %s), is written once, with it",
  async (when, pool) => {
    const schema = newSchema();
    const direct = open(url, schema);
    await direct.createRun(newRun("r0"));
    const line = await breakingLine("INSERT", when);
    const change = { state: state("PENDING", NOW), owner: "me" };
    const limits = { pool, queue: null, deployment: null };
    const { created, record } = await open(line.at, schema).createRun(newRun("r1"), { limits, change });
    expect([created, record.owner, record.run.version, line.broken()]).toEqual([true, "me", 2, 1]);
    expect((await direct.transitions("r1")).map(({ type }) => type)).toEqual(["SCHEDULED", "PENDING"]);
    expect(await direct.slotsTaken("data/dev")).toEqual([{ workPool: "local", workQueue: "default", count: 1 }]);
  },
);

/** The server's last words to a client when it is shut down: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function shutDown(): Buffer {
  const fields = Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0");
  const length = Buffer.alloc(4);
  length.writeInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from("E"), length, fields]);
}

test("a shut-down that comes with the answer to a statement, while others wait for the connection, ends nobody", async () => {
  const { hostname, port } = new URL(url);
  let left = 0;
  const server = createServer((client: Socket) => {
    const onward = dial(Number(port), hostname);
    client.on("data", (data) => void onward.write(data));
    onward.on("data", (data) => {
      // ReadyForQuery, outside a transaction.
      const isDone = data.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]));
      if (left === 0 || !isDone) return void client.write(data);
      left -= 1;
      client.end(Buffer.concat([data, shutDown()]));
      onward.destroy();
    });
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      one.on("error", () => one.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const at = Object.assign(new URL(url), { port: String((server.address() as { port: number }).port) });
  const db = openPostgresDatabase(at.href, newSchema());
  onTestFinished(() => db.close());
  await db.read("SELECT 1");
  left = 6;
  // More than the connections of a pool. A transaction gets its connection right after a statement.
  const ask = ({ read }: { read: typeof db.read }, n: number) => read("SELECT $1::int AS n", [n]).then(({ rows }) => rows[0]?.n);
  const asked = Array.from({ length: 20 }, (_, n) =>
    n % 2 === 0 ? ask(db, n) : db.transaction(async (execute) => ask({ read: execute }, n)),
  );
  expect(await Promise.all(asked)).toEqual(asked.map((_, n) => n));
  expect(left).toBe(0);
});

test("connections that the server ends are replaced: work continues by itself", async () => {
  const schema = newSchema();
  const ledger = open(url, schema);
  await ledger.createRun(newRun("r1"));
  for (let version = 1; version <= 5; version += 1) {
    await ask(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pushpool' AND pid <> pg_backend_pid() AND query LIKE $1",
      [`%${schema}%`],
    );
    if (version % 2 === 0) expect(await ledger.isAt("r1", version)).toBe(true);
    expect(await ledger.change("r1", version, { owner: `o${version}` })).toMatchObject({ run: { version: version + 1 } });
  }
});

test("a client that is stopped in a transaction does not hold its locks for long", async () => {
  const pool = new pg.Pool({ connectionString: url });
  onTestFinished(() => pool.end());
  pool.on("error", () => {});
  const lock = "SELECT pg_advisory_xact_lock(7)";
  const stopped = inTransaction(pool, async (execute) => {
    await execute(lock);
    await inTransaction(pool, (other) => other(lock));
    await execute("SELECT 1");
  });
  await expect(stopped).rejects.toSatisfy(isBroken);
});
