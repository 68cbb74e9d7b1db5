import type { Resource } from "../state/stackStore";
import type { Step } from "../state/step";
import type { DiffDecision } from "./diffDecision";

/** A dependent of a resource that is deleted before it is replaced. The dependent is deleted and replaced with it. */
export interface DependentReplacement {
  resource: Resource;
  keys: string[];
}

/** Steps for a resource that is not in the state. */
export function createSteps(next: Resource): Step[] {
  return [{ op: "create", urn: next.urn, type: next.type, next }];
}

/** Steps for a resource that stays: it keeps its id and outputs, even if its options have changed. */
export function keepSteps(old: Resource, next: Resource): Step[] {
  const { id, outputs, created, modified } = old;
  const kept = {
    ...(id === undefined ? {} : { id }),
    ...(outputs ? { outputs } : {}),
    ...(created ? { created } : {}),
    ...(modified ? { modified } : {}),
  };
  return [{ op: "same", urn: next.urn, type: next.type, old, next: { ...next, ...kept } }];
}

/** The step of a resource that stays as the state has it, because it does not take part in the operation. */
export function untargetedStep(old: Resource, next: Resource = old): Step {
  const [step] = keepSteps(old, next);
  return { ...(step as Step), untargeted: "kept" };
}

/** The step of a resource that is not created, because it does not take part in the operation. */
export function skippedCreateStep(next: Resource): Step {
  return { op: "same", urn: next.urn, type: next.type, next, untargeted: "skipped" };
}

/**
 * Steps for a resource that is changed in place. A resource with init errors is updated even if nothing differs, because the update may
 * repair it.
 */
export function updateSteps(old: Resource, next: Resource, decision: DiffDecision, ignoreChanges: string[]): Step[] {
  const { id, created } = old;
  const kept = { ...(id === undefined ? {} : { id }), ...(created ? { created } : {}) };
  return [{ op: "update", urn: next.urn, type: next.type, old, next: { ...next, ...kept }, ...diffFields(decision), ignoreChanges }];
}

/** Steps that create the replacement while the old resource still exists. The old resource is deleted at the end of the operation. */
export function replaceSteps(old: Resource, next: Resource, decision: DiffDecision): Step[] {
  const step = { urn: next.urn, type: next.type, old, next, ...diffFields(decision) };
  return [
    { op: "create-replacement", ...step, oldRemains: true },
    { op: "replace", ...step },
  ];
}

/** Steps that delete the old resource first and then create its replacement. Dependents that must be replaced too are deleted before it. */
export function deleteBeforeReplaceSteps(
  old: Resource,
  next: Resource,
  decision: DiffDecision,
  dependents: readonly DependentReplacement[],
): Step[] {
  const toDelete = [...dependents.map(({ resource }) => resource), ...(old.pendingReplacement ? [] : [old])];
  const deletions = toDelete.map((resource): Step => ({ ...deleteReplacedStep(resource), replacementFollows: true }));
  return [...deletions, ...recreateSteps(old, next, decision)];
}

/** Steps for a resource that this operation has already deleted. */
export function recreateSteps(
  old: Resource,
  next: Resource,
  decision: Pick<DiffDecision, "keys" | "diffs" | "detailed">,
  { isDependent = false } = {},
): Step[] {
  const step = { urn: next.urn, type: next.type, old, next, ...diffFields(decision) };
  return [
    // A resource that is replaced only because of another resource has no reason of its own.
    { ...step, op: "replace", ...(isDependent ? { keys: [] } : {}) },
    { op: "create-replacement", ...step },
  ];
}

/**
 * Steps for a resource that already exists and takes over a URN of the state. The resource that had the URN is deleted at the end of the
 * operation.
 */
export function takeOverSteps(old: Resource, next: Resource, op: "read-replacement" | "import-replacement"): Step[] {
  const step = { urn: next.urn, type: next.type, old, next };
  return [
    { op, ...step, oldRemains: true },
    { op: "replace", ...step },
  ];
}

export function deleteReplacedStep(old: Resource): Step {
  return { op: old.external ? "discard-replaced" : "delete-replaced", urn: old.urn, type: old.type, old };
}

/** The fields of a step that say what differs. Empty ones are left out. */
export function diffFields({
  keys,
  diffs,
  detailed,
}: Pick<DiffDecision, "keys" | "diffs" | "detailed">): Pick<Step, "keys" | "diffs" | "detailed"> {
  return {
    ...(keys.length > 0 ? { keys } : {}),
    ...(diffs.length > 0 ? { diffs } : {}),
    ...(Object.keys(detailed).length > 0 ? { detailed } : {}),
  };
}
