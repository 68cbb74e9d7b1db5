import { constants } from "node:os";
import type { Outcome } from "../outcome";
import type { Observation } from "../target";
import type { Condition, ExecutionFacts, TaskFacts } from "./facts";

/** Reasons that Google gives for a container that never ran. */
const NEVER_STARTED =
  /^(CONTAINER_|SECRETS_ACCESS_CHECK_FAILED|ENCRYPTION_KEY_|VPC_NETWORK_NOT_FOUND|PROGRESS_DEADLINE_EXCEEDED|REVISION_FAILED)/;
/** google.rpc.Code of a task that was cut off at its time limit; its exit code is absent, or 0. */
const DEADLINE_EXCEEDED = 4;

/** Whether an execution is over: its `Completed` condition says so, or it has an end. One cancelled before its start may have no end. */
export function isOver(execution: ExecutionFacts): boolean {
  const { state } = completed(execution) ?? {};
  return state === "FAILED" || state === "SUCCEEDED" || execution.completionTime !== undefined || execution.deleteTime !== undefined;
}

/** Whether the tasks have to be asked how it ended: an execution tells success, and no exit code. */
export function needsTasks(execution: ExecutionFacts): boolean {
  return isOver(execution) && completed(execution)?.state !== "SUCCEEDED";
}

/**
 * What an execution looks like.
 * @param task its one task, once it is over; absent: Google has none
 * @param stopAsked whether we had asked it to stop: Google does not say who did
 */
export function observationOf(execution: ExecutionFacts, task: TaskFacts | undefined, stopAsked: boolean): Observation {
  const { createTime, startTime } = execution;
  if (!isOver(execution)) {
    if (startTime !== undefined) return { phase: "running", startedAt: startTime };
    const waiting = execution.conditions.find(({ state, message }) => state !== "SUCCEEDED" && message !== "");
    return { phase: "pending", ...(waiting ? { message: waiting.message } : {}) };
  }
  const outcome = outcomeOf(execution, task, stopAsked);
  const endedAt = execution.completionTime ?? execution.deleteTime ?? completed(execution)?.at ?? startTime ?? createTime;
  return {
    phase: "ended",
    outcome,
    ...(startTime === undefined || outcome.kind === "failedToStart" ? {} : { startedAt: startTime }),
    endedAt: endedAt ?? new Date(0).toISOString(),
  };
}

function outcomeOf(execution: ExecutionFacts, task: TaskFacts | undefined, stopAsked: boolean): Outcome {
  const end = completed(execution);
  // All tasks succeeded, and a task succeeds with exit code 0 only.
  if (end?.state === "SUCCEEDED") return { kind: "exited", code: 0 };
  if (end?.reason === "CANCELLED") return { kind: "cancelled", by: stopAsked ? "us" : "someoneElse" };
  if (end?.reason === "DELETED" || execution.deleteTime !== undefined) return { kind: "cancelled", by: "someoneElse" };
  const attempt = task ?? attemptInText(end?.message ?? "");
  if (attempt.code === DEADLINE_EXCEEDED || /configured timeout was reached/i.test(attempt.message))
    return { kind: "timedOut", phase: "running" };
  const outOfMemory = /memory limit|out of memory|\boom\b/i.test(attempt.message);
  if (attempt.termSignal !== undefined)
    return { kind: "signalled", signal: signalName(attempt.termSignal), ...(outOfMemory ? { reason: attempt.message } : {}) };
  if (attempt.exitCode !== undefined)
    return outOfMemory ? { kind: "signalled", signal: "SIGKILL", reason: attempt.message } : { kind: "exited", code: attempt.exitCode };

  const cause = execution.conditions.find(({ state, reason }) => state === "FAILED" && NEVER_STARTED.test(reason));
  if (cause) return { kind: "failedToStart", reason: told(cause) };
  const reason = attempt.message || (end && told(end)) || "Cloud Run gives no reason";
  const neverRan = execution.startTime === undefined || task?.started === false || /failed to (start|load)/i.test(reason);
  return neverRan ? { kind: "failedToStart", reason } : { kind: "lost", reason };
}

/** Where the tasks are gone the execution's own words are left: "Task X failed with exit code: 3 and message: …". */
function attemptInText(text: string): TaskFacts {
  const [, code, message] = /failed with (?:exit code: (\d+) and )?message: (.*)$/s.exec(text) ?? [];
  const exitCode = Number(code ?? 0);
  return { started: true, code: 0, message: message ?? "", ...(exitCode > 0 ? { exitCode } : {}) };
}

function completed(execution: ExecutionFacts): Condition | undefined {
  return execution.conditions.find(({ type }) => type === "Completed");
}

/** A condition's own words, with its reason where they do not say it. */
function told({ message, reason }: Condition): string {
  if (message === "") return reason;
  return reason === "" ? message : `${message} (${reason})`;
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
