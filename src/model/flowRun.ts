import type { JsonObject } from "../json";
import type { Outcome } from "./outcome";

/** Prefect's state types. */
export type StateType = "SCHEDULED" | "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED" | "CRASHED" | "PAUSED" | "CANCELLING";

/** One state of a run, as Prefect has it: a type, a name (`Late`, `AwaitingConcurrencySlot`, …), when, and why. */
export interface State {
  type: StateType;
  name: string;
  /** ISO 8601, UTC. */
  timestamp: string;
  /** Why; always there where it is not plain from the name. */
  message?: string;
}

/** A flow run as the ledger keeps it. */
export interface FlowRun {
  /** UUID v7. */
  id: string;
  name: string;
  /** `<project>/<stack>` of the manifest it was made from. */
  stack: string;
  /** `<flow name>/<deployment name>`. */
  deployment: string;
  workPool: string;
  workQueue: string;
  /** Defaults and given ones together: what the flow receives. */
  parameters: JsonObject;
  /** The run's own job variables, as given. */
  jobVariables: JsonObject;
  tags: string[];
  idempotencyKey?: string;
  /** From 1; each retry adds one. */
  attempt: number;
  state: State;
  createdAt: string;
  /** When the infrastructure of the present attempt was first seen running. */
  startedAt?: string;
  endedAt?: string;
  /** The target's id of the present attempt's infrastructure, once there is one. */
  infrastructureId?: string;
  outcome?: Outcome;
  /** Goes up with every change; what a compare-and-set names. */
  version: number;
}

/** Nothing follows these by itself. */
export const TERMINAL: readonly StateType[] = ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"];

/** Whether a run in this state has ended. */
export function isTerminal(state: State): boolean {
  return TERMINAL.includes(state.type);
}
