/**
 * How a run's infrastructure ended. Only `exited` with code 0 is success: what a cloud does not say is never taken for it.
 *
 * - `exited`: the command ran to its end and this is its exit code (0-255); `reason` is a note on what went wrong beside it.
 * - `failed`: the command ran and ended with an error, but nothing tells its exit code; `reason` in the target's own words.
 * - `signalled`: killed by a signal that nobody here sent (`SIGKILL`, a number where it has no name, or `an unknown signal`); `reason` where
 *   the target tells why, as "out of memory".
 * - `failedToStart`: the command never ran; `reason` in the target's own words.
 * - `cancelled`: stopped on request; `by` tells whose, `reason` what was given for it, where that is known.
 * - `timedOut`: the run's own time limit ended it, while it was pending or running.
 * - `lost`: it is gone and nothing tells how it ended.
 */
export type Outcome =
  | { kind: "exited"; code: number; reason?: string }
  | { kind: "failed"; reason: string }
  | { kind: "signalled"; signal: string; reason?: string }
  | { kind: "failedToStart"; reason: string }
  | { kind: "cancelled"; by: "us" | "someoneElse"; reason?: string }
  | { kind: "timedOut"; phase: "pending" | "running" }
  | { kind: "lost"; reason: string };

/** Who stopped a run, and why where that is known. */
export function stoppedBy({ by, reason }: Extract<Outcome, { kind: "cancelled" }>): string {
  if (by === "us") return `stopped on request${reason === undefined ? "" : ` (${reason})`}`;
  return `stopped by someone else${reason === undefined ? "" : `: ${reason}`}`;
}
