import { isTerminal, type State } from "../model/flowRun";
import { type Outcome, stoppedBy } from "../model/outcome";
import { exitCodeText } from "../runs/exitCodes";

/** What to report to the server when a flow run's infrastructure has ended. */
export type Settlement =
  /** Nothing: the run has reported its end itself, or it goes on later (a retry, a pause). */
  | { kind: "settled" }
  /** It stopped on request. */
  | { kind: "cancelled"; message: string }
  /** It died without reporting an end. */
  | { kind: "crashed"; message: string };

/**
 * Whether the end of the infrastructure is the end of the run.
 *
 * The flow run's own process reports its states. It exits with 0 even if the flow failed, so its exit code only tells a crash. An end that it did
 * not report is reported from here. That is safe: the server refuses a CRASHED that comes after an end.
 * @param state what the server has now
 * @param stopped whether it was stopped from here, since the run was cancelled
 */
export function settlement(outcome: Outcome, state: Pick<State, "type" | "name">, stopped = false): Settlement {
  // If nobody in the container listens for a cancellation, the engine takes SIGTERM for a crash and reports that over any other state.
  if (stopped && state.type === "CRASHED") return { kind: "cancelled", message: `it was cancelled: ${described(outcome)}` };
  if (isTerminal(state as State)) return { kind: "settled" };
  // A container that starts after CANCELLED sets its run back to RUNNING before it is stopped.
  if (state.type === "CANCELLING" || (stopped && (state.type === "RUNNING" || state.type === "PENDING")))
    return { kind: "cancelled", message: `its infrastructure has stopped: ${described(outcome)}` };
  // The run has put itself back: to be retried, paused without a process, or rescheduled on SIGTERM.
  if (state.type === "SCHEDULED" || state.type === "PAUSED") return { kind: "settled" };
  return { kind: "crashed", message: `its infrastructure ended without a word of the run: ${described(outcome)}` };
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
