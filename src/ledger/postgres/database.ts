import type { Client, Pool, PoolClient, QueryResult } from "pg";
import { upgradeHint } from "../../origin";
import { UserError } from "../../userError";
import { checkSchema, readLedgerUrl } from "./ledgerUrl";
import { POSTGRES_MIGRATIONS } from "./migrations";
import { asUserError, isAmbiguous, isConflict, wasNotCommitted } from "./postgresFaults";

/** A value of a statement, or of a row. */
export type PostgresValue = string | number | null | readonly string[] | readonly number[];
/** Runs one statement, with `$1`, `$2` … for the values. */
export type Execute = (sql: string, values?: readonly PostgresValue[]) => Promise<QueryResult>;

/** How many connections one process uses at most. A managed database often has a hundred for all. */
const MAX_CONNECTIONS = 4;
/** How long to wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT = 15_000;
/** How long to wait for an answer, in milliseconds: a line that was cut without a word gives none. */
const ANSWER_TIMEOUT = 30_000;
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
  /** A new connection of its own, outside the pool, whose session may have state. Its user ends it. */
  connection(): Promise<Client>;
  /** The schema. */
  schema: string;
  /** The schema's tables are named in full: with a pooler, `search_path` may not last. */
  table(name: string): string;
  close(): void;
}

/**
 * Open a database. It connects at the first statement, and makes or migrates the schema.
 * @param given its own schema, unless the URL has one. @default "pushpool"
 */
export function openPostgresDatabase(url: string, given?: string): PostgresDatabase {
  const { name, schema = given ?? "pushpool" } = readLedgerUrl(url);
  checkSchema(schema);
  let opening: Promise<Pool> | undefined;
  let closed = false;

  const pool = (): Promise<Pool> => {
    if (closed) return Promise.reject(new Error(`the ledger ${name} is closed`));
    opening ??= connect();
    // After a failure the next statement tries again.
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };

  async function connect(): Promise<Pool> {
    const { Pool: PgPool } = await driver();
    const made = new PgPool({
      connectionString: url,
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      query_timeout: ANSWER_TIMEOUT,
      keepAlive: true,
      allowExitOnIdle: true,
      application_name: "pushpool",
    });
    // An idle connection that breaks is replaced by the next statement.
    made.on("error", () => {});
    try {
      await migrate(made, schema, name);
    } catch (error) {
      await made.end();
      throw error;
    }
    return made;
  }

  const translated = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asUserError(error, name);
    }
  };

  async function reading(sql: string, values: readonly PostgresValue[]): Promise<QueryResult> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await (await pool()).query(sql, values as unknown[]);
      } catch (error) {
        if (tries >= MAX_TRIES || !wasNotCommitted(error)) throw error;
      }
    }
  }

  async function transaction<T>(work: (execute: Execute) => Promise<T>, committed?: () => Promise<{ result: T } | undefined>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await inTransaction(await pool(), work);
      } catch (error) {
        if (isAmbiguous(error)) {
          const done = await committed?.();
          if (done) return done.result;
        } else if (!isConflict(error) && !wasNotCommitted(error)) throw error;
        if (tries >= MAX_TRIES) throw error;
      }
    }
  }

  async function connection(): Promise<Client> {
    const { Client: PgClient } = await driver();
    const client = new PgClient({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      query_timeout: ANSWER_TIMEOUT,
      keepAlive: true,
      application_name: "pushpool",
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  return {
    name,
    schema,
    connection: () => translated(connection),
    read: (sql, values = []) => translated(() => reading(sql, values)),
    transaction: (work, committed) => translated(() => transaction(work, committed)),
    table: (table) => `"${schema}".${table}`,
    close: () => {
      if (closed) return;
      closed = true;
      opening?.then((made) => made.end()).catch(() => {});
    },
  };
}

async function driver(): Promise<typeof import("pg")> {
  try {
    const loaded = await import("pg");
    return (loaded as unknown as { default?: typeof import("pg") }).default ?? loaded;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND" && (error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND")
      throw error;
    throw new UserError("a ledger in Postgres needs a package that is not installed: npm install pg");
  }
}

async function inTransaction<T>(pool: Pool, work: (execute: Execute) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Without a listener, a connection that breaks between two statements would end the process.
  const onError = (error: Error) => {
    broken = error;
  };
  client.on("error", onError);
  let isCommitting = false;
  try {
    await client.query("BEGIN");
    const result = await work((sql, values = []) => client.query(sql, values as unknown[]));
    isCommitting = true;
    await client.query("COMMIT");
    return result;
  } catch (error) {
    if (isCommitting) {
      broken = error as Error;
      throw Object.assign(error as Error, { isAmbiguous: true });
    }
    // Without an answer there will be none to this either.
    if (wasNotCommitted(error)) broken = error as Error;
    else
      await client.query("ROLLBACK").catch((failure: Error) => {
        broken = failure;
      });
    throw error;
  } finally {
    client.removeListener("error", onError);
    client.release(broken);
  }
}

/** Two clients at once take turns: the lock lasts until the end of the transaction. */
async function migrate(pool: Pool, schema: string, name: string): Promise<void> {
  const versionIn = async (client: Pool | PoolClient): Promise<number> => {
    const { rows } = await client.query("SELECT to_regclass($1) IS NOT NULL AS there", [`"${schema}".version`]);
    if (!rows[0]?.there) return 0;
    return Number((await client.query(`SELECT version FROM "${schema}".version`)).rows[0]?.version ?? 0);
  };
  const check = (version: number) => {
    if (version <= POSTGRES_MIGRATIONS.length) return version;
    throw new UserError(
      `the ledger ${name} was written by a newer pushpool (its version is ${version}, this one knows up to ${POSTGRES_MIGRATIONS.length}): to upgrade, ${upgradeHint()}`,
    );
  };
  if (check(await versionIn(pool)) === POSTGRES_MIGRATIONS.length) return;
  await inTransaction(pool, async (execute) => {
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`pushpool migration ${schema}`]);
    await execute(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await execute(`SET LOCAL search_path TO "${schema}"`);
    await execute("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)");
    const version = check(Number((await execute("SELECT version FROM version")).rows[0]?.version ?? 0));
    for (const migration of POSTGRES_MIGRATIONS.slice(version)) await execute(migration);
    await execute("DELETE FROM version");
    await execute("INSERT INTO version (version) VALUES ($1)", [POSTGRES_MIGRATIONS.length]);
  });
}
