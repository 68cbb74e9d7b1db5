import type { Condition, Execution } from "./runResources";

/** What Cloud Run says of an execution. */

export type Ending = Omit<Condition, "type">;

export function failed({ reason, message }: { reason: string; message: string }): Ending {
  return { state: "CONDITION_FAILED", message, reason };
}

export function cancelled(): Ending {
  return { state: "CONDITION_FAILED", message: "Execution cancelled.", executionReason: "CANCELLED" };
}

export const WAITING = "Waiting for execution to complete.";

/** The time between the reply of `jobs.run` and the start. */
export function waiting(lastTransitionTime: string): Condition[] {
  const state = "CONDITION_RECONCILING";
  return [
    { type: "Completed", state, message: WAITING, lastTransitionTime },
    { type: "ResourcesAvailable", state, message: "Provisioning imported containers.", lastTransitionTime },
  ];
}

export function started(lastTransitionTime: string): Condition[] {
  return ["ResourcesAvailable", "Started", "ContainerReady"].map((type) => ({ type, state: "CONDITION_SUCCEEDED", lastTransitionTime }));
}

/** Every execution that ran has this condition in the end, even without a retry. */
export function retry(lastTransitionTime: string, attempt: number): Condition {
  return {
    type: "Retry",
    state: "CONDITION_SUCCEEDED",
    message: `System will retry after 0:00:00 from lastTransitionTime for attempt ${attempt}.`,
    lastTransitionTime,
    severity: "INFO",
    reason: "IMMEDIATE_RETRY",
  };
}

/** The final result of an operation of `jobs.run`. */
export function operationError(execution: Execution): { code: number; message: string } | undefined {
  const completed = execution.conditions.find(({ type }) => type === "Completed");
  if (completed?.state !== "CONDITION_FAILED") return undefined;
  const code = completed.executionReason === "CANCELLED" ? 1 : /timeout was reached/.test(completed.message ?? "") ? 4 : 10;
  return { code, message: completed.message ?? "" };
}
