import type { Resource } from "../state/stackStore";
import type { Step } from "../state/step";
import type { Verdict } from "./diff";

/** A dependent that is deleted together with what is deleted before it is replaced. */
export interface Condemned {
  resource: Resource;
  keys: string[];
}

/** Steps for something that the state has not. */
export function creating(next: Resource): Step[] {
  return [{ op: "create", urn: next.urn, type: next.type, next }];
}

/** Steps for something that stays: with its id and outputs, whatever of its options has changed. */
export function keeping(old: Resource, next: Resource): Step[] {
  const { id, outputs, created, modified } = old;
  const kept = {
    ...(id === undefined ? {} : { id }),
    ...(outputs ? { outputs } : {}),
    ...(created ? { created } : {}),
    ...(modified ? { modified } : {}),
  };
  return [{ op: "same", urn: next.urn, type: next.type, old, next: { ...next, ...kept } }];
}

/** Steps for something that is changed in place. What was not well is updated though nothing differs: by that it may become well. */
export function updating(old: Resource, next: Resource, verdict: Verdict, ignoreChanges: string[]): Step[] {
  const { id, created } = old;
  const kept = { ...(id === undefined ? {} : { id }), ...(created ? { created } : {}) };
  return [{ op: "update", urn: next.urn, type: next.type, old, next: { ...next, ...kept }, ...shown(verdict), ignoreChanges }];
}

/** Steps for a replacement that is made while the old one is still there; the old one is deleted when all else is done. */
export function replacing(old: Resource, next: Resource, verdict: Verdict): Step[] {
  const step = { urn: next.urn, type: next.type, old, next, ...shown(verdict) };
  return [
    { op: "create-replacement", ...step, oldRemains: true },
    { op: "replace", ...step },
  ];
}

/** Steps for a replacement that is made once the old one, and before it those that cannot stand without it, are deleted. */
export function deletingFirst(old: Resource, next: Resource, verdict: Verdict, condemned: readonly Condemned[]): Step[] {
  const doomed = [...condemned.map(({ resource }) => resource), ...(old.pendingReplacement ? [] : [old])];
  const deletions = doomed.map((resource): Step => ({ ...deletingReplaced(resource), replacementFollows: true }));
  return [...deletions, ...recreating(old, next, verdict)];
}

/** Steps for something that has been deleted already. */
export function recreating(
  old: Resource,
  next: Resource,
  verdict: Pick<Verdict, "keys" | "diffs" | "detailed">,
  { condemned = false } = {},
): Step[] {
  const step = { urn: next.urn, type: next.type, old, next, ...shown(verdict) };
  return [
    // One that had to go with another is not replaced for its own sake.
    { ...step, op: "replace", ...(condemned ? { keys: [] } : {}) },
    { op: "create-replacement", ...step },
  ];
}

/** Steps for something that is there, and takes the place of what the state has under its URN: that is deleted when all else is done. */
export function inPlaceOf(old: Resource, next: Resource, op: "read-replacement" | "import-replacement"): Step[] {
  const step = { urn: next.urn, type: next.type, old, next };
  return [
    { op, ...step, oldRemains: true },
    { op: "replace", ...step },
  ];
}

export function deletingReplaced(old: Resource): Step {
  return { op: old.external ? "discard-replaced" : "delete-replaced", urn: old.urn, type: old.type, old };
}

/** What differs, as far as anything does. */
export function shown({ keys, diffs, detailed }: Pick<Verdict, "keys" | "diffs" | "detailed">): Pick<Step, "keys" | "diffs" | "detailed"> {
  return {
    ...(keys.length > 0 ? { keys } : {}),
    ...(diffs.length > 0 ? { diffs } : {}),
    ...(Object.keys(detailed).length > 0 ? { detailed } : {}),
  };
}
