export { hasLedger, ledgerDigestKey, type OpenRuns, openRuns, runsParts } from "./openRuns";
