import type { Outcome } from "../../model/outcome";
import { textOfReply } from "../cloud/failure";
import { signalOf } from "../cloud/signals";
import type { Observation } from "../target";
import { explained } from "./awsPermissions";
import { causesIn, endOf, isTakenDown, neverRan, ownContainerOf, ranToAnEnd } from "./containers";

/** A container of a task. */
export interface ContainerFacts {
  name: string;
  exitCode?: number;
  /** ECS' own message. */
  reason?: string;
  /** As in its task definition; absent: unknown. */
  essential?: boolean;
  /** `HEALTHY`, `UNHEALTHY`, `UNKNOWN`. */
  healthStatus?: string;
}

/** The facts about a task that matter here, from `DescribeTasks`. Times are in milliseconds. */
export interface TaskFacts {
  lastStatus: string;
  desiredStatus?: string;
  stopCode?: string;
  stoppedReason?: string;
  createdAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  containers: ContainerFacts[];
  /** Network interfaces and volumes. */
  attachments?: { type?: string; status?: string; details?: { name?: string; value?: string }[] }[];
  /** The overrides with which it was started. */
  overrides?: { containerOverrides?: { name?: string; command?: string[]; environment?: { name?: string; value?: string }[] }[] };
}

/** The reasons of pushpool's own stops. ECS keeps them with the task, so any machine distinguishes them from other people's. */
export const STOP_REASON = {
  cancelled: "pushpool: cancelled: ",
  pending: "pushpool: did not start in time",
  running: "pushpool: time limit",
};

/**
 * The observation of a task (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html). `stopCode` alone
 * does not prove success: only the exit code of the run's container does.
 * @param container name of the run's container; absent: {@link ownContainerOf} finds it
 */
export function observationOf(task: TaskFacts, container?: string): Observation {
  if (task.lastStatus !== "STOPPED") {
    if (task.startedAt !== undefined) return { phase: "running", startedAt: iso(task.startedAt) };
    return { phase: "pending", message: `ECS: ${task.lastStatus}` };
  }
  const endedAt = task.stoppedAt ?? task.stoppingAt ?? task.startedAt ?? task.createdAt ?? 0;
  return {
    phase: "ended",
    outcome: outcomeOf(task, container ?? ownContainerOf(task)),
    ...(task.startedAt === undefined ? {} : { startedAt: iso(task.startedAt) }),
    endedAt: iso(endedAt),
  };
}

function outcomeOf(told: TaskFacts, name: string | undefined): Outcome {
  const stopCode = stopCodeOf(told);
  const task = stopCode === undefined ? told : { ...told, stopCode };
  const { containers } = task;
  const stoppedReason = textOfReply(task.stoppedReason ?? "");
  if (stopCode === "UserInitiated") {
    if (stoppedReason.startsWith(STOP_REASON.running)) return { kind: "timedOut", phase: "running" };
    if (stoppedReason.startsWith(STOP_REASON.pending)) return { kind: "timedOut", phase: "pending" };
    const isOurs = stoppedReason.startsWith(STOP_REASON.cancelled);
    const reason = isOurs ? stoppedReason.slice(STOP_REASON.cancelled.length) : stoppedReason;
    return { kind: "cancelled", by: isOurs ? "us" : "someoneElse", ...(reason === "" ? {} : { reason }) };
  }
  if (name === undefined && containers.length > 1) return outcomeOfUnknown(task);
  const own = containers.find((each) => each.name === name);
  const why = whyOf(task, own);
  const startFailed = containers.length === 1 && task.startedAt === undefined && neverRan(stoppedReason);
  if (!own || startFailed || !ranToAnEnd(own)) return outcomeWithoutEnd(task, own, why);
  const { exitCode } = own;
  // Even exit code 0 may be the reaction to a SIGTERM that pushpool did not send: the work may be half done.
  if (isFromOutside(stopCode)) return { kind: "signalled", signal: exitCode === 137 ? "SIGKILL" : "SIGTERM", reason: why };
  const memoryText = outOfMemoryOf(task, own);
  const memory = memoryText === undefined ? undefined : `out of memory (${memoryText})`;
  if (memory !== undefined && (exitCode === undefined || exitCode === 137)) return { kind: "signalled", signal: "SIGKILL", reason: memory };
  if (exitCode === undefined) return outcomeWithoutEnd(task, own, why);
  const cause = memory ?? causesIn(task, own, isTakenDown(own) || exitCode === 0)[0];
  if (exitCode <= 128 || exitCode > 192) {
    // The container's own code shows how the run ended. Other problems are a note.
    const texts = [textOfReply(own.reason ?? ""), GENERIC.test(stoppedReason) ? "" : stoppedReason, cause ?? ""].filter(
      (text, index, all) => text !== "" && all.indexOf(text) === index,
    );
    const beside = exitCode === 0 ? cause : texts.length > 0 ? texts.join(": ") : undefined;
    const note = memory === undefined ? beside : `a process in the container was killed: ${memory}`;
    return { kind: "exited", code: exitCode, ...(note === undefined ? {} : { reason: note }) };
  }
  const signal = signalOf(exitCode);
  const words = GENERIC.test(stoppedReason) || stoppedReason === "" ? undefined : stoppedReason;
  const killed = isTakenDown(own) ? (words ?? cause ?? unexplained(exitCode)) : undefined;
  const reason = memory ?? (own.reason ? textOfReply(own.reason) : undefined) ?? killed;
  return { kind: "signalled", signal, ...(reason === undefined ? {} : { reason }) };
}

