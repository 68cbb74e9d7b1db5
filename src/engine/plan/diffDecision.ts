import { isDeepStrictEqual } from "node:util";
import type { Json } from "../../json";
import { isPlainObject, type Properties } from "../propertyWire";
import type { Diff, PropertyChange, PropertyDiff } from "../provider";
import { applyIgnoreChanges } from "./ignoreChanges";
import { pathOf, propertyPathParts } from "./propertyPath";

/** What the engine must do about the difference between the state and the program. */
export interface DiffDecision {
  changed: boolean;
  replace: boolean;
  deleteBeforeReplace: boolean;
  keys: string[];
  diffs: string[];
  detailed: Record<string, PropertyDiff>;
}

/** No difference. */
export const UNCHANGED: DiffDecision = { changed: false, replace: false, deleteBeforeReplace: false, keys: [], diffs: [], detailed: {} };

/** A replacement for a reason that is not a property: "provider" or "id". */
export function replaceBecauseOf(key: string): DiffDecision {
  return { ...UNCHANGED, changed: true, replace: true, keys: [key] };
}

/** Compares the inputs. Used for components, and for providers that leave the comparison to the engine. */
export function compareInputs(oldInputs: Properties, inputs: Properties): DiffDecision {
  const detailed = Object.fromEntries(differences(oldInputs, inputs, []));
  const keys = new Set([...Object.keys(oldInputs), ...Object.keys(inputs)]);
  const diffs = [...keys].filter((key) => !isDeepStrictEqual(oldInputs[key], inputs[key])).sort();
  return { ...UNCHANGED, changed: diffs.length > 0, diffs, detailed };
}

/** Combines a provider's answer with the options `ignoreChanges` and `replaceOnChanges` of the program. */
export function decideOnDiff(
  diff: Diff,
  {
    oldInputs,
    inputs,
    ignoreChanges,
    replaceOnChanges,
  }: { oldInputs: Properties; inputs: Properties; ignoreChanges: string[]; replaceOnChanges: string[] },
): DiffDecision {
  const { changes, replaces, diffs, detailed = {}, deleteBeforeReplace } = diff;
  const asked: DiffDecision =
    changes === "unknown" && replaces.length === 0
      ? compareInputs(oldInputs, applyIgnoreChanges(oldInputs, inputs, ignoreChanges))
      : { changed: changes === "some", replace: replaces.length > 0, deleteBeforeReplace, keys: replaces, diffs, detailed };
  if (!asked.changed || replaceOnChanges.length === 0) return asked;
  return withReplaceOnChanges(asked, replaceOnChanges);
}

/** Looks for the paths in the detailed differences and in the top-level properties. Only top-level properties are given as reasons. */
function withReplaceOnChanges(decision: DiffDecision, replaceOnChanges: string[]): DiffDecision {
  const wanted = replaceOnChanges.map(propertyPathParts);
  const found = (path: string) => wanted.some((segments) => covers(segments, propertyPathParts(path)));
  const keys = decision.diffs.filter(found);
  if (keys.length === 0 && !Object.keys(decision.detailed).some(found)) return decision;
  const detailed = Object.entries(decision.detailed).map(([path, { kind, input }]) => [
    path,
    { kind: found(path) ? toReplacement(kind) : kind, input },
  ]);
  return { ...decision, replace: true, keys: [...new Set([...decision.keys, ...keys])], detailed: Object.fromEntries(detailed) };
}

function toReplacement(kind: PropertyChange): PropertyChange {
  return kind === "add" || kind === "delete" || kind === "update" ? `${kind}-replace` : kind;
}

/** Whether `path` equals `wanted` or lies below it. `*` in `wanted` matches any part. */
function covers(wanted: string[], path: string[]): boolean {
  return wanted.length <= path.length && wanted.every((segment, index) => segment === "*" || segment === path[index]);
}

function* differences(before: Json | undefined, after: Json | undefined, path: (string | number)[]): Generator<[string, PropertyDiff]> {
  if (isDeepStrictEqual(before, after)) return;
  if (isPlainObject(before) && isPlainObject(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort())
      yield* differences(before[key], after[key], [...path, key]);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index++)
      yield* differences(before[index], after[index], [...path, index]);
  } else {
    yield [pathOf(path), { kind: before === undefined ? "add" : after === undefined ? "delete" : "update", input: true }];
  }
}
