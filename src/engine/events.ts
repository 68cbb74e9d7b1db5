import type { JsonObject } from "../json";

/** What the engine does to a resource; Pulumi's words. */
export type Op = "create" | "update" | "same" | "delete";

/** What is heard while an operation goes on. */
export type EngineEvent =
  | { kind: "resource"; phase: "planned" | "done" | "failed"; op: Op; urn: string; type: string; name: string; changedKeys?: string[] }
  | { kind: "diagnostic"; severity: "debug" | "info" | "warning" | "error"; message: string; urn?: string }
  | { kind: "stdout" | "stderr"; text: string };

export interface EngineResult {
  project: string;
  stack: string;
  /** How many resources each op was, or would be, done to. */
  changes: Partial<Record<Op, number>>;
  /** The stack's outputs, secrets as "[secret]". */
  outputs: JsonObject;
  /** Nothing was, or would be, changed. */
  unchanged: boolean;
  durationMs: number;
}
