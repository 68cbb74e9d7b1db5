import { existsSync } from "node:fs";
import { UserError } from "../userError";
import { refuseMoved } from "./homeRecords";
import { LEDGER_URL, type LedgerAddress, type LedgerSource, type OpenedLedger } from "./ledgerAddress";
import { checkLedgerFile, IN_MEMORY, ledgerPath } from "./openDatabase";
import { openSqliteLedger } from "./sqlite";

/** Which ledger a command uses. */
export type LedgerChoice = { kind: "sqlite"; home: string } | ({ kind: "postgres"; from: LedgerSource } & LedgerAddress);

/**
 * The choice that the environment makes; `undefined` if it makes none.
 * @throws {UserError} if the variable is blank
 */
export function choiceOf(env: NodeJS.ProcessEnv): LedgerChoice | undefined {
  const url = env[LEDGER_URL];
  if (url === undefined) return undefined;
  if (url.trim() === "") throw new UserError(`$${LEDGER_URL} is blank: give it as postgres://USER:PASSWORD@HOST/DATABASE, or unset it`);
  return { kind: "postgres", url, from: LEDGER_URL };
}

/** Whether this ledger has ever been written. A database may always have been: only a connection can show it. */
export function mayHaveRuns(choice: LedgerChoice): boolean {
  return choice.kind === "postgres" || existsSync(ledgerPath(choice.home));
}

/** How to open a ledger. */
export interface OpeningOptions {
  /** Instead of the SQLite file, use a ledger that nothing keeps. @default false */
  inMemory?: boolean;
  /** Check the whole file first, for a process that will use it for long. @default false */
  whole?: boolean;
  /** Gets what the user should know about the connection. @default nothing */
  warn?: (message: string) => void;
}

/**
 * Open a ledger. Only the code of its engine is loaded.
 * @throws {UserError} if the URL is invalid, or the file cannot be used or has moved. A database connects at the first use
 */
export async function openChosen(
  choice: LedgerChoice,
  { inMemory = false, whole = false, warn }: OpeningOptions = {},
): Promise<OpenedLedger> {
  if (choice.kind === "postgres") {
    const { openSharedLedger } = await import("./postgres/index.js");
    return openSharedLedger(choice, warn ? { warn } : {});
  }
  if (inMemory) return { ledger: openSqliteLedger(IN_MEMORY), name: IN_MEMORY };
  refuseMoved(choice.home);
  const path = ledgerPath(choice.home);
  if (whole) checkLedgerFile(path);
  return { ledger: openSqliteLedger(path), name: path };
}
