export type { RunEvent, Watching } from "./context";
export type { RunPlan } from "./create";
export { type FlowRun, isTerminal, type State, type StateType, TERMINAL } from "./flowRun";
export type { Following } from "./follow";
export type { RunRequest } from "./plan";
export { hasLedger, ledgerDigestKey, type OpenRuns, openRuns, type Runs, type RunsParts, runsOver, runsParts } from "./runs";
export { exitCodeOf, exitCodeOfCommand } from "./states";
export { type Cancelling, DEFAULT_GRACE_SECONDS } from "./stop";
