import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../json";
import { UNKNOWN } from "../unknown";
import type { StepEvent } from "./engineEvents";
import { pathOf, propertyPathParts } from "./plan/propertyPath";
import { isGone, type Op } from "./state/step";

/** The marks that Pulumi's own output uses. */
export const MARKS: Record<Op, string> = {
  create: "+",
  update: "~",
  delete: "-",
  replace: "+-",
  "create-replacement": "++",
  "delete-replaced": "--",
  "remove-pending-replace": "-",
  refresh: "~",
  read: ">",
  "read-replacement": ">>",
  discard: "<",
  "discard-replaced": "<<",
  import: "=",
  "import-replacement": "=>",
  same: " ",
};

/**
 * The steps as text, each with the properties that differ below it. Halves of replacements, the stack and default providers are left out.
 */
export function diffText(steps: readonly StepEvent[]): string {
  return steps
    .filter(isShown)
    .flatMap((step) => [`${MARKS[step.op]} ${step.type} ${step.name}`, ...propertyLines(step).map((line) => `    ${line}`)])
    .join("\n");
}

/** The halves of a replacement, which its `replace` stands for. */
const HALVES: readonly Op[] = ["create-replacement", "delete-replaced", "read-replacement", "discard-replaced", "import-replacement"];

/** Whether a plan shows a step. */
export function isShown({ op, type, name }: StepEvent): boolean {
  if (op === "same" || op === "refresh" || HALVES.includes(op)) return false;
  return type !== "pulumi:pulumi:Stack" && !(type.startsWith("pulumi:providers:") && name.startsWith("default"));
}

/** A line such as `~ size: 1 => 2` for each property that differs. */
export function propertyLines({ op, detailedDiff, diffs, keys, old, new: now }: StepEvent): string[] {
  if (op === "create" || op === "import" || op === "read" || isGone(op)) return [];
  const named = [...(keys ?? []), ...(diffs ?? [])];
  const paths = detailedDiff
    ? Object.keys(detailedDiff)
    : (named.length > 0 ? [...new Set(named)] : differing(old?.inputs, now?.inputs)).map((key) => pathOf([key]));
  return paths.flatMap((path) => {
    const input = detailedDiff?.[path]?.input ?? true;
    const before = valueAt((input ? old?.inputs : old?.outputs) ?? {}, path);
    const after = valueAt(now?.inputs ?? {}, path);
    if (path === "provider" || path === "__provider") return [`~ ${path}`];
    if (before === undefined && after === undefined) return [];
    if (before === undefined) return [`+ ${path}: ${shown(after)}`];
    if (after === undefined) return [`- ${path}: ${shown(before)}`];
    return [`~ ${path}: ${shown(before)} => ${shown(after)}`];
  });
}

/** The inputs that differ, for a provider that only says that something does. */
function differing(before: JsonObject = {}, after: JsonObject = {}): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !isDeepStrictEqual(before[key], after[key])).sort();
}

function valueAt(properties: JsonObject, path: string): Json | undefined {
  let at: Json | undefined = properties;
  for (const segment of propertyPathParts(path)) at = typeof at === "object" && at !== null ? (at as JsonObject)[segment] : undefined;
  return at;
}

const MAX_VALUE_LENGTH = 80;

function shown(value: Json | undefined): string {
  if (value === UNKNOWN) return "[unknown]";
  const text = JSON.stringify(value)?.replaceAll(`"${UNKNOWN}"`, "[unknown]") ?? "";
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}
