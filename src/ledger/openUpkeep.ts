import { refuseMoved } from "./homeRecords";
import { IN_MEMORY, ledgerPath } from "./openDatabase";
import { type LedgerChoice, mayHaveRuns } from "./openLedger";
import { openSqliteUpkeep } from "./upkeep/sqliteUpkeep";
import type { Upkeep } from "./upkeep/upkeep";

/**
 * Open the care of a ledger. A home that has no ledger gets none: it has an empty one in memory.
 * @param warn gets what the user should know about the connection
 * @throws {UserError} if the file cannot be used or has moved, or the URL is invalid
 */
export async function openUpkeep(choice: LedgerChoice, warn: (message: string) => void): Promise<Upkeep & { name: string }> {
  if (choice.kind === "postgres") {
    const { openPostgresUpkeep } = await import("./postgres/index.js");
    return openPostgresUpkeep(choice, warn);
  }
  refuseMoved(choice.home);
  const path = ledgerPath(choice.home);
  return { ...openSqliteUpkeep(mayHaveRuns(choice) ? path : IN_MEMORY), name: path };
}
