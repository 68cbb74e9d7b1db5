import type { protos } from "@google-cloud/run";
import { textOfReply } from "../cloud/failure";
import { MARKER } from "./cloudRunNames";

type Message<T> = T | Readonly<Record<string, unknown>>;

export type ConditionState = "PENDING" | "RECONCILING" | "FAILED" | "SUCCEEDED" | "UNSPECIFIED";

export interface Condition {
  type: string;
  state: ConditionState;
  /** One line. */
  message: string;
  /** Why it failed, as a name from either of Google's two enums; empty if there is none. */
  reason: string;
  /** ISO 8601. */
  at?: string;
}

/** The facts about an execution that matter here, in one form for the SDK and for JSON. Times are ISO 8601. */
export interface ExecutionFacts {
  name: string;
  createTime?: string;
  startTime?: string;
  completionTime?: string;
  deleteTime?: string;
  conditions: Condition[];
  /** The attempt to which it belongs; absent if it is not pushpool's. */
  marker?: string;
}

/** How the last attempt of a task ended. Google sets either the exit code or the signal, or none; a code of 0 looks like none. */
export interface TaskFacts {
  started: boolean;
  /** A number of google.rpc.Code. */
  code: number;
  /** One line. */
  message: string;
  conditions: Condition[];
  exitCode?: number;
  termSignal?: number;
}

export function executionFacts(execution: Message<protos.google.cloud.run.v2.IExecution>): ExecutionFacts {
  const { name, createTime, startTime, completionTime, deleteTime, conditions, template } =
    execution as protos.google.cloud.run.v2.IExecution;
  const marker = template?.containers?.flatMap(({ env }) => env ?? []).find((each) => each.name === MARKER)?.value;
  return {
    name: name ?? "",
    ...present({ createTime: timeText(createTime), startTime: timeText(startTime) }),
    ...present({ completionTime: timeText(completionTime), deleteTime: timeText(deleteTime), marker: marker ?? undefined }),
    conditions: (conditions ?? []).map(conditionFacts),
  };
}

export function taskFacts(task: Message<protos.google.cloud.run.v2.ITask>): TaskFacts {
  const { startTime, lastAttemptResult, conditions } = task as protos.google.cloud.run.v2.ITask;
  return {
    started: timeText(startTime) !== undefined,
    code: lastAttemptResult?.status?.code ?? 0,
    message: textOfReply(lastAttemptResult?.status?.message ?? ""),
    conditions: (conditions ?? []).map(conditionFacts),
    ...present({ exitCode: lastAttemptResult?.exitCode || undefined, termSignal: lastAttemptResult?.termSignal || undefined }),
  };
}

export function conditionFacts(condition: Message<protos.google.cloud.run.v2.ICondition>): Condition {
  const { type, state, message, reason, executionReason, lastTransitionTime } = condition as protos.google.cloud.run.v2.ICondition;
  return {
    type: type ?? "",
    state: STATES[String(state ?? 0)] ?? "UNSPECIFIED",
    message: textOfReply(message ?? ""),
    reason: EXECUTION_REASONS[Number(executionReason)] ?? COMMON_REASONS[Number(reason)] ?? String(executionReason || reason || ""),
    ...present({ at: timeText(lastTransitionTime) }),
  };
}

/** By number and by name: the API returns either (condition.proto). */
const STATES: Record<string, ConditionState> = {
  1: "PENDING",
  2: "RECONCILING",
  3: "FAILED",
  4: "SUCCEEDED",
  CONDITION_PENDING: "PENDING",
  CONDITION_RECONCILING: "RECONCILING",
  CONDITION_FAILED: "FAILED",
  CONDITION_SUCCEEDED: "SUCCEEDED",
};

const EXECUTION_REASONS: Record<number, string> = {
  1: "JOB_STATUS_SERVICE_POLLING_ERROR",
  2: "NON_ZERO_EXIT_CODE",
  3: "CANCELLED",
  4: "CANCELLING",
  5: "DELETED",
  6: "DELAYED_START_PENDING",
};

const COMMON_REASONS: Record<number, string> = {
  1: "UNKNOWN",
  3: "REVISION_FAILED",
  4: "PROGRESS_DEADLINE_EXCEEDED",
  6: "CONTAINER_MISSING",
  7: "CONTAINER_PERMISSION_DENIED",
  8: "CONTAINER_IMAGE_UNAUTHORIZED",
  9: "CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED",
  10: "ENCRYPTION_KEY_PERMISSION_DENIED",
  11: "ENCRYPTION_KEY_CHECK_FAILED",
  12: "SECRETS_ACCESS_CHECK_FAILED",
  13: "WAITING_FOR_OPERATION",
  14: "IMMEDIATE_RETRY",
  15: "POSTPONED_RETRY",
  16: "INTERNAL",
  17: "VPC_NETWORK_NOT_FOUND",
};

/** A time of the API, from the SDK or from JSON, in ISO 8601. */
export function timeText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || !("seconds" in value)) return undefined;
  const { seconds, nanos } = value as { seconds: unknown; nanos?: number | null };
  const milliseconds = Number(seconds) * 1000 + Math.floor((nanos ?? 0) / 1e6);
  return milliseconds > 0 ? new Date(milliseconds).toISOString() : undefined;
}

function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
