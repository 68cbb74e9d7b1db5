import { v4 as uuid } from "uuid";
import type { FirstSlot, Ledger, NewRun, RunChange, RunRecord, SlotAnswer, SlotLimits } from "../ledger";
import type { Sql } from "../listing";
import { earlierSql, ledgerReads, noteSql, recordSql } from "../reads";
import { fromRow, type LedgerRunRow } from "../rows";
import { changeWrites, deploymentsSql, fullOf, newRecord, type SlotPlace, slotPlaceOf, swapSql, takenSql, writeSql } from "../writes";
import { channelOf, openChangeFeed } from "./changeFeed";
import { type Execute, openPostgresDatabase, type PostgresDatabase, type PostgresValue } from "./database";
import { databaseClock } from "./databaseClock";
import { inPostgres } from "./dialect";
import { postgresLeases } from "./leases";
import { changeSql, createSql, type OneAttemptChange, ownRow, slotSql } from "./oneStatement";
import { isLockTimeout } from "./postgresFaults";
import { writeRightsSql } from "./writeRights";

/**
 * The ledger in a Postgres database, shared by all processes on all machines that have its URL. It connects at the first use, and makes
 * its schema then.
 *
 * A write is one transaction in READ COMMITTED, sent in one message: no lock ever waits for a client. It locks the row of its run. So each
 * of several writers sees what the one before it wrote. Who takes a limited slot also locks the pool and the deployment. They are free
 * again once the disk has that transaction, whatever happens to its client.
 * @param url `postgres://USER:PASSWORD@HOST/DATABASE`, with libpq's `sslmode`
 * @param options.schema @default "pushpool"
 */
export function openPostgresLedger(url: string, { schema }: { schema?: string } = {}): Ledger {
  return postgresLedgerOver(openPostgresDatabase(url, schema));
}

