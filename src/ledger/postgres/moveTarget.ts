import type { LedgerAddress } from "../ledgerAddress";
import { openPostgresDatabase } from "./database";
import { readSharedDigestKey, storeDigestKey } from "./openShared";

/** A row of a table, by column. */
export type MovedRow = Record<string, string | number | null>;

/** The database that a ledger moves to. */
export interface MoveTarget {
  /** The URL without its password. */
  name: string;
  schema: string;
  /**
   * Add rows; those that are there already stay as they are.
   * @param key the columns of the primary key
   * @returns how many of them are there now
   */
  put(table: string, key: readonly string[], rows: readonly MovedRow[]): Promise<number>;
  /** Which of these keys other runs have there. @returns them as `stack`, `deployment` and `idempotency_key` in JSON */
  takenKeys(rows: readonly MovedRow[]): Promise<Set<string>>;
  /** Use this key for the digests of secrets, if the database has none yet. @returns whether it uses this key */
  offerDigestKey(key: Buffer): Promise<boolean>;
  close(): void;
}

/** @throws {UserError} if the URL is invalid; later, if the database cannot be used */
export function moveTarget({ url, schema, from }: LedgerAddress, warn: (message: string) => void): MoveTarget {
  const db = openPostgresDatabase(url, schema, { warn, ...(from === undefined ? {} : { from }) });

  return {
    name: db.name,
    schema: db.schema,
    put: async (table, key, rows) => {
      const [first] = rows;
      if (!first) return 0;
      const columns = Object.keys(first);
      const joined = key.map((column) => `t.${column} = given.${column}`).join(" AND ");
      // One parameter for the whole batch: Postgres takes at most 65,535.
      const given = `jsonb_populate_recordset(NULL::${db.table(table)}, $1::jsonb)`;
      const batch = JSON.stringify(rows.map(storable));
      await db.transaction((execute) =>
        execute(
          `INSERT INTO ${db.table(table)} (${columns.join(", ")}) SELECT ${columns.join(", ")} FROM ${given}
            ON CONFLICT (${key.join(", ")}) DO NOTHING`,
          [batch],
        ),
      );
      const counted = `SELECT count(*) AS n FROM ${given} AS given JOIN ${db.table(table)} t ON ${joined}`;
      return Number((await db.read(counted, [batch])).rows[0]?.n);
    },
    takenKeys: async (rows) => {
      const sql = `SELECT t.stack, t.deployment, t.idempotency_key FROM jsonb_populate_recordset(NULL::${db.table("runs")}, $1::jsonb) given
        JOIN ${db.table("runs")} t ON t.stack = given.stack AND t.deployment = given.deployment
        AND t.idempotency_key = given.idempotency_key AND t.id <> given.id`;
      const found = (await db.read(sql, [JSON.stringify(rows.map(storable))])).rows;
      return new Set(found.map(keyOf));
    },
    offerDigestKey: async (key) => {
      await storeDigestKey(db, key);
      return (await readSharedDigestKey(db)) === key.toString("hex");
    },
    close: () => db.close(),
  };
}

/** The place of a run's idempotency key. */
export function keyOf({ stack, deployment, idempotency_key }: Record<string, unknown>): string {
  return JSON.stringify([stack, deployment, idempotency_key]);
}

/** Postgres stores no NUL in text. */
function storable(row: MovedRow): MovedRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === "string" ? value.replaceAll("\0", "\u{fffd}") : value]),
  );
}
