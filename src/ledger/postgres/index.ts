export { keyOf, moveTarget } from "./moveTarget";
export { openSharedLedger } from "./openShared";
export { openPostgresLedger } from "./postgresLedger";
export { openPostgresUpkeep } from "./postgresUpkeep";
