import type { PropertyDiff } from "../provider";
import type { Resource } from "./stackStore";

/** What the engine does to a resource; Pulumi's words (pkg/resource/deploy/step.go). */
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

/** What differs, for those who read the plan. */
export interface StepDiff {
  /** Properties for whose sake it is replaced. */
  keys?: string[];
  /** Top-level properties that differ. */
  diffs?: string[];
  detailed?: Record<string, PropertyDiff>;
}

/** One thing to be done to one resource. Resources in it are never changed: what comes of a step is a new one. */
export interface Step extends StepDiff {
  op: Op;
  urn: string;
  type: string;
  /** What the state has of it. */
  old?: Resource;
  /** What it is to be, with the outputs and the id that are known before it is done. */
  next?: Resource;
  /** Properties whose changes the program does not care for. */
  ignoreChanges?: string[];
  /** `create-replacement`: the old one is still there, and deleted later. */
  oldRemains?: boolean;
  /** `delete-replaced`: the replacement is made next, and until then the state remembers that it is missing. */
  replacementFollows?: boolean;
}

/** How often each op was, or would be, done. The halves of a replacement count as one. */
export type Changes = Partial<Record<Op, number>>;

const UNCOUNTED: readonly Op[] = [
  ...(["create-replacement", "delete-replaced", "remove-pending-replace", "import-replacement"] as const),
  ...(["read", "read-replacement", "discard-replaced"] as const),
];

/** Whether a step counts in the summary: a replacement does once, by its `replace`; what is only looked at does not. */
export function counts({ op }: Pick<Step, "op">): boolean {
  return !UNCOUNTED.includes(op);
}

/** Whether what a step is about is gone after it, from the state at least. */
export function isGone(op: Op): boolean {
  return op.startsWith("delete") || op.startsWith("discard");
}
