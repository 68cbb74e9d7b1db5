export type { DeploymentRecord, Ledger, RunChange, RunFilter, RunRecord } from "./ledger";
export { ledgerPath } from "./open";
export { openSqliteLedger } from "./sqlite";
