export { knownLedger, readMoved, rememberLedger } from "./homeRecords";
export type { DeploymentRecord, Ledger, RunChange, RunFilter, RunRecord } from "./ledger";
export { LEDGER_URL, type OpenedLedger } from "./ledgerAddress";
export { cancelMove, type MoveReport, moveLedger, unfinishedIn } from "./moveLedger";
export { ledgerPath } from "./openDatabase";
export { choiceOf, type LedgerChoice, mayHaveRuns, type OpeningOptions, openChosen } from "./openLedger";
export { openUpkeep } from "./openUpkeep";
export { checkLedgerUrl } from "./postgres/ledgerUrl";
export { openSqliteLedger } from "./sqlite";
