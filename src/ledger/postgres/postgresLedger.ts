import { setTimeout as sleep } from "node:timers/promises";
import { v4 as uuid } from "uuid";
import { isTerminal } from "../../model/flowRun";
import type { Ledger, RunChange, RunRecord, SlotAnswer, SlotLimits } from "../ledger";
import type { Sql } from "../listing";
import { earlierSql, ledgerReads, noteSql, recordSql } from "../reads";
import { fromRow, type Row, type RunRow } from "../rows";
import { changeWrites, deploymentsSql, fullOf, newRunWrites, swapSql, takenSql, type Write, writeSql } from "../writes";
import { channelOf, openChangeFeed } from "./changeFeed";
import { databaseClock } from "./clock";
import { type Execute, openPostgresDatabase, type PostgresDatabase, type PostgresValue } from "./database";
import { inPostgres } from "./dialect";
import { postgresLeases } from "./leases";

/** How often to try for the lock of a slot before waiting in line for it. */
const LOCK_TRIES = 40;
/** The pause between two tries, in milliseconds: a random time up to this. */
const LOCK_PAUSE = 25;

/**
 * The ledger in a Postgres database, shared by all processes on all machines that have its URL. It connects at the first use, and makes
 * its schema then.
 *
 * A write is one transaction in READ COMMITTED: it locks the row of its run, so that of several writers each sees what the one before it
 * wrote. Who takes a limited slot also locks the pool and the deployment, but only until the end of that transaction, and without waiting
 * in line for them: no transaction waits for another one that waits.
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
  const one = async (execute: Execute, sql: Sql) => (await by(execute)(sql)).rows[0] as unknown as RunRow | undefined;
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

  /**
   * All in one statement: each way to the server costs more than the writes.
   * @param tell the stack whose change others should hear of at once
   * @param soon the commit need not wait for the disk
   */
  const writeAll = async (execute: Execute, writes: readonly Sql[], { tell, soon = false }: { tell?: string; soon?: boolean } = {}) => {
    const parts = writes.map(({ sql }, n) => `w${n} AS (${sql})`);
    const values = writes.flatMap((each) => each.values);
    const last = ["1 AS done"];
    if (soon) last.push("set_config('synchronous_commit', 'off', true)");
    if (tell !== undefined) {
      last.push("pg_notify(?, ?)");
      values.push(channel, tell);
    }
    await by(execute)({ sql: `WITH ${parts.join(", ")} SELECT ${last.join(", ")}`, values });
  };

  const changed = async (execute: Execute, before: RunRow, change: RunChange, write: string, soon = false): Promise<RunRecord> => {
    const { after, writes } = changeWrites(before, change, { last_write: write });
    const isNews = change.state && (isTerminal(change.state) || change.state.type === "SCHEDULED" || change.state.type === "CANCELLING");
    await writeAll(execute, writes.map(asSql), { soon, ...(isNews ? { tell: before.stack } : {}) });
    return fromRow({ ...after, state_message: cleanText(after.state_message) });
  };

  /** @throws {Busy} if somebody else is taking a slot there, unless it waits */
  const lock = async (execute: Execute, row: RunRow, limits: SlotLimits, wait: boolean) => {
    const of: string[][] = [];
    if (limits.pool !== null || limits.queue !== null) of.push(["pool", row.stack, row.work_pool]);
    if (limits.deployment !== null) of.push(["deployment", row.stack, row.deployment]);
    // The pool always before the deployment: so no two wait for each other.
    const lock = wait ? "pg_advisory_xact_lock" : "pg_try_advisory_xact_lock";
    for (const [kind = "", ...names] of of) {
      const key = JSON.stringify([db.table(kind), ...names]);
      const { rows } = await execute(`SELECT ${lock}(hashtextextended($1, 0)) AS locked`, [key]);
      if (rows[0]?.locked === false) throw new Busy();
    }
  };

  /** @param before the run, if something limits it */
  const takeSlot = (
    id: string,
    version: number,
    { limits, before, wait }: { limits: SlotLimits; before: RunRow | undefined; wait: boolean },
    change: RunChange,
  ): Promise<SlotAnswer> => {
    const write = uuid();
    return transaction(
      async (execute): Promise<SlotAnswer> => {
        if (before) await lock(execute, before, limits, wait);
        const row = await atVersion(execute, id, version);
        if (!row) return { kind: "changed" };
        const full = await fullNow(execute, row, limits);
        return full ?? { kind: "acquired", record: await changed(execute, row, change, write) };
      },
      async () => {
        const found = await written(id, write);
        return found && { result: { kind: "acquired", record: found.result } };
      },
    );
  };
  const fullNow = async (execute: Execute, row: RunRow, limits: SlotLimits) => {
    const taken = takenSql(row, limits);
    return taken && fullOf((await by(execute)(taken)).rows[0], limits);
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

    createRun: (given) => {
      const { run, poolType, requestDigest, submission } = given;
      const write = uuid();
      const created = { record: { run, poolType, requestDigest, submission }, created: true };
      return transaction(
        async (execute) => {
          const [first, ...rest] = newRunWrites(given);
          const { sql, values } = asSql({ ...first, row: { ...first.row, last_write: write } });
          const { rowCount } = await by(execute)({ sql: `${sql} ON CONFLICT DO NOTHING`, values });
          if (rowCount === 0) {
            const row = await one(execute, earlierSql(run));
            if (row) return { record: fromRow(row), created: false };
            throw new Error(`run ${run.id} has the id of an earlier run with another idempotency key`);
          }
          // The next change of any run brings it to the disk too.
          await writeAll(execute, rest.map(asSql), { tell: run.stack, soon: true });
          return created;
        },
        async () => ((await written(run.id, write)) ? { result: created } : undefined),
      );
    },

    change: (id, version, change, durable = "now") => {
      const write = uuid();
      return transaction(
        async (execute) => {
          const row = await atVersion(execute, id, version);
          return row && changed(execute, row, change, write, durable === "soon");
        },
        () => written(id, write),
      );
    },

    acquireSlot: async (id, version, limits, change) => {
      for (let tries = 1; ; tries += 1) {
        const isLimited = takenSql({} as RunRow, limits) !== undefined;
        const before = isLimited ? await one(db.read, recordSql("r.id = ? AND r.version = ?", id, version)) : undefined;
        if (isLimited && !before) return { kind: "changed" };
        // Most who wait find it full: they need no lock for that.
        const full = before && (await fullNow(db.read, before, limits));
        if (full) return full;
        try {
          return await takeSlot(id, version, { limits, before, wait: tries > LOCK_TRIES }, change);
        } catch (error) {
          if (!(error instanceof Busy)) throw error;
          await sleep(Math.random() * LOCK_PAUSE);
        }
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

    clock: () => clock.now().getTime(),

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

/** The notes that tell which pools are paused. */
const PAUSES = "paused-pool/";

/** Somebody else is taking a slot in the same place. */
class Busy extends Error {}

/** A write as a statement. `submissions` here has a column that SQLite computes. */
function asSql(write: Write): Sql {
  if (!("insert" in write) || write.insert !== "submissions") return writeSql(write) as Sql;
  const { prefect } = JSON.parse(String(write.row.submission)) as { prefect?: unknown };
  const row: Row = { ...write.row, on_server: prefect === undefined || prefect === null ? 0 : 1 };
  return writeSql({ ...write, row }) as Sql;
}

/** Postgres stores no NUL in text. */
function cleanText<T>(value: T): T {
  return (typeof value === "string" ? value.replaceAll("\0", "\u{fffd}") : value) as T;
}
const cleanValue = (value: PostgresValue): PostgresValue => cleanText(value);
