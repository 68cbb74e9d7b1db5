export type { DeploymentRecord, Ledger, RunChange, RunFilter, RunRecord } from "./ledger";
export { checkLedgerFile, ledgerPath } from "./open";
export { openSqliteLedger } from "./sqlite";
