export { openSharedLedger } from "./openShared";
export { openPostgresLedger } from "./postgresLedger";
