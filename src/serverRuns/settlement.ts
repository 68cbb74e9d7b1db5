import { type Outcome, stoppedBy } from "../model/outcome";
import { isTerminal, type State } from "../model/run";
import { exitCodeText } from "../runs/exitCodes";

/** The state to report to the server when the infrastructure of a flow run has ended. */
export type Settlement =
  /** Nothing: the run has reported its end itself, or it continues later (a retry, a pause). */
  | { kind: "settled" }
  /** It stopped on request. */
  | { kind: "cancelled"; message: string }
  /** It ended without reporting an end. */
  | { kind: "crashed"; message: string };

/**
 * Whether the end of the infrastructure is the end of the run.
 *
 * The flow run's own process reports its states. It exits with 0 even if the flow failed, so its exit code shows only a crash. An end that
 * it did not report is reported from here. This is safe, because the server refuses a CRASHED after an end.
 * @param state the current state on the server
 * @param stopped whether it was stopped from here, after a cancellation
 */
export function settlement(outcome: Outcome, state: Pick<State, "type" | "name">, stopped = false): Settlement {
  // If nobody in the container listens for a cancellation, the engine treats SIGTERM as a crash and reports it over any other state.
  if (stopped && state.type === "CRASHED") return { kind: "cancelled", message: `it was cancelled: ${described(outcome)}` };
  if (isTerminal(state as State)) return { kind: "settled" };
  // A container that starts after CANCELLED sets its run to RUNNING again before it is stopped.
  if (state.type === "CANCELLING" || (stopped && (state.type === "RUNNING" || state.type === "PENDING")))
    return { kind: "cancelled", message: `its infrastructure has stopped: ${described(outcome)}` };
  // The run has changed its own state: for a retry, a pause without a process, or a new schedule after SIGTERM.
  if (state.type === "SCHEDULED" || state.type === "PAUSED") return { kind: "settled" };
  return { kind: "crashed", message: `its infrastructure ended, and the run reported no end: ${described(outcome)}` };
}

function described(outcome: Outcome): string {
  switch (outcome.kind) {
    case "exited":
      return `${
        outcome.code === 0
          ? "it exited with code 0; did the command run the flow, and can it reach the Prefect API?"
          : `it exited with ${exitCodeText(outcome.code)}`
      }${outcome.reason === undefined ? "" : ` (${outcome.reason})`}`;
    case "failed":
      return `it failed, and its exit code is not known: ${outcome.reason}`;
    case "signalled":
      return `it was ended by ${outcome.signal}${outcome.reason !== undefined ? `, ${outcome.reason}` : outcome.signal === "SIGKILL" ? ", as when memory runs out" : ""}`;
    case "failedToStart":
      return `it never started: ${outcome.reason}`;
    case "cancelled":
      return stoppedBy(outcome);
    case "timedOut":
      return `it reached its time limit while ${outcome.phase}`;
    case "lost":
      return outcome.reason;
  }
}
