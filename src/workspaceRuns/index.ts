export { type OpenRuns, openRuns, runsOf, runsParts, type WorkspaceParts } from "./openRuns";
export { chooseLedger, digestKeyOf, homeDigestKey } from "./workspaceLedger";
