import { statSync } from "node:fs";
import { MIGRATIONS } from "../migrations";
import { openDatabase, translated } from "../openDatabase";
import { countsOf, countsSql, PRUNE_BATCH, type PruneReport, type PruneRequest, prunable, RUN_TABLES, type Upkeep } from "./upkeep";

/**
 * The care of a home's ledger.
 * @param path of an existing file; opening migrates it
 * @throws {UserError} see `openDatabase`
 */
export function openSqliteUpkeep(path: string): Upkeep {
  const db = openDatabase(path);
  const one = (sql: string, ...values: (string | number)[]) => db.prepare(sql).get(...values) as Record<string, unknown> | undefined;

  /** @returns the last id of the batch; `undefined` if nothing was left */
  function removeBatch(request: PruneRequest, after: string): { last: string; count: number } | undefined {
    db.exec("BEGIN IMMEDIATE");
    try {
      const found = db
        .prepare(`SELECT id FROM runs WHERE id > ? AND ${prunable(request, "?")} ORDER BY id LIMIT ${PRUNE_BATCH}`)
        .all(after, request.before)
        .map(({ id }) => String(id));
      const ids = JSON.stringify(found);
      for (const [table, column] of RUN_TABLES)
        db.prepare(`DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`).run(ids);
      db.exec("COMMIT");
      const last = found.at(-1);
      return last === undefined ? undefined : { last, count: found.length };
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  }

  const count = (request: PruneRequest) => Number(one(`SELECT count(*) AS n FROM runs WHERE ${prunable(request, "?")}`, request.before)?.n);

  function prune(request: PruneRequest): PruneReport {
    const all = count({ ...request, withKeys: true });
    const wanted = count(request);
    if (request.dryRun) return { runs: wanted, keptForKey: all - wanted };
    let runs = 0;
    for (let after = ""; ; ) {
      const batch = removeBatch(request, after);
      if (!batch) return { runs, keptForKey: all - wanted };
      runs += batch.count;
      after = batch.last;
    }
  }

  return {
    facts: async () => ({
      version: Number(one("PRAGMA user_version")?.user_version),
      newest: MIGRATIONS.length,
      size: sizeOf(path) + sizeOf(`${path}-wal`),
      counts: countsOf(translated(path, () => one(countsSql((name) => name)))),
    }),
    migrate: async () => MIGRATIONS.length,
    prune: async (request) => translated(path, () => prune(request)),
    close: () => db.close(),
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
