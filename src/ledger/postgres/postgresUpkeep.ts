import { upgradeHint } from "../../origin";
import { UserError } from "../../userError";
import type { LedgerAddress } from "../ledgerAddress";
import { countsOf, countsSql, PRUNE_BATCH, type PruneReport, type PruneRequest, prunable, RUN_TABLES, type Upkeep } from "../upkeep/upkeep";
import { openPostgresDatabase } from "./database";
import { POSTGRES_MIGRATIONS } from "./postgresMigrations";

/**
 * The care of a ledger in Postgres.
 * @param warn gets what the user should know about the connection
 * @throws {UserError} if the URL is invalid
 */
export function openPostgresUpkeep({ url, schema, from }: LedgerAddress, warn: (message: string) => void): Upkeep & { name: string } {
  const db = openPostgresDatabase(url, schema, { migrates: false, warn, ...(from === undefined ? {} : { from }) });
  const runs = db.table("runs");
  const count = async (request: PruneRequest) =>
    Number((await db.read(`SELECT count(*) AS n FROM ${runs} WHERE ${prunable(request, "$1")}`, [request.before])).rows[0]?.n);

  async function removeBatch(request: PruneRequest, after: string): Promise<string[]> {
    return db.transaction(async (execute) => {
      const sql = `SELECT id FROM ${runs} WHERE id > $1 AND ${prunable(request, "$2")} ORDER BY id LIMIT ${PRUNE_BATCH} FOR UPDATE`;
      const ids = (await execute(sql, [after, request.before])).rows.map(({ id }) => String(id));
      for (const [table, column] of RUN_TABLES) await execute(`DELETE FROM ${db.table(table)} WHERE ${column} = ANY($1)`, [ids]);
      return ids;
    });
  }

  /** @throws {UserError} if the tables have another version: then it is not known what belongs to a run */
  function checkVersion(version: number): void {
    const newest = POSTGRES_MIGRATIONS.length;
    if (version === newest) return;
    throw new UserError(
      version > newest
        ? `the ledger ${db.name} was written by a newer pushpool (its version is ${version}, this one supports up to ${newest}): to upgrade, ${upgradeHint()}. It was not changed`
        : `the ledger ${db.name} has version ${version}, and this pushpool needs ${newest}: run \`pushpool ledger migrate\` first`,
      5,
    );
  }

  async function prune(request: PruneRequest): Promise<PruneReport> {
    const version = await db.version();
    if (version === 0) return { runs: 0, keptForKey: 0 };
    checkVersion(version);
    const wanted = await count(request);
    const keptForKey = (await count({ ...request, withKeys: true })) - wanted;
    if (request.dryRun) return { runs: wanted, keptForKey };
    let removed = 0;
    for (let after = ""; ; ) {
      const ids = await removeBatch(request, after);
      const last = ids.at(-1);
      if (last === undefined) return { runs: removed, keptForKey };
      removed += ids.length;
      after = last;
    }
  }

  return {
    name: db.name,
    facts: async () => {
      const version = await db.version();
      const sized = `SELECT COALESCE(sum(pg_total_relation_size(c.oid)), 0) AS size FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind = 'r'`;
      return {
        version,
        newest: POSTGRES_MIGRATIONS.length,
        size: Number((await db.read(sized, [db.schema])).rows[0]?.size),
        ...(version === POSTGRES_MIGRATIONS.length ? { counts: countsOf((await db.read(countsSql(db.table))).rows[0]) } : {}),
      };
    },
    migrate: () => db.migrate(),
    prune,
    close: () => db.close(),
  };
}
