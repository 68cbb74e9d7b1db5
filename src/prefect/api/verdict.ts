import type { JsonObject } from "../../json";
import type { ServerState } from "./flowRuns";

/**
 * The server's answer to a proposed state.
 *
 * It is in `status` of the body, not in the HTTP status. The HTTP status is also 201 if the server refused the proposal and wrote another
 * state.
 */
export type Verdict =
  /** The run has the state that was proposed. */
  | { kind: "accepted"; state: ServerState }
  /** The run has this state instead: the server wrote another one, or kept the old one. */
  | { kind: "rejected"; state: ServerState; reason: string }
  /** The server wrote nothing, and the caller must stop: another dispatcher has the run, or it has ended. */
  | { kind: "aborted"; state: ServerState | undefined; reason: string }
  /** Not yet: propose again after so many seconds. */
  | { kind: "wait"; seconds: number; reason: string };

/**
 * Read the answer to a proposal.
 * @param proposed the proposal and its id; the server answers REJECT if it already accepted the same proposal
 */
export function verdictOf(body: JsonObject, proposed: { type: string; transition: string }): Verdict {
  const details = (body.details ?? {}) as { reason?: string | null; delay_seconds?: number };
  const reason = details.reason ?? "the server gave no reason";
  const state = (body.state ?? undefined) as ServerState | undefined;
  switch (body.status) {
    case "ACCEPT":
      return { kind: "accepted", state: state as ServerState };
    case "REJECT":
      // Compare the type too: the server may have answered the first proposal with another state under the same id.
      if (state?.type === proposed.type && state.state_details?.transition_id === proposed.transition) return { kind: "accepted", state };
      return { kind: "rejected", state: state as ServerState, reason };
    case "WAIT":
      return { kind: "wait", seconds: details.delay_seconds ?? 1, reason };
    default:
      return { kind: "aborted", state, reason };
  }
}
