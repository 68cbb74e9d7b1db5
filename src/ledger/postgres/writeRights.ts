/** The tables into which runs write rows. */
const INSERTED = ["runs", "transitions", "submissions", "run_tags", "notes", "leases"];
/** The tables whose rows runs change, each with one of its columns. */
const UPDATED = { runs: "version", submissions: "cleaned_at", notes: "value", leases: "seconds" };

/**
 * Statements that change nothing, and need the same rights as those of runs, on a server that takes writes.
 * @param table the full name of a table
 */
export function writeRightsSql(table: (name: string) => string): string[] {
  return [
    ...INSERTED.map((name) => `INSERT INTO ${table(name)} SELECT * FROM ${table(name)} WHERE FALSE`),
    ...Object.entries(UPDATED).map(([name, column]) => `UPDATE ${table(name)} SET ${column} = ${column} WHERE FALSE`),
  ];
}
