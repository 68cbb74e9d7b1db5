import type { RunChange } from "../ledger/ledger";
import { type Outcome, stoppedBy } from "../model/outcome";
import type { Run, State, StateType } from "../model/run";
import type { Observation } from "../targets/target";
import { exitCodeText } from "./exitCodes";

/** A state at this moment. @param name @default Prefect's usual name for the type */
export function state(type: StateType, now: Date, message?: string, name?: string): State {
  return { type, name: name ?? USUAL_NAMES[type], timestamp: now.toISOString(), ...(message === undefined ? {} : { message }) };
}

const USUAL_NAMES: Record<StateType, string> = {
  SCHEDULED: "Scheduled",
  PENDING: "Pending",
  RUNNING: "Running",
  COMPLETED: "Completed",
  FAILED: "Failed",
  CANCELLED: "Cancelled",
  CRASHED: "Crashed",
  PAUSED: "Paused",
  CANCELLING: "Cancelling",
};

/**
 * The final state for an outcome, with a reason.
 *
 * A command that ran and failed is FAILED. If its infrastructure failed, it is CRASHED (Prefect's distinction,
 * https://docs.prefect.io/v3/concepts/states). Only exit code 0 is success.
 */
function endState(outcome: Outcome, at: Date, cancelling: boolean): State {
  switch (outcome.kind) {
    case "exited":
      if (outcome.code !== 0) return state("FAILED", at, noted(`the command exited with ${exitCodeText(outcome.code)}`, outcome.reason));
      if (!cancelling && outcome.reason === undefined) return state("COMPLETED", at);
      return state(
        "COMPLETED",
        at,
        noted(`it exited with code 0${cancelling ? " before the cancellation reached it" : ""}`, outcome.reason),
      );
    case "failed":
      return state("FAILED", at, `the command failed, and its exit code is not known: ${outcome.reason}`);
    case "signalled":
      return state("CRASHED", at, `the command was ended by ${outcome.signal}, ${outcome.reason ?? unsent(outcome.signal)}`);
    case "failedToStart":
      return state("CRASHED", at, `it never started: ${outcome.reason}`);
    case "cancelled":
      return state("CANCELLED", at, stoppedBy(outcome));
    case "timedOut":
      return state("FAILED", at, `it reached its time limit while ${outcome.phase}`, "TimedOut");
    case "lost":
      return state("CRASHED", at, `its end is not known: ${outcome.reason}`);
  }
}

function noted(message: string, note: string | undefined): string {
  return note === undefined ? message : `${message}; ${note}`;
}

function unsent(signal: string): string {
  return `which pushpool did not send${signal === "SIGKILL" ? ": memory may have run out" : ""}`;
}

/** The exit code of a run's command, if it has one. */
export function exitCodeOfCommand(run: Run): number | undefined {
  return run.outcome?.kind === "exited" ? run.outcome.code : undefined;
}

/**
 * The changes that an observation makes in the ledger; `undefined` if nothing. States never go backwards: a late "pending" does not undo
 * RUNNING, and only an end ends CANCELLING.
 */
export function changeBy(observation: Observation, run: Run): RunChange | undefined {
  switch (observation.phase) {
    case "pending":
      return undefined;
    case "running":
      if (run.state.type === "CANCELLING") return run.startedAt === undefined ? { startedAt: observation.startedAt } : undefined;
      if (run.state.type !== "PENDING") return undefined;
      return { state: state("RUNNING", notBefore(run, observation.startedAt)), startedAt: observation.startedAt };
    case "ended":
      return {
        state: endState(observation.outcome, notBefore(run, observation.endedAt), run.state.type === "CANCELLING"),
        outcome: observation.outcome,
        endedAt: observation.endedAt,
        owner: null,
        ...(observation.startedAt !== undefined && run.startedAt === undefined ? { startedAt: observation.startedAt } : {}),
      };
  }
}

/** The infrastructure's clock differs, and we look later than it acts. A run's states are still in order. */
function notBefore(run: Run, time: string): Date {
  return new Date(Math.max(Date.parse(time), Date.parse(run.state.timestamp)));
}

/** The exit code that shows the end of a run: 0 COMPLETED, 1 FAILED or CRASHED, 3 CANCELLED, 4 not ended. */
export function exitCodeOf(run: Run): 0 | 1 | 3 | 4 {
  switch (run.state.type) {
    case "COMPLETED":
      return 0;
    case "FAILED":
    case "CRASHED":
      return 1;
    case "CANCELLED":
      return 3;
    default:
      return 4;
  }
}
