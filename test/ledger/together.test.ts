import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openTogether } from "../../src/ledger/together";

function place() {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  db.exec("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT");
  const said: string[] = [];
  const together = openTogether(
    (work) => work(),
    (sql) => {
      said.push(sql);
      db.exec(sql);
    },
  );
  const insert = (n: number) => together.write(() => db.prepare("INSERT INTO t VALUES (?)").run(n).changes);
  return {
    db,
    together,
    insert,
    said,
    rows: () =>
      db
        .prepare("SELECT n FROM t ORDER BY n")
        .all()
        .map(({ n }) => n),
  };
}

test("what is asked for at once is committed once; what fails leaves nothing, and the others stand", async () => {
  const { insert, together, db, said, rows } = place();
  const failing = together.write(() => {
    db.exec("INSERT INTO t VALUES (7)");
    throw new Error("changed its mind");
  });
  const results = await Promise.allSettled([insert(1), failing, insert(1), insert(2)]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
  expect(rows()).toEqual([1, 2]);
  expect(said.filter((sql) => sql === "COMMIT")).toHaveLength(1);
});

test("nobody is told that it is written before it is; where the commit fails all hear it", async () => {
  const { insert, together, db, rows } = place();
  db.exec("CREATE TABLE child (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED) STRICT; PRAGMA foreign_keys = ON");
  const dangling = together.write(() => db.exec("INSERT INTO child VALUES (99)"));
  const results = await Promise.allSettled([insert(1), dangling]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(rows()).toEqual([]);
  expect(await insert(3)).toBe(1);
});

test("many are written in several transactions, in order; what waits is written when it is flushed", async () => {
  const { insert, together, said, rows } = place();
  const all = Array.from({ length: 250 }, (_, n) => insert(n));
  await Promise.all(all);
  expect(said.filter((sql) => sql === "COMMIT")).toHaveLength(3);
  const last = insert(250);
  together.flush();
  expect(rows()).toHaveLength(251);
  expect(await last).toBe(1);
});
