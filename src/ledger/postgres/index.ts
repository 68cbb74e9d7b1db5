export { openPostgresLedger } from "./postgresLedger";
