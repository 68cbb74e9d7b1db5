import type { Outcome } from "../../model/outcome";
import type { Observation } from "../target";
import { type AttemptWords, readAttempt, signalName, wordsOf } from "./attemptWords";
import type { Condition, ExecutionFacts, TaskFacts } from "./facts";

/** Google's reasons for a container that never ran. */
const NEVER_STARTED =
  /^(CONTAINER_|SECRETS_ACCESS_CHECK_FAILED|ENCRYPTION_KEY_|VPC_NETWORK_NOT_FOUND|PROGRESS_DEADLINE_EXCEEDED|REVISION_FAILED)/;

/** What google.rpc.Code means for an attempt without a useful message. */
const BY_STATUS: Record<number, AttemptWords["kind"]> = {
  1: "cancelled",
  2: "ownFault",
  3: "neverStarted",
  4: "timedOut",
  5: "neverStarted",
  7: "neverStarted",
  8: "outOfMemory",
  9: "neverStarted",
  10: "failed",
  13: "ownFault",
  14: "ownFault",
};

/**
 * Whether an execution has ended: its `Completed` condition says so, or it has an end time. One that was cancelled before its start may
 * have none.
 */
export function isOver(execution: ExecutionFacts): boolean {
  if (execution.completionTime !== undefined || execution.deleteTime !== undefined) return true;
  const { state, reason } = completed(execution) ?? {};
  // "Internal system error getting execution status. System will retry."
  if (reason === "JOB_STATUS_SERVICE_POLLING_ERROR") return false;
  return state === "FAILED" || state === "SUCCEEDED";
}

/** Whether the tasks must be read: an execution shows whether it succeeded, but not the exit code. */
export function needsTasks(execution: ExecutionFacts): boolean {
  return isOver(execution) && completed(execution)?.state !== "SUCCEEDED";
}

/**
 * The observation of an execution.
 * @param task its only task, once it has ended; absent: Google has none
 * @param stopAsked why pushpool asked it to stop, if it did: Google does not report who did
 */
export function observationOf(execution: ExecutionFacts, task: TaskFacts | undefined, stopAsked?: string): Observation {
  const { createTime, startTime } = execution;
  if (!isOver(execution)) {
    if (startTime !== undefined) return { phase: "running", startedAt: startTime };
    const waiting = waitingFor(execution);
    return { phase: "pending", ...(waiting === undefined ? {} : { message: waiting }) };
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

/** The condition that blocks it; `Completed` alone only says that it has not ended. */
function waitingFor({ conditions }: ExecutionFacts): string | undefined {
  const open = conditions.filter(({ state, message }) => state !== "SUCCEEDED" && message !== "");
  return (open.find(({ type }) => type !== "Completed") ?? open[0])?.message;
}

function outcomeOf(execution: ExecutionFacts, task: TaskFacts | undefined, stopAsked: string | undefined): Outcome {
  const end = completed(execution);
  const cancelled: Outcome = stopAsked === undefined ? byOther(end?.message) : { kind: "cancelled", by: "us", reason: stopAsked };
  // All tasks succeeded, and a task succeeds only with exit code 0.
  if (end?.state === "SUCCEEDED") return { kind: "exited", code: 0 };
  if (end?.reason === "CANCELLED") return cancelled;
  if (end?.reason === "DELETED" || execution.deleteTime !== undefined) return byOther("the execution, or its Job, was deleted");

  const { exitCode, signal, words, note, kind } = attemptOf(task, end);
  const conditions = [...execution.conditions, ...(task?.conditions ?? [])];
  const cause = conditions.find(({ state, reason }) => state === "FAILED" && NEVER_STARTED.test(reason));
  if (cause && exitCode === undefined && signal === undefined) return { kind: "failedToStart", reason: told(cause) };
  const reason = words || (end && told(end)) || "Cloud Run gives no reason";
  switch (kind) {
    case "neverStarted":
      return { kind: "failedToStart", reason };
    case "outOfMemory":
      return { kind: "signalled", signal: "SIGKILL", reason: `out of memory (${reason})` };
    case "timedOut":
      // A task's time limit counts from its start: whatever timed out before is something else.
      if (execution.startTime === undefined) return { kind: "failedToStart", reason };
      return { kind: "timedOut", phase: "running" };
    case "cancelled":
      if (exitCode === undefined && signal === undefined) return cancelled;
  }
  if (signal !== undefined) return { kind: "signalled", signal, ...note };
  if (exitCode !== undefined) return { kind: "exited", code: exitCode, ...note };
  if (kind === "signalled") return { kind: "signalled", signal: "an unknown signal", reason };
  if (execution.startTime === undefined || task?.started === false) return { kind: "failedToStart", reason };
  if (kind === "failed") return { kind: "failed", reason };
  return { kind: "lost", reason: kind === "ownFault" ? `Cloud Run itself failed: ${reason}` : reason };
}

/** How the last attempt ended. The task shows it best; without it only the execution's message is left. */
function attemptOf(task: TaskFacts | undefined, end: Condition | undefined): AttemptWords & { words: string; note: { reason?: string } } {
  const ofTask = readAttempt(task?.message ?? "");
  const ofExecution = readAttempt(end?.message ?? "");
  const exitCode = task?.exitCode ?? ofTask.exitCode ?? ofExecution.exitCode;
  const signal = task?.termSignal === undefined ? (ofTask.signal ?? ofExecution.signal) : signalName(task.termSignal);
  // The bare fact that it failed is the least: more detailed facts take precedence.
  const more = [ofTask, ofExecution].find(({ kind }) => kind !== undefined && kind !== "failed");
  const least =
    kindOfStatus(task, exitCode !== undefined || signal !== undefined) ??
    ofTask.kind ??
    ofExecution.kind ??
    (end?.reason === "NON_ZERO_EXIT_CODE" ? "failed" : undefined);
  const kind = more?.kind ?? least;
  const execution = end && /\bmessage: ./.test(end.message) ? wordsOf(end.message) : "";
  const words = more === ofExecution ? wordsOf(end?.message ?? "") : task?.message || execution;
  return {
    words,
    note: words === "" || SAYS_NO_MORE.test(words) ? {} : { reason: words },
    ...(kind === undefined ? {} : { kind }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Messages that say only that there was an exit code or a signal. */
const SAYS_NO_MORE =
  /^((the )?container (exited with an error|called exit\(\d+\)|terminated on signal \d+)|a signal terminated the container|uncaught signal: .*)\.?$/i;

/** What an attempt's status means, unless something contradicts it. */
function kindOfStatus(task: TaskFacts | undefined, ran: boolean): AttemptWords["kind"] {
  const kind = BY_STATUS[task?.code ?? 0];
  if (kind === "neverStarted" && ran) return undefined;
  // Other resources than memory can be exhausted too.
  if (kind === "outOfMemory" && task?.message && !/memory/i.test(task.message)) return "failed";
  return kind;
}

function completed(execution: ExecutionFacts): Condition | undefined {
  return execution.conditions.find(({ type }) => type === "Completed");
}

function byOther(reason: string | undefined): Outcome {
  return { kind: "cancelled", by: "someoneElse", ...(reason ? { reason } : {}) };
}

/** A condition's own message, with its reason if the message lacks it. */
function told({ message, reason }: Condition): string {
  if (message === "") return reason;
  return reason === "" ? message : `${message} (${reason})`;
}
