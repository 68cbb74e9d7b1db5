import type { JsonObject } from "../../json";
import type { ServerState } from "./flowRuns";

/**
 * What the server says to a proposed state.
 *
 * It is in `status` of the body and not in the HTTP code: 201 is also the answer to a proposal that was refused by writing another state.
 */
export type Verdict =
  /** The run has the state that was proposed. */
  | { kind: "accepted"; state: ServerState }
  /** It has this one: another was written instead, or it was kept. */
  | { kind: "rejected"; state: ServerState; reason: string }
  /** Nothing was written and nothing more may be done: another dispatcher has the run, or it has ended. */
  | { kind: "aborted"; state: ServerState | undefined; reason: string }
  /** Not yet: ask again after so many seconds. */
  | { kind: "wait"; seconds: number; reason: string };

/**
 * Read the answer to a proposal.
 * @param proposed with the proposal's own id: the server answers a repeat of one that it took already with REJECT
 */
export function verdictOf(body: JsonObject, proposed: { type: string; transition: string }): Verdict {
  const details = (body.details ?? {}) as { reason?: string | null; delay_seconds?: number };
  const reason = details.reason ?? "the server gives no reason";
  const state = (body.state ?? undefined) as ServerState | undefined;
  switch (body.status) {
    case "ACCEPT":
      return { kind: "accepted", state: state as ServerState };
    case "REJECT":
      // Of this type: the server may have answered the first one by another state, under the same id.
      if (state?.type === proposed.type && state.state_details?.transition_id === proposed.transition) return { kind: "accepted", state };
      return { kind: "rejected", state: state as ServerState, reason };
    case "WAIT":
      return { kind: "wait", seconds: details.delay_seconds ?? 1, reason };
    default:
      return { kind: "aborted", state, reason };
  }
}
