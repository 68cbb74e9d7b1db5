export { isTerminal, type Run, type State, type StateType, TERMINAL } from "../model/run";
export type { Created, RunPlan } from "./create";
export type { Following, Starting } from "./follow";
export type { RunsParts } from "./openContext";
export type { RunRequest } from "./plan";
export { type Runs, runsOver } from "./runs";
export type { RunEvent, Watching } from "./runsContext";
export { exitCodeOf, exitCodeOfCommand } from "./states";
export { type Cancelling, DEFAULT_GRACE_SECONDS } from "./stop";
