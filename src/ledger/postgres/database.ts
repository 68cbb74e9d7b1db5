import type { Client, Pool, QueryResult } from "pg";
import type { LedgerSource } from "../ledgerAddress";
import { type Connected, connectPool } from "./connect";
import { checkSchema, readLedgerUrl } from "./ledgerUrl";
import { migrate, versionIn } from "./migrate";
import { openPatience } from "./patience";
import { asUserError, isAmbiguous, isConflict } from "./postgresFaults";
import { type Execute, inOneMessage, inTransaction, type PostgresValue } from "./transaction";

export type { Execute, PostgresValue } from "./transaction";

/** How often a transaction that met another one is repeated. */
const MAX_TRIES = 8;

/** One Postgres database, with the ledger's schema. It keeps no state in a session, so that pgbouncer may pool its transactions. */
export interface PostgresDatabase {
  /** The URL without its password, for messages. */
  name: string;
  /** Run one statement that only reads. It is repeated if its connection broke. */
  read: Execute;
  /**
   * Run several statements as one transaction (READ COMMITTED). It is repeated if it met another one, or if its connection broke before
   * its end; so `work` must only read and write the database.
   * @param committed reads whether it was committed, if the connection broke during its COMMIT: then its result, else `undefined`, and it
   * is repeated. Absent: repeating it has the same result.
   */
  transaction<T>(work: (execute: Execute) => Promise<T>, committed?: () => Promise<{ result: T } | undefined>): Promise<T>;
  /**
   * Run statements as one transaction (READ COMMITTED), for which the server is asked once: none of them uses an answer of an earlier one.
   * @param committed reads whether it was committed, if the connection broke: then its result, else `undefined`, and it is repeated
   * @returns what the last one answers
   */
  once<T>(
    statements: readonly { sql: string; values: readonly PostgresValue[] }[],
    answer: (last: QueryResult) => T,
    committed: () => Promise<{ result: T } | undefined>,
  ): Promise<T>;
  /** A new connection of its own, outside the pool, whose session may have state. Its user ends it. */
  connection(): Promise<Client>;
  /** The version of the schema's tables; 0: it has none. */
  version(): Promise<number>;
  /** Make or migrate the schema. @returns the version before */
  migrate(): Promise<number>;
  /** The schema. */
  schema: string;
  /** The schema's tables are named in full: with a pooler, `search_path` may not last. */
  table(name: string): string;
  close(): void;
}

/** How to open a database. */
export interface DatabaseOptions {
  /** Whether to make or migrate the schema. If not, it is used as it is. @default true */
  migrates?: boolean;
  /** Gets what the user should know about the connection. @default nothing */
  warn?: (message: string) => void;
  /** What named the database, for messages. */
  from?: LedgerSource;
}

/**
 * Open a database. It connects at the first statement, and makes or migrates the schema.
 * @param given its own schema, unless the URL has one. @default "pushpool"
 * @throws {UserError} if the URL or the schema is invalid
 */
export function openPostgresDatabase(
  text: string,
  given?: string,
  { migrates = true, warn = () => {}, from }: DatabaseOptions = {},
): PostgresDatabase {
  const url = readLedgerUrl(text, process.env, from);
  const { name, schema = given ?? "pushpool" } = url;
  checkSchema(schema, from);
  const called = from === undefined ? name : `${name}, which ${from} names,`;
  const patience = openPatience(name, warn);
  let opening: Promise<Connected> | undefined;
  let closed = false;

  const connected = (): Promise<Connected> => {
    if (closed) return Promise.reject(new Error(`the ledger ${name} is closed`));
    opening ??= connectPool(
      url,
      async (pool) => {
        await (migrates ? migrate(pool, schema, called) : versionIn(pool, schema));
      },
      warn,
    );
    // After a failure the next statement tries again.
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };

  /** @param committed reads whether a transaction was committed whose COMMIT got no answer */
  async function persistently<T>(work: (pool: Pool) => Promise<T>, committed?: () => Promise<{ result: T } | undefined>): Promise<T> {
    const began = Date.now();
    for (let tries = 1; ; tries += 1) {
      try {
        const { pool } = await connected();
        patience.connected();
        const result = await work(pool);
        patience.answered();
        return result;
      } catch (error) {
        const done = isAmbiguous(error) ? await committed?.() : undefined;
        if (done) return done.result;
        if (isConflict(error) && tries < MAX_TRIES) continue;
        if (!(await patience.wait(error, tries, began))) throw asUserError(error, called);
      }
    }
  }

  async function connection(): Promise<Client> {
    const client = (await connected()).client();
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  return {
    name,
    schema,
    connection: async () => {
      try {
        return await connection();
      } catch (error) {
        throw asUserError(error, called);
      }
    },
    read: (sql, values = []) => persistently((pool) => pool.query(sql, values as unknown[])),
    transaction: (work, committed) => persistently((pool) => inTransaction(pool, work), committed),
    once: (statements, answer, committed) => persistently(async (pool) => answer(await inOneMessage(pool, statements)), committed),
    version: () => persistently((pool) => versionIn(pool, schema)),
    migrate: () => persistently((pool) => migrate(pool, schema, called)),
    table: (table) => `"${schema}".${table}`,
    close: () => {
      if (closed) return;
      closed = true;
      opening?.then(({ pool }) => pool.end()).catch(() => {});
    },
  };
}
