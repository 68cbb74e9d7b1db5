import type { Leases } from "../ledger";
import type { PostgresDatabase } from "./database";

/** The leases of a ledger's processes, one row each. All times are the database's. A statement may be repeated. */
export function postgresLeases({ read, table }: Pick<PostgresDatabase, "read" | "table">): Leases {
  const leases = table("leases");
  return {
    begin: async (name, host, seconds) => {
      // It removes what a killed process left, and nobody asked about.
      await read(
        `WITH old AS (DELETE FROM ${leases} WHERE expires_at < clock_timestamp() - interval '1 day')
          INSERT INTO ${leases} (name, host, seconds, expires_at) VALUES ($1, $2, $3::int, clock_timestamp() + $3::int * interval '1 second')
          ON CONFLICT (name) DO NOTHING`,
        [name, host, seconds],
      );
    },
    renew: async (name) => {
      const sql = `UPDATE ${leases} SET expires_at = clock_timestamp() + seconds * interval '1 second' WHERE name = $1`;
      return (await read(sql, [name])).rowCount === 1;
    },
    end: async (name) => {
      await read(`DELETE FROM ${leases} WHERE name = $1`, [name]);
    },
    holds: async (name) => {
      const { rows } = await read(`SELECT expires_at < clock_timestamp() AS over FROM ${leases} WHERE name = $1`, [name]);
      if (rows.length === 0) return false;
      if (rows[0]?.over !== true) return true;
      // Its holder may renew it at the same time: one of the two statements finds the row as the other left it.
      await read(`DELETE FROM ${leases} WHERE name = $1 AND expires_at < clock_timestamp()`, [name]);
      return (await read(`SELECT 1 FROM ${leases} WHERE name = $1`, [name])).rows.length > 0;
    },
  };
}