/** The run's container has no exit code: it never began, or nobody saw its end. */
function outcomeWithoutEnd(task: TaskFacts, own: ContainerFacts | undefined, why: string): Outcome {
  const memory = own && outOfMemoryOf(task, own);
  if (memory !== undefined) return { kind: "signalled", signal: "SIGKILL", reason: `out of memory (${memory})` };
  const began = task.startedAt !== undefined && task.stopCode !== "TaskFailedToStart" && !neverRan(own?.reason);
  if (!began) return { kind: "failedToStart", reason: explained(why) };
  return { kind: "lost", reason: isFromOutside(task.stopCode) ? why : `ECS has no exit code: ${why}` };
}

/** The run's container is unknown: only what holds for all containers is true for the run. */
function outcomeOfUnknown(task: TaskFacts): Outcome {
  const why = whyOf(task, undefined);
  if (task.startedAt === undefined) return { kind: "failedToStart", reason: explained(why) };
  if (!isFromOutside(task.stopCode) && task.containers.every(({ exitCode, reason }) => exitCode === 0 && !reason))
    return { kind: "exited", code: 0 };
  const ends = task.containers.map((each) => `"${each.name}" ${endOf(each)}`).join(", ");
  return { kind: "lost", reason: `it is unknown in which of its containers the run was: ${ends}; ${why}` };
}

/** Stopped by AWS, whatever its containers did. */
function isFromOutside(stopCode: string | undefined): boolean {
  return ["SpotInterruption", "TerminationNotice", "InfrastructureHealth", "ServiceSchedulerInitiated"].includes(stopCode ?? "");
}

/** Messages without information. */
const GENERIC = /^(Task failed to start|Essential container in task exited)\.?$/i;

/** All of ECS' reasons in one line: of the task, its containers, its network interfaces and volumes. */
function whyOf(task: TaskFacts, own: ContainerFacts | undefined): string {
  const { stopCode, attachments = [] } = task;
  const stoppedReason = textOfReply(task.stoppedReason ?? "");
  const attached = attachments.flatMap(({ type, details = [] }) =>
    details
      .filter(({ name, value }) => name === "statusReason" && value)
      .map(({ value = "" }) => `${type ?? "attachment"}: ${textOfReply(value)}`),
  );
  const texts = [
    ...(GENERIC.test(stoppedReason) ? [] : [stoppedReason]),
    ...(own?.reason ? [textOfReply(own.reason)] : []),
    ...causesIn(task, own, true),
    ...attached,
  ].filter((text, index, all) => text !== "" && all.indexOf(text) === index && !all.slice(0, index).some((other) => other.includes(text)));
  const found = texts.join(": ");
  if (isFromOutside(stopCode)) return `${stopCode}: ${found || "ECS gives no reason"}`;
  if (found !== "") return found;
  if (stopCode === "TaskFailedToStart")
    return "ECS gives no reason (TaskFailedToStart). With no container yet it is most often the network interface or the volumes that could not be made";
  return stoppedReason || stopCode || "ECS gives no reason";
}

/** ECS' message about a container that was killed for memory. The task's message counts if it can mean no other container. */
function outOfMemoryOf({ stoppedReason = "", containers }: TaskFacts, own: ContainerFacts): string | undefined {
  const pattern = /OutOfMemory/i;
  if (pattern.test(own.reason ?? "")) return textOfReply(own.reason ?? "");
  const others = containers.filter((each) => each !== own);
  const onlyOwn = !others.some((each) => each.exitCode === 137 || pattern.test(each.reason ?? ""));
  const killed = own.exitCode === undefined || own.exitCode === 137;
  return pattern.test(stoppedReason) && killed && onlyOwn ? textOfReply(stoppedReason) : undefined;
}

/** The stop codes for ECS' messages, for a task that has only the message. */
const STOP_CODES: readonly [RegExp, string][] = [
  [/^Your Spot Task was interrupted/i, "SpotInterruption"],
  [/^Host EC2 \(instance \S+\) (terminated|stopped)|^ECS is performing maintenance|\bFargate is retiring\b/i, "TerminationNotice"],
  [/^Scaling activity initiated by|^Task failed ELB health checks/i, "ServiceSchedulerInitiated"],
  [/^Task stopped by user|^pushpool: /i, "UserInitiated"],
];

function stopCodeOf({ stopCode, stoppedReason = "" }: TaskFacts): string | undefined {
  return stopCode ?? STOP_CODES.find(([pattern]) => pattern.test(stoppedReason))?.[1];
}

/** Killed by an unknown sender. */
function unexplained(exitCode: number): string {
  return exitCode === 137
    ? "exit code 137: ECS gives no reason; most often its memory was used up, or it did not end within its stopTimeout"
    : "exit code 143: ECS gives no reason; something in the task or in the container stopped it";
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
