import type { Pool, QueryResult } from "pg";
import { driver } from "./connect";
import { isBroken } from "./postgresFaults";

/** A value of a statement, or of a row. */
export type PostgresValue = string | number | null | readonly string[] | readonly number[];
/** Runs one statement, with `$1`, `$2` … for the values. */
export type Execute = (sql: string, values?: readonly PostgresValue[]) => Promise<QueryResult>;

/**
 * A client that is stopped, or cut off without a word, must not hold its locks: after a while the server ends its transaction. `LOCAL`,
 * because a pooler gives the session to others.
 */
const BEGIN = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'";

/** Run statements as one transaction. If its connection breaks during the COMMIT, the error says `isAmbiguous`. */
export async function inTransaction<T>(pool: Pool, work: (execute: Execute) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // It may break between two statements, too.
  const onError = (error: Error) => {
    broken = error;
  };
  client.on("error", onError);
  let isCommitting = false;
  try {
    await client.query(BEGIN);
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
    if (isBroken(error as Error)) broken = error as Error;
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

/**
 * Run statements as one transaction, in one message. A single one has its values beside it. If the connection breaks, the error says
 * `isAmbiguous`.
 * @returns what the last one answers
 */
export async function inOneMessage(
  pool: Pool,
  statements: readonly { sql: string; values: readonly PostgresValue[] }[],
): Promise<QueryResult> {
  try {
    const [first, ...rest] = statements;
    if (first && rest.length === 0) return await pool.query(first.sql, first.values as unknown[]);
    const { escapeLiteral } = await driver();
    const literal = (value: PostgresValue | undefined): string => {
      if (value === null || value === undefined) return "NULL";
      return typeof value === "number" ? String(value) : escapeLiteral(String(value));
    };
    const text = statements.map(({ sql, values }) => sql.replaceAll(/\$(\d+)/g, (_, n) => literal(values[Number(n) - 1]))).join(";\n");
    // Without a BEGIN, so that a failure leaves no transaction open.
    const results = (await pool.query(text)) as unknown as QueryResult[];
    return results.at(-1) as QueryResult;
  } catch (error) {
    throw isBroken(error as Error) ? Object.assign(error as Error, { isAmbiguous: true }) : error;
  }
}
