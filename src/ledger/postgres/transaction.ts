import type { Pool, QueryResult } from "pg";
import { isBroken } from "./postgresFaults";

/** A value of a statement, or of a row. */
export type PostgresValue = string | number | null | readonly string[] | readonly number[];
/** Runs one statement, with `$1`, `$2` … for the values. */
export type Execute = (sql: string, values?: readonly PostgresValue[]) => Promise<QueryResult>;

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
