import { randomBytes } from "node:crypto";
import type { LedgerAddress, OpenedLedger } from "../ledgerAddress";
import { openPostgresDatabase, type PostgresDatabase } from "./database";
import { postgresLedgerOver } from "./postgresLedger";

/**
 * Open the ledger that a team shares. It connects at the first use.
 * @param options.warn gets what the user should know about the connection
 * @throws {UserError} if its URL or its schema is invalid
 */
export function openSharedLedger({ url, schema, from }: LedgerAddress, options: { warn?: (message: string) => void } = {}): OpenedLedger {
  const db = openPostgresDatabase(url, schema, { ...options, ...(from === undefined ? {} : { from }) });
  let key: Promise<Buffer> | undefined;
  return {
    ledger: postgresLedgerOver(db),
    name: db.name,
    digestKey: () => {
      key ??= digestKeyOf(db);
      key.catch(() => {
        key = undefined;
      });
      return key;
    },
  };
}

/**
 * The key of the digests of secrets, which all clients share: otherwise a run that one machine records could not be submitted by another
 * one. The first client that needs it makes it.
 */
async function digestKeyOf(db: PostgresDatabase): Promise<Buffer> {
  const known = await readSharedDigestKey(db);
  if (known !== undefined) return Buffer.from(known, "hex");
  await storeDigestKey(db, randomBytes(32));
  return Buffer.from((await readSharedDigestKey(db)) as string, "hex");
}

/** @returns the key in hexadecimal; `undefined` if there is none yet */
export async function readSharedDigestKey(db: PostgresDatabase): Promise<string | undefined> {
  return (await db.read(`SELECT key FROM ${db.table("digest_key")}`)).rows[0]?.key as string | undefined;
}

/** Store a key, unless there is one. Repeating it changes nothing, so an unanswered COMMIT needs no question. */
export async function storeDigestKey(db: PostgresDatabase, key: Buffer): Promise<void> {
  const sql = `INSERT INTO ${db.table("digest_key")} (key) VALUES ($1) ON CONFLICT DO NOTHING`;
  await db.transaction((execute) => execute(sql, [key.toString("hex")]));
}
