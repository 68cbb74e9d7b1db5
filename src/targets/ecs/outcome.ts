import type { Outcome } from "../outcome";
import type { Observation } from "../target";
import { explained } from "./permissions";

/** What of a task matters here, as `DescribeTasks` has it. Times are in milliseconds. */
export interface TaskFacts {
  lastStatus: string;
  desiredStatus?: string;
  stopCode?: string;
  stoppedReason?: string;
  createdAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  containers: { name: string; exitCode?: number; reason?: string }[];
}

/** How a stop of ours is told from everyone else's, from any machine: by its reason, which ECS keeps with the task. */
export const STOP_REASON = {
  cancelled: "pushpool: cancelled: ",
  pending: "pushpool: did not start in time",
  running: "pushpool: time limit",
};

const SIGNALS: Record<number, string> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
};

/**
 * A task as an observation (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html). `stopCode` alone tells no success: only the exit code
 * of the run's container does.
 * @param container name of the run's container; absent: the only one, or the first
 */
export function observationOf(task: TaskFacts, container?: string): Observation {
  if (task.lastStatus !== "STOPPED") {
    if (task.startedAt !== undefined) return { phase: "running", startedAt: iso(task.startedAt) };
    return { phase: "pending", message: `ECS: ${task.lastStatus}` };
  }
  const endedAt = task.stoppedAt ?? task.stoppingAt ?? task.startedAt ?? task.createdAt ?? 0;
  return {
    phase: "ended",
    outcome: outcomeOf(task, container),
    ...(task.startedAt === undefined ? {} : { startedAt: iso(task.startedAt) }),
    endedAt: iso(endedAt),
  };
}

function outcomeOf(task: TaskFacts, name: string | undefined): Outcome {
  const { stopCode, stoppedReason = "", containers } = task;
  const own = containers.find((each) => each.name === name) ?? containers[0];
  const reason =
    [stoppedReason, own?.reason].filter((text) => text && text !== "Task failed to start").join(": ") || stopCode || "ECS gives no reason";
  switch (stopCode) {
    case "UserInitiated":
      if (stoppedReason.startsWith(STOP_REASON.running)) return { kind: "timedOut", phase: "running" };
      if (stoppedReason.startsWith(STOP_REASON.pending)) return { kind: "timedOut", phase: "pending" };
      return { kind: "cancelled", by: stoppedReason.startsWith(STOP_REASON.cancelled) ? "us" : "someoneElse" };
    case "TaskFailedToStart":
      return { kind: "failedToStart", reason: explained(reason) };
    case "SpotInterruption":
    case "TerminationNotice":
    case "InfrastructureHealth":
    case "ServiceSchedulerInitiated":
      // Even an exit code of 0 is the answer to a SIGTERM that nobody here sent: the work may be half done.
      if (own?.exitCode === undefined) return { kind: "lost", reason: `${stopCode}: ${reason}` };
      return { kind: "signalled", signal: own.exitCode === 137 ? "SIGKILL" : "SIGTERM", reason: `${stopCode}: ${reason}` };
  }
  if (own?.reason !== undefined && /OutOfMemory/i.test(own.reason))
    return { kind: "signalled", signal: "SIGKILL", reason: `out of memory (${own.reason})` };
  if (own?.exitCode === undefined) {
    if (task.startedAt === undefined) return { kind: "failedToStart", reason };
    return { kind: "lost", reason: `ECS has no exit code: ${reason}` };
  }
  const { exitCode } = own;
  if (exitCode <= 128 || exitCode > 192) return { kind: "exited", code: exitCode };
  const signal = SIGNALS[exitCode - 128] ?? String(exitCode - 128);
  const sidecar = containers.find((each) => each !== own && each.exitCode !== undefined && each.exitCode <= 128);
  const why =
    own.reason ??
    (sidecar && (exitCode === 137 || exitCode === 143)
      ? `container "${sidecar.name}" exited with code ${sidecar.exitCode}, and ECS stopped the task with it`
      : undefined);
  return { kind: "signalled", signal, ...(why === undefined ? {} : { reason: why }) };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