/** The same over a database that is open: closing the ledger closes it. */
export function postgresLedgerOver(db: PostgresDatabase): Ledger {
  const channel = channelOf(db.schema);
  const feeds = new Set<{ close(): void }>();
  let isClosed = false;

  type Rows = Record<string, unknown>[];
  const by =
    (execute: Execute) =>
    async (sql: Sql): Promise<{ rows: Rows; rowCount: number | null }> =>
      execute(inPostgres(sql, db.table), sql.values.map(cleanValue));
  const read = by(db.read);
  const one = async (execute: Execute, sql: Sql) => (await by(execute)(sql)).rows[0] as unknown as LedgerRunRow | undefined;
  const transaction: typeof db.transaction = (work, committed) => {
    if (isClosed) return Promise.reject(new Error(`the ledger ${db.name} is closed`));
    return db.transaction(work, committed);
  };

  /** The run, locked until the end of the transaction; `undefined` if it has another version. */
  const atVersion = (execute: Execute, id: string, version: number) => {
    const { sql, values } = recordSql("r.id = ? AND r.version = ?", id, version);
    return one(execute, { sql: `${sql} FOR UPDATE OF r`, values });
  };
  /** The run, if its last write is this one. */
  const written = async (id: string, write: string): Promise<{ result: RunRecord } | undefined> => {
    const row = await one(db.read, recordSql("r.id = ? AND r.last_write = ?", id, write));
    return row && { result: fromRow(row) };
  };

  /** Run statements as one transaction, in one way to the server. @param committed see {@link PostgresDatabase.once} */
  const once = async <T>(
    statements: readonly Sql[],
    answer: (rows: Rows) => T,
    committed: () => Promise<{ result: T } | undefined>,
  ): Promise<T> => {
    if (isClosed) throw new Error(`the ledger ${db.name} is closed`);
    const all = statements.map((each) => ({ sql: inPostgres(each, db.table), values: each.values.map(cleanValue) }));
    return db.once(all, ({ rows }) => answer(rows), committed);
  };

  const changeOnce = async (id: string, version: number, change: OneAttemptChange, soon = false): Promise<RunRecord | undefined> => {
    const write = uuid();
    const record = await once<RunRecord | undefined>(
      [changeSql(id, version, change, { write, channel, soon })],
      ([row]) => row && fromRow(row as unknown as LedgerRunRow),
      () => written(id, write),
    );
    // Its first try may have got no answer, and still have come later than the question about it.
    return record ?? (await written(id, write))?.result;
  };

  /** In a transaction, because what it writes depends on the attempt before. */
  const nextAttempt = (id: string, version: number, change: RunChange): Promise<RunRecord | undefined> => {
    const write = uuid();
    return transaction(
      async (execute) => {
        const before = await atVersion(execute, id, version);
        if (!before) return undefined;
        const { after, writes } = changeWrites(before, change, { last_write: write });
        const parts = writes.map((each) => ("insert" in each ? writeSql({ ...each, row: ownRow(each) }) : writeSql(each)));
        const values = [...parts.flatMap((each) => each.values), channel, before.stack];
        const sql = `WITH ${parts.map((each, n) => `w${n} AS (${each.sql})`).join(", ")} SELECT pg_notify(?, ?)`;
        await by(execute)({ sql, values });
        return fromRow({ ...after, state_message: cleanText(after.state_message) });
      },
      () => written(id, write),
    );
  };

  /** The locks of the places whose slots are limited: the pool always before the deployment, so that no two wait for each other. */
  const lockSql = (row: SlotPlace, limits: SlotLimits): Sql[] => {
    const of: string[][] = [];
    if (limits.pool !== null || limits.queue !== null) of.push(["pool", row.stack, row.work_pool]);
    if (limits.deployment !== null) of.push(["deployment", row.stack, row.deployment]);
    return of.map(([kind = "", ...names]) => ({
      sql: "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))",
      values: [JSON.stringify([db.table(kind), ...names])],
    }));
  };

  /** Its first try may have got no answer, and still have come later than the question about it. */
  const changedUnlessBy = async (id: string, write: string): Promise<SlotAnswer> => {
    const found = await written(id, write);
    return found ? { kind: "acquired", record: found.result } : { kind: "changed" };
  };

  /** @returns `undefined` if the place was locked for too long */
  const takeSlot = async (
    before: LedgerRunRow,
    { limits, counts, write }: { limits: SlotLimits; counts: Sql; write: string },
    change: OneAttemptChange,
  ): Promise<SlotAnswer | undefined> => {
    try {
      return await once<SlotAnswer>(
        [...ONE_AFTER_ANOTHER, ...lockSql(before, limits), slotSql(before, limits, counts, change, { write, channel })],
        ([row = {}]) => {
          if (row.id !== null) return { kind: "acquired", record: fromRow(row as unknown as LedgerRunRow) };
          return (Number(row.there) === 1 && fullOf(row, limits)) || { kind: "changed" };
        },
        async () => {
          const found = await written(before.id, write);
          return found && { result: { kind: "acquired", record: found.result } };
        },
      );
    } catch (error) {
      if (isLockTimeout(error)) return undefined;
      throw error;
    }
  };

  /** @returns whether it is written */
  const createOnce = ({ run }: NewRun, statements: readonly Sql[], write: string): Promise<boolean> =>
    once(
      statements,
      (rows) => rows.length > 0,
      async () => ((await written(run.id, write)) ? { result: true } : undefined),
    );

  /** @returns `false` if nothing was written: the slots are full, an earlier run exists, or the lock timed out */
  const createWithSlot = async (given: NewRun, slot: FirstSlot, write: string): Promise<boolean> => {
    const place = slotPlaceOf(given.run);
    const counts = takenSql(place, slot.limits);
    if (!counts) return createOnce(given, [createSql(given, { write, channel }, slot)], write);
    // Who finds it full needs no lock for that.
    if (fullOf((await read(counts)).rows[0], slot.limits)) return false;
    const create = createSql(given, { write, channel }, slot, counts);
    try {
      return await createOnce(given, [...ONE_AFTER_ANOTHER, ...lockSql(place, slot.limits), create], write);
    } catch (error) {
      if (isLockTimeout(error)) return false;
      throw error;
    }
  };

  const readNote = async (key: string) => (await read(noteSql(key))).rows[0]?.value as string | undefined;
  const swapNote = async (key: string, before: string | undefined, after: string | undefined): Promise<boolean> => {
    if (before === undefined && after === undefined) return (await readNote(key)) === undefined;
    return transaction(
      async (execute) => {
        const isDone = (await by(execute)(swapSql(key, before, after))).rowCount === 1;
        if (isDone && key.startsWith(PAUSES)) await execute("SELECT pg_notify($1, '')", [channel]);
        return isDone;
      },
      // A note that has the new value now got it from this write, unless another one wrote the same.
      async () => ((await readNote(key)) === after ? { result: true } : undefined),
    );
  };

  const clock = databaseClock(async () => {
    const { rows } = await db.read("SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now");
    return Number(rows[0]?.now);
  });

  return {
    ...ledgerReads(
      async (sql) => {
        // Whoever then writes what it decided knows the time.
        await clock.measure();
        return (await read(sql)).rows;
      },
      { on_server: "s.on_server", host: "r.host", apart: true },
    ),

    createRun: async (given, slot) => {
      const { run } = given;
      const write = uuid();
      if (slot && (await createWithSlot(given, slot, write))) return { record: newRecord(given, slot.change), created: true };
      if (await createOnce(given, [createSql(given, { write, channel })], write)) return { record: newRecord(given), created: true };
      const row = await one(db.read, earlierSql(run));
      if (!row) throw new Error(`run ${run.id} has the id of an earlier run with another idempotency key`);
      // Its first try may have got no answer, and still have come later than the question about it.
      return { record: fromRow(row), created: (row as LedgerRunRow & { last_write?: string }).last_write === write };
    },

    change: (id, version, change, durable = "now") =>
      change.nextAttempt ? nextAttempt(id, version, change) : changeOnce(id, version, change, durable === "soon"),

    acquireSlot: async (id, version, limits, change) => {
      const isLimited = limits.pool !== null || limits.queue !== null || limits.deployment !== null;
      if (!isLimited) {
        const record = await changeOnce(id, version, change);
        return record ? { kind: "acquired", record } : { kind: "changed" };
      }
      const write = uuid();
      for (;;) {
        const before = await one(db.read, recordSql("r.id = ? AND r.version = ?", id, version));
        if (!before) return changedUnlessBy(id, write);
        const counts = takenSql(before, limits) as Sql;
        // Most who wait find it full: they need no lock for that.
        const full = fullOf((await read(counts)).rows[0], limits);
        if (full) return full;
        const answer = await takeSlot(before, { limits, counts, write }, change);
        if (answer) return answer.kind === "changed" ? changedUnlessBy(id, write) : answer;
      }
    },

    changeDeployments: async (stack, change) => {
      const all = deploymentsSql(stack, change);
      if (all.length === 0) return;
      await transaction(async (execute) => {
        for (const each of all) await by(execute)(each);
        await execute("SELECT pg_notify($1, $2)", [channel, stack]);
      });
    },

    swapNote,
    changeNote: async (key, change) => {
      for (;;) {
        const before = await readNote(key);
        const after = change(before);
        if (after === before || (await swapNote(key, before, after))) return after;
      }
    },

    checkWritable: () =>
      db.once(
        writeRightsSql(db.table).map((sql) => ({ sql, values: [] })),
        () => {},
        // Repeating them is always right.
        async () => undefined,
      ),

    clock: () => clock.now().getTime(),
    measureTime: () => clock.measure(),

    shared: {
      leases: postgresLeases(db),
      now: () => clock.now(),
      measureTime: () => clock.measure(),
      watch: (onChange) => {
        const feed = openChangeFeed(db, channel, onChange);
        feeds.add(feed);
        return feed;
      },
    },

    close: () => {
      isClosed = true;
      for (const feed of feeds) feed.close();
      db.close();
    },
  };
}

/** The notes that say which pools are paused. */
const PAUSES = "paused-pool/";

/**
 * Before a lock of a slot. Each statement must see what others committed before it got the lock; and whoever waits for long asks first
 * whether there is still room.
 */
const ONE_AFTER_ANOTHER: Sql[] = [
  { sql: "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", values: [] },
  { sql: "SET LOCAL lock_timeout = '5s'", values: [] },
];

/** Postgres stores no NUL in text. */
function cleanText<T>(value: T): T {
  return (typeof value === "string" ? value.replaceAll("\0", "\u{fffd}") : value) as T;
}
const cleanValue = (value: PostgresValue): PostgresValue => cleanText(value);
