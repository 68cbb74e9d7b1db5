import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openWriteBatcher } from "../../src/ledger/writeBatcher";

function place() {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  db.exec("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT");
  const said: string[] = [];
  const batcher = openWriteBatcher(
    (work) => work(),
    (sql) => {
      said.push(sql);
      db.exec(sql);
    },
  );
  const insert = (n: number) => batcher.write(() => db.prepare("INSERT INTO t VALUES (?)").run(n).changes);
  return {
    db,
    batcher,
    insert,
    said,
    rows: () =>
      db
        .prepare("SELECT n FROM t ORDER BY n")
        .all()
        .map(({ n }) => n),
  };
}

test("simultaneous writes are committed once; one that fails leaves nothing, and the others stay", async () => {
  const { insert, batcher, db, said, rows } = place();
  const failing = batcher.write(() => {
    db.exec("INSERT INTO t VALUES (7)");
    throw new Error("changed its mind");
  });
  const results = await Promise.allSettled([insert(1), failing, insert(1), insert(2)]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
  expect(rows()).toEqual([1, 2]);
  expect(said.filter((sql) => sql === "COMMIT")).toHaveLength(1);
});

test("no write resolves before its commit; if the commit fails, all of them reject", async () => {
  const { insert, batcher, db, rows } = place();
  db.exec("CREATE TABLE child (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED) STRICT; PRAGMA foreign_keys = ON");
  const dangling = batcher.write(() => db.exec("INSERT INTO child VALUES (99)"));
  const results = await Promise.allSettled([insert(1), dangling]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(rows()).toEqual([]);
  expect(await insert(3)).toBe(1);
});

test("many writes go into several transactions, in order; a flush commits the waiting ones", async () => {
  const { insert, batcher, said, rows } = place();
  const all = Array.from({ length: 250 }, (_, n) => insert(n));
  await Promise.all(all);
  expect(said.filter((sql) => sql === "COMMIT")).toHaveLength(3);
  const last = insert(250);
  batcher.flush();
  expect(rows()).toHaveLength(251);
  expect(await last).toBe(1);
});
