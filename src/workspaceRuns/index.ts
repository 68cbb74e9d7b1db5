export { hasLedger, ledgerDigestKey, type OpenRuns, openRuns, runsOf, runsParts } from "./openRuns";
