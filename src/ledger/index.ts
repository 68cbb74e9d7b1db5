export type { DeploymentRecord, Ledger, RunChange, RunFilter, RunRecord } from "./ledger";
export { checkLedgerFile, ledgerPath } from "./openDatabase";
export { openSqliteLedger } from "./sqlite";
