import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { alone } from "../pythonVenv";

/**
 * The database of a new Prefect server, after its migrations and with the block types that come with it. A server that starts with a copy
 * needs half the processor time of one that makes its own. It is beside the venv, so it is made once for each version.
 * @param start starts a server of the venv with this home folder
 */
export async function migratedDatabase(venv: string, start: (home: string) => Promise<{ stop(): Promise<void> }>): Promise<string> {
  const database = join(venv, "new-server.db");
  if (existsSync(database)) return database;
  await alone(`${database}.lock`, async () => {
    if (existsSync(database)) return;
    const home = mkdtempSync(join(tmpdir(), "pushpool-prefect-new-"));
    const { stop } = await start(home);
    try {
      copyDatabase(join(home, "prefect.db"), `${database}.${process.pid}`);
      renameSync(`${database}.${process.pid}`, database);
    } finally {
      await stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
  return database;
}

/** Copy a database that a process may be using, without its log. */
function copyDatabase(from: string, to: string): void {
  const database = new DatabaseSync(from, { timeout: 60_000 });
  try {
    database.prepare("VACUUM INTO ?").run(to);
  } finally {
    database.close();
  }
}
