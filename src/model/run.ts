import type { JsonObject } from "../json";
import type { Outcome } from "./outcome";

/** Prefect's state types. */
export type StateType = "SCHEDULED" | "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED" | "CRASHED" | "PAUSED" | "CANCELLING";

export const STATE_TYPES: readonly StateType[] = [
  "SCHEDULED",
  "PENDING",
  "RUNNING",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "CRASHED",
  "PAUSED",
  "CANCELLING",
];

/** One state of a run, as in Prefect: a type, a name (`Late`, `AwaitingConcurrencySlot`, …), the time, and the reason. */
export interface State {
  type: StateType;
  name: string;
  /** ISO 8601, UTC. */
  timestamp: string;
  /** The reason; absent only if the name explains the state. */
  message?: string;
}

/** A flow run as the ledger stores it. */
export interface Run {
  /** UUID v7. */
  id: string;
  name: string;
  /** `<project>/<stack>` of the manifest from which it was created. */
  stack: string;
  /** `<flow name>/<deployment name>`. */
  deployment: string;
  workPool: string;
  workQueue: string;
  /** The deployment's and the given parameters, merged: what the flow receives. */
  parameters: JsonObject;
  /** The run's own job variables, as given. */
  jobVariables: JsonObject;
  tags: string[];
  idempotencyKey?: string;
  /** From 1; each retry adds one. */
  attempt: number;
  state: State;
  createdAt: string;
  /** When the current attempt's infrastructure was first seen running. */
  startedAt?: string;
  endedAt?: string;
  /** The target's id of the current attempt's infrastructure, once it exists. */
  infrastructureId?: string;
  outcome?: Outcome;
  /**
   * Whose processes run it: only of a `process:push` run in a ledger that several machines share. `<machine>:<home folder>`; see
   * `src/machineName.ts`.
   */
  host?: string;
  /** Increases with every change; a compare-and-set names it. */
  version: number;
}

/** No state follows these by itself. */
export const TERMINAL: readonly StateType[] = ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"];

/** Whether a run in this state has ended. */
export function isTerminal(state: State): boolean {
  return TERMINAL.includes(state.type);
}
