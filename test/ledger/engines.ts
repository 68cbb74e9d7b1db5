import { join } from "node:path";
import { type Ledger, openSqliteLedger } from "../../src/ledger";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { newSchema, sharedPostgres } from "./postgresServer";

/** The engines of the ledger, for tests of code that uses it. */
export const ENGINES = ["SQLite", "Postgres"] as const;
export type EngineName = (typeof ENGINES)[number];

/** A ledger that does not exist yet: a path, or a URL and a schema with a blank between them. Also for other processes. */
export type LedgerAddress = string;

/** @param home the folder that has the SQLite file */
export async function newLedger(engine: EngineName, home: string): Promise<LedgerAddress> {
  return engine === "SQLite" ? join(home, "ledger.db") : `${await sharedPostgres()} ${newSchema()}`;
}

export function openAt(address: LedgerAddress): Ledger {
  const [at = "", schema] = address.split(" ");
  return schema === undefined ? openSqliteLedger(address) : openPostgresLedger(at, { schema });
}
