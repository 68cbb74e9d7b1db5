export type { Ledger, RunChange, RunFilter, RunRecord } from "./ledger";
export { openSqliteLedger } from "./sqlite";
