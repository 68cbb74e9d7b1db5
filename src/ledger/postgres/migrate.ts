import type { Pool, PoolClient } from "pg";
import { upgradeHint } from "../../origin";
import { UserError } from "../../userError";
import { isNotThere } from "./postgresFaults";
import { POSTGRES_MIGRATIONS } from "./postgresMigrations";
import { inTransaction } from "./transaction";

/** The version of a schema; 0: it has no ledger. */
export async function versionIn(client: Pool | PoolClient, schema: string): Promise<number> {
  try {
    return Number((await client.query(`SELECT version FROM "${schema}".version`)).rows[0]?.version ?? 0);
  } catch (error) {
    if (isNotThere(error)) return 0;
    throw error;
  }
}

/**
 * Make or migrate a schema. Two clients at once take turns: the lock lasts until the end of the transaction.
 * @param name the ledger's URL without its password
 * @returns the version before
 * @throws {UserError} if its version is newer (exit code 5; nothing is changed), or if this role may not change it
 */
export async function migrate(pool: Pool, schema: string, name: string): Promise<number> {
  const check = (version: number) => {
    if (version <= POSTGRES_MIGRATIONS.length) return version;
    throw new UserError(
      `the ledger ${name} was written by a newer pushpool (its version is ${version}, this one supports up to ${POSTGRES_MIGRATIONS.length}): to upgrade, ${upgradeHint()}. It was not changed`,
      5,
    );
  };
  const before = check(await versionIn(pool, schema));
  if (before === POSTGRES_MIGRATIONS.length) return before;
  try {
    await inTransaction(pool, async (execute) => {
      await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`pushpool migration ${schema}`]);
      // CREATE SCHEMA needs its right even where the schema exists.
      if ((await execute("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema])).rows.length === 0)
        await execute(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
      await execute(`SET LOCAL search_path TO "${schema}"`);
      await execute("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)");
      const version = check(Number((await execute("SELECT version FROM version")).rows[0]?.version ?? 0));
      for (const migration of POSTGRES_MIGRATIONS.slice(version)) await execute(migration);
      await execute("DELETE FROM version");
      await execute("INSERT INTO version (version) VALUES ($1)", [POSTGRES_MIGRATIONS.length]);
    });
  } catch (error) {
    if ((error as { code?: string }).code !== "42501") throw error;
    const what =
      before === 0 ? `has no tables in schema "${schema}"` : `has version ${before}, and this pushpool needs ${POSTGRES_MIGRATIONS.length}`;
    throw new UserError(
      `the ledger ${name} ${what}, and the role may not change that: it needs CREATE on the database. Run \`pushpool ledger migrate\` with the URL of a role that has it, once`,
      5,
    );
  }
  return before;
}
