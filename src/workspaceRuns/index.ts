export { type OpenRuns, openRuns, openRunsWith, runsOf, runsParts, type WorkspaceParts } from "./openRuns";
export { chooseLedger, digestKeyOf, doubtNamed, homeDigestKey, rememberNamed } from "./workspaceLedger";
