/**
 * How a run's infrastructure ended. Only `exited` with code 0 is success: a missing exit code never counts as success.
 *
 * - `exited`: the command ran to its end, with this exit code (0-255); `reason` notes what else went wrong.
 * - `failed`: the command ran and ended with an error, but its exit code is unknown; `reason` is the target's own message.
 * - `signalled`: killed by a signal that pushpool did not send (`SIGKILL`, a number if it has no name, or `an unknown signal`); `reason` is
 * why, if the target reports it, such as "out of memory".
 * - `failedToStart`: the command never ran; `reason` is the target's own message.
 * - `cancelled`: stopped on request; `by` says whose request, and `reason` why, if known.
 * - `timedOut`: the run's own time limit ended it, while it was pending or running.
 * - `lost`: it is gone, and how it ended is unknown.
 */
export type Outcome =
  | { kind: "exited"; code: number; reason?: string }
  | { kind: "failed"; reason: string }
  | { kind: "signalled"; signal: string; reason?: string }
  | { kind: "failedToStart"; reason: string }
  | { kind: "cancelled"; by: "us" | "someoneElse"; reason?: string }
  | { kind: "timedOut"; phase: "pending" | "running" }
  | { kind: "lost"; reason: string };

/** Who stopped a run, and why if that is known. */
export function stoppedBy({ by, reason }: Extract<Outcome, { kind: "cancelled" }>): string {
  if (by === "us") return `stopped on request${reason === undefined ? "" : ` (${reason})`}`;
  return `stopped by someone else${reason === undefined ? "" : `: ${reason}`}`;
}
