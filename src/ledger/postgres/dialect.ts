import type { Sql } from "../listing";

/**
 * A statement of the ledger, which is written in SQLite's words, in those of Postgres. It names the tables in full, and compares texts as
 * SQLite does: only the case of ASCII letters does not matter.
 */
export function inPostgres({ sql }: Sql, table: (name: string) => string): string {
  const known = translated.get(table)?.get(sql);
  if (known !== undefined) return known;
  let n = 0;
  const text = sql
    .replaceAll(/(r\.\w+) LIKE \?/g, 'lower($1 COLLATE "C") LIKE lower(?::text COLLATE "C")')
    .replaceAll("CROSS JOIN runs r ON", "JOIN runs r ON")
    .replaceAll("IN (SELECT value FROM json_each(?))", "IN (SELECT jsonb_array_elements_text(?::jsonb))")
    .replaceAll("json_each(?) given", "jsonb_array_elements(?::jsonb) AS given (value)")
    .replaceAll(
      /\b(FROM|JOIN|INTO|UPDATE) (runs|run_tags|submissions|transitions|deployments|notes)\b/g,
      (_, word, name) => `${word} ${table(name)}`,
    )
    .replaceAll("?", () => {
      n += 1;
      return `$${n}`;
    });
  const all = translated.get(table) ?? new Map<string, string>();
  translated.set(table, all.set(sql, text));
  return text;
}

const translated = new WeakMap<(name: string) => string, Map<string, string>>();
