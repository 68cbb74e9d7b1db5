import type { PhaseName, RunRow, StateType } from "../../src/ui/wire";

const ENDED: readonly StateType[] = ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"];

export function hasEnded({ type }: { type: StateType }): boolean {
  return ENDED.includes(type);
}

/** How a run's infrastructure ended, in words. */
export function outcomeText(outcome: NonNullable<RunRow["outcome"]>): string {
  switch (outcome.kind) {
    case "exited":
      return `exit code ${outcome.code}${outcome.reason === undefined ? "" : `: ${outcome.reason}`}`;
    case "failed":
      return `failed, exit code unknown: ${outcome.reason}`;
    case "signalled":
      return `ended by ${outcome.signal}${outcome.reason === undefined ? "" : `: ${outcome.reason}`}`;
    case "failedToStart":
      return `did not start: ${outcome.reason}`;
    case "cancelled":
      return `stopped ${outcome.by === "us" ? "on request" : "by someone else"}${outcome.reason === undefined ? "" : `: ${outcome.reason}`}`;
    case "timedOut":
      return `ended by its time limit while it was ${outcome.phase}`;
    case "lost":
      return `lost: ${outcome.reason}`;
  }
}

/** What happens in a phase. */
export const PHASES: Record<PhaseName, { text: string; means: string }> = {
  queued: { text: "Queued", means: "waits until it may be submitted" },
  submitted: { text: "Submitted", means: "its request is on the way" },
  provisioning: { text: "Provisioning", means: "the place where it runs is made ready" },
  starting: { text: "Starting", means: "its container or process starts" },
  running: { text: "Running", means: "its command runs" },
  stopping: { text: "Stopping", means: "it was asked to stop" },
};
