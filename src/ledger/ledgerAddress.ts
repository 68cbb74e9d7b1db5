import type { Ledger } from "./ledger";

/** The environment variable that names the database of the ledger, over the manifest. */
export const LEDGER_URL = "PUSHPOOL_LEDGER_URL";

/** The setting that named a ledger in Postgres. */
export type LedgerSource = typeof LEDGER_URL | "the manifest" | "--to";

/** Where a ledger in Postgres is. */
export interface LedgerAddress {
  /** With its password. */
  url: string;
  /** @default the URL's `schema`, else "pushpool" */
  schema?: string;
  /** The setting that named it, for messages: there a user can correct it. */
  from?: LedgerSource;
}

/** A ledger, and what goes with it. */
export interface OpenedLedger {
  ledger: Ledger;
  /** The file or the URL, for people: without a password. */
  name: string;
  /** The key of its secrets' digests, if all its clients share one. Absent: each home has its own. */
  digestKey?: () => Promise<Buffer>;
}
