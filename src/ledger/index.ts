export { knownLedger, rememberLedger } from "./homeRecords";
export type { DeploymentRecord, Ledger, RunChange, RunFilter, RunRecord } from "./ledger";
export { LEDGER_URL, type OpenedLedger } from "./ledgerAddress";
export { ledgerPath } from "./openDatabase";
export { choiceOf, type LedgerChoice, mayHaveRuns, type OpeningOptions, openChosen } from "./openLedger";
export { openSqliteLedger } from "./sqlite";
