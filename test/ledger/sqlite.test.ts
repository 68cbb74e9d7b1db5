import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Ledger, openSqliteLedger } from "../../src/ledger";
import { MIGRATIONS } from "../../src/ledger/migrations";
import { openDatabase } from "../../src/ledger/openDatabase";
import { scratch } from "../scratch";
import { describeLedger } from "./describeLedger";
import { newRun } from "./newRun";

function open(path = join(scratch(), "ledger.db")): Ledger {
  const ledger = openSqliteLedger(path);
  onTestFinished(() => ledger.close());
  return ledger;
}

describeLedger("a SQLite file", {
  place: async () => join(scratch(), "ledger.db"),
  open: async (address) => openSqliteLedger(address),
  opening: `require(${JSON.stringify(join(__dirname, "..", "..", "lib", "src", "ledger"))}).openSqliteLedger(address)`,
});

test("every query uses an index", () => {
  const path = join(scratch(), "ledger.db");
  open(path);
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const db = new DatabaseSync(path);
  const plan = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row.detail))
      .join("; ");
  for (const sql of [
    "SELECT * FROM runs WHERE id >= 'a' AND id < 'b' ORDER BY id DESC LIMIT 5",
    "SELECT * FROM runs WHERE name = 'a' ORDER BY id DESC LIMIT 5",
    "SELECT * FROM runs WHERE stack = 'a' ORDER BY id DESC LIMIT 50",
    "SELECT * FROM runs WHERE stack = 'a' AND deployment = 'b' ORDER BY id DESC LIMIT 50",
    "SELECT * FROM runs WHERE stack = 'a' AND work_pool = 'b' AND state_type IN ('PENDING', 'RUNNING', 'CANCELLING')",
    "SELECT * FROM runs WHERE stack = 'a' AND deployment = 'b' AND idempotency_key = 'c'",
  ]) {
    expect(plan(sql), sql).toMatch(/SEARCH runs/);
    expect(plan(sql), sql).not.toMatch(/TEMP B-TREE FOR ORDER BY.*LIMIT|SCAN runs(?! USING)/);
  }
  db.close();
});

test.each([
  [
    "a newer version",
    (path: string) => {
      openSqliteLedger(path).close();
      const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
      const db = new DatabaseSync(path);
      db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
      db.close();
    },
    /written by a newer pushpool .*to upgrade, run `git pull && npm ci` in /,
  ],
  [
    "no database",
    (path: string) =>
      writeFileSync(path, "not a database, but long enough to be read as a header of one, which takes a hundred bytes in all ......"),
    /is damaged/,
  ],
  ["cut short", (path: string) => writeFileSync(path, "SQLite format 3\0"), /is damaged/],
  [
    "another program's database",
    (path: string) => {
      const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
      const db = new DatabaseSync(path);
      db.exec("PRAGMA journal_mode = wal; CREATE TABLE runs (distance REAL)");
      db.close();
      chmodSync(path, 0o600);
    },
    /is damaged \(table runs already exists\)/,
  ],
] as const)("%s is refused with its path and not changed", (_, make, message) => {
  const path = join(scratch(), "ledger.db");
  make(path);
  const before = readFileSync(path);
  expect(() => openSqliteLedger(path)).toThrow(message);
  expect(() => openSqliteLedger(path)).toThrow(path);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a newer version is refused while only the log of a process that crashed knows of it", () => {
  const path = join(scratch(), "ledger.db");
  openSqliteLedger(path).close();
  const db = openDatabase(path);
  db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
  const crashed = join(scratch(), "ledger.db");
  for (const suffix of ["", "-wal"]) copyFileSync(`${path}${suffix}`, `${crashed}${suffix}`);
  db.close();
  expect(readFileSync(crashed).readUInt32BE(60)).not.toBe(MIGRATIONS.length + 1);
  expect(() => openSqliteLedger(crashed)).toThrow(/written by a newer pushpool/);
});

test("a ledger whose folder is gone can be closed", async () => {
  const folder = scratch();
  const ledger = openSqliteLedger(join(folder, "ledger.db"));
  await ledger.createRun(newRun("r"));
  rmSync(folder, { recursive: true });
  ledger.close();
  expect(existsSync(folder)).toBe(false);
});

test("only its owner may read it, whatever the umask is and whatever an older version created", () => {
  const folder = scratch();
  chmodSync(folder, 0o755);
  const umask = process.umask(0);
  onTestFinished(() => void process.umask(umask));
  const path = join(folder, "ledger.db");
  const modes = () => {
    const ledger = openSqliteLedger(path);
    const found = ["", "-wal", "-shm"].map((suffix) => statSync(`${path}${suffix}`).mode & 0o777);
    ledger.close();
    return found;
  };
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  chmodSync(path, 0o644);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
});

test("damage that is found later is reported with the path", async () => {
  const path = join(scratch(), "ledger.db");
  const ledger = openSqliteLedger(path);
  for (let n = 0; n < 200; n++) await ledger.createRun(newRun(`r${n}`));
  ledger.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096 * 2, bytes.length);
  writeFileSync(path, bytes);
  const damaged = openSqliteLedger(path);
  onTestFinished(() => damaged.close());
  await expect(damaged.list({})).rejects.toThrow(new RegExp(`${path} is damaged`));
});

test("a full disk is reported, and earlier data is still there", async () => {
  const path = join(scratch(), "ledger.db");
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  // SQLite's own limit gives the same error as a full disk (SQLITE_FULL).
  const original = DatabaseSync.prototype.exec;
  DatabaseSync.prototype.exec = function (sql: string) {
    original.call(this, sql);
    if (sql.includes("synchronous")) original.call(this, "PRAGMA max_page_count = 30");
  };
  onTestFinished(() => {
    DatabaseSync.prototype.exec = original;
  });
  const ledger = open(path);
  let written = 0;
  const fill = async () => {
    for (; written < 10_000; written++) await ledger.createRun(newRun(`r${written}`));
  };
  await expect(fill()).rejects.toThrow(/no space left on the disk to write the ledger .*ledger\.db/);
  expect(written).toBeGreaterThan(0);
  expect(await ledger.list({ limit: 10_000 })).toHaveLength(written);
});
