import type { SQLInputValue, StatementSync } from "node:sqlite";
import type { Ledger, RunRecord, SlotLimits } from "./ledger";
import type { Sql } from "./listing";
import { IN_MEMORY, openDatabase, translated, writeFailed } from "./openDatabase";
import { earlierSql, ledgerReads, noteSql, recordSql } from "./reads";
import { fromRow, type LedgerRunRow } from "./rows";
import { openWalSync } from "./walSync";
import { openWriteBatcher } from "./writeBatcher";
import {
  changeWrites,
  deploymentsSql,
  fullOf,
  newRecord,
  newRunWrites,
  type SlotPlace,
  slotPlaceOf,
  swapSql,
  takenSql,
  type Write,
  writeSql,
} from "./writes";

/**
 * The ledger in one SQLite file, shared by all processes on this machine.
 * @param path created if it does not exist
 * @throws {UserError} see {@link openDatabase}
 */
export function openSqliteLedger(path: string): Ledger {
  const db = openDatabase(path);
  /** Absent for a ledger in memory. */
  const wal = path === IN_MEMORY ? undefined : openWalSync(path);
  const statements = new Map<string, StatementSync>();
  let isClosed = false;

  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const prepared = db.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  };
  const rows = ({ sql, values }: Sql): Record<string, unknown>[] => statement(sql).all(...values);
  const run = ({ sql, values }: { sql: string; values: SQLInputValue[] }) => statement(sql).run(...values);
  const writeAll = (writes: readonly Write[]) => {
    for (const one of writes) run(writeSql(one));
  };
  const one = (sql: Sql) => statement(sql.sql).get(...sql.values) as LedgerRunRow | undefined;
  const atVersion = (id: string, version: number) => one(recordSql("r.id = ? AND r.version = ?", id, version));
  const changed = (...given: Parameters<typeof changeWrites>): RunRecord => {
    const { after, writes } = changeWrites(...given);
    writeAll(writes);
    return fromRow(after);
  };

  const full = (place: SlotPlace, limits: SlotLimits) => {
    const taken = takenSql(place, limits);
    return fullOf(taken && rows(taken)[0], limits);
  };

  const batcher = openWriteBatcher(
    (work) => translated(path, work),
    (sql) => statement(sql).run(),
  );
  /** Resolves when other processes see the write. */
  const write = <T>(work: () => T): Promise<T> => {
    if (isClosed) return Promise.reject(new Error(`the ledger ${path} is closed`));
    return batcher.write(work);
  };
  /** Resolves when the write would survive a power cut: what is about to be sent must not be lost. */
  const writeDurably = async <T>(work: () => T): Promise<T> => {
    const result = await write(work);
    try {
      await wal?.synced();
    } catch (error) {
      throw writeFailed(path, error as Error);
    }
    return result;
  };

  return {
    ...ledgerReads(async (sql) => translated(path, () => rows(sql)), {
      on_server: "s.submission ->> '$.prefect' IS NOT NULL",
      host: "NULL",
    }),

    // Nothing is sent before it takes a slot, and no later write reaches the disk without this one.
    createRun: (given, slot) =>
      (slot ? writeDurably : write)(() => {
        const earlier = one(earlierSql(given.run));
        if (earlier) return { record: fromRow(earlier), created: false };
        const taking = slot && !full(slotPlaceOf(given.run), slot.limits) ? slot.change : undefined;
        writeAll(newRunWrites(given, taking));
        return { record: newRecord(given, taking), created: true };
      }),

    change: async (id, version, change, durable = "now") => {
      const work = () => {
        const row = atVersion(id, version);
        return row && changed(row, change);
      };
      if (durable === "now") return writeDurably(work);
      const record = await write(work);
      wal?.soon();
      return record;
    },

    acquireSlot: (id, version, limits, change) =>
      writeDurably(() => {
        const row = atVersion(id, version);
        if (!row) return { kind: "changed" };
        return full(row, limits) ?? { kind: "acquired", record: changed(row, change) };
      }),

    changeDeployments: async (stack, change) => {
      const all = deploymentsSql(stack, change);
      if (all.length === 0) return;
      await writeDurably(() => {
        for (const each of all) run(each);
      });
    },

    // One connection commits its writes in the order in which it gets them.
    keepsOrder: true,
    // Notes are for other processes on this machine: they need not wait for the disk.
    swapNote: (key, before, after) =>
      write(() => {
        if (before === undefined && after === undefined) return rows(noteSql(key)).length === 0;
        return run(swapSql(key, before, after)).changes === 1;
      }),

    changeNote: (key, change) =>
      write(() => {
        const before = rows(noteSql(key))[0]?.value as string | undefined;
        const after = change(before);
        if (after !== before) run(swapSql(key, before, after));
        return after;
      }),

    // SQLite takes the lock for a write, and refuses it if the file or its log is read-only.
    checkWritable: () => write(() => {}),

    close: () => {
      if (isClosed) return;
      batcher.flush();
      isClosed = true;
      statements.clear();
      db.close();
      wal?.close();
    },
  };
}
