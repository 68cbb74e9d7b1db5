import { isDeepStrictEqual } from "node:util";
import type { Json } from "../../json";
import type { Diff, PropertyChange, PropertyDiff } from "../provider";
import { isPlainObject, type Properties } from "../wire";
import { ignoringChanges } from "./ignoreChanges";
import { pathOf, segmentsOf } from "./propertyPath";

/** What is to be done about the difference between what is there and what is wanted. */
export interface Verdict {
  changed: boolean;
  replace: boolean;
  deleteBeforeReplace: boolean;
  keys: string[];
  diffs: string[];
  detailed: Record<string, PropertyDiff>;
}

/** No difference. */
export const UNCHANGED: Verdict = { changed: false, replace: false, deleteBeforeReplace: false, keys: [], diffs: [], detailed: {} };

/** Replaced for one reason that is not in its properties: "provider", "id". */
export function replacedFor(key: string): Verdict {
  return { ...UNCHANGED, changed: true, replace: true, keys: [key] };
}

/** Where no provider is asked, the inputs decide: for components, and where a provider leaves it to the engine. */
export function compareInputs(oldInputs: Properties, inputs: Properties): Verdict {
  const detailed = Object.fromEntries(differences(oldInputs, inputs, []));
  const keys = new Set([...Object.keys(oldInputs), ...Object.keys(inputs)]);
  const diffs = [...keys].filter((key) => !isDeepStrictEqual(oldInputs[key], inputs[key])).sort();
  return { ...UNCHANGED, changed: diffs.length > 0, diffs, detailed };
}

/** What a provider's answer comes to, with the program's own wishes about it. */
export function verdictOf(
  diff: Diff,
  {
    oldInputs,
    inputs,
    ignoreChanges,
    replaceOnChanges,
  }: { oldInputs: Properties; inputs: Properties; ignoreChanges: string[]; replaceOnChanges: string[] },
): Verdict {
  const { changes, replaces, diffs, detailed = {}, deleteBeforeReplace } = diff;
  const asked: Verdict =
    changes === "unknown" && replaces.length === 0
      ? compareInputs(oldInputs, ignoringChanges(oldInputs, inputs, ignoreChanges))
      : { changed: changes === "some", replace: replaces.length > 0, deleteBeforeReplace, keys: replaces, diffs, detailed };
  if (!asked.changed || replaceOnChanges.length === 0) return asked;
  return replacingOn(asked, replaceOnChanges);
}

/** A path is looked for among the detailed differences and among the top-level properties; only the latter are given as reasons. */
function replacingOn(verdict: Verdict, replaceOnChanges: string[]): Verdict {
  const wanted = replaceOnChanges.map(segmentsOf);
  const found = (path: string) => wanted.some((segments) => covers(segments, segmentsOf(path)));
  const keys = verdict.diffs.filter(found);
  if (keys.length === 0 && !Object.keys(verdict.detailed).some(found)) return verdict;
  const detailed = Object.entries(verdict.detailed).map(([path, { kind, input }]) => [
    path,
    { kind: found(path) ? replacing(kind) : kind, input },
  ]);
  return { ...verdict, replace: true, keys: [...new Set([...verdict.keys, ...keys])], detailed: Object.fromEntries(detailed) };
}

function replacing(kind: PropertyChange): PropertyChange {
  return kind === "add" || kind === "delete" || kind === "update" ? `${kind}-replace` : kind;
}

/** Whether a path is at or below another, in which `*` stands for any part. */
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
