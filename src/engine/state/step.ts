import type { PropertyDiff } from "../provider";
import type { Resource } from "./stackStore";

/** An operation on a resource, by Pulumi's names (pkg/resource/deploy/step.go). */
export type Op =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "remove-pending-replace"
  | "refresh"
  | "read"
  | "read-replacement"
  | "discard"
  | "discard-replaced"
  | "import"
  | "import-replacement";

/** What differs, for the readers of a plan. */
export interface StepDiff {
  /** Properties that cause the replacement. */
  keys?: string[];
  /** Top-level properties that differ. */
  diffs?: string[];
  detailed?: Record<string, PropertyDiff>;
}

/** One operation on one resource. Resources in a step are never mutated: its result is a new object. */
export interface Step extends StepDiff {
  op: Op;
  urn: string;
  type: string;
  /** The resource in the state before the step. */
  old?: Resource;
  /** The wanted resource, with the id and outputs that are known before the step. */
  next?: Resource;
  /** Properties whose changes the program ignores. */
  ignoreChanges?: string[];
  /** `create-replacement`: the old resource still exists, and is deleted later. */
  oldRemains?: boolean;
  /**
   * `same`: the resource does not take part in the operation. `kept`: it stays as the state has it. `skipped`: the state does not have it, and
   * it is not created.
   */
  untargeted?: "kept" | "skipped";
  /** `delete-replaced`: the replacement is created next. Until then the state records that it is missing. */
  replacementFollows?: boolean;
}

/** How often each op was, or would be, executed. The two halves of a replacement count as one. */
export type Changes = Partial<Record<Op, number>>;

const UNCOUNTED: readonly Op[] = [
  ...(["create-replacement", "delete-replaced", "remove-pending-replace", "import-replacement"] as const),
  ...(["read", "read-replacement", "discard-replaced"] as const),
];

/** Whether a step counts in the summary. A replacement counts once, by its `replace`. Reads do not count. */
export function isCounted({ op }: Pick<Step, "op">): boolean {
  return !UNCOUNTED.includes(op);
}

/** Whether the state no longer holds the resource after the step. */
export function isGone(op: Op): boolean {
  return op.startsWith("delete") || op.startsWith("discard");
}
