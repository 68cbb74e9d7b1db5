import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../json";
import type { Op } from "../events";
import type { Resource } from "../state/stackStore";

/** What is to be done to one resource. */
export interface Step {
  op: Op;
  resource: Resource;
  /** Inputs that differ, for an update. */
  changedKeys: string[];
}

/**
 * What a component's registration means: it has no provider to ask, so its inputs alone decide, and an update is a change of state only.
 * Where nothing changes its outputs stay until it says them anew; an updated one has none until then (as Pulumi has it).
 */
export function planComponent(old: Resource | undefined, wanted: Resource, now: string): Step {
  if (!old) return { op: "create", resource: { ...wanted, created: now, modified: now }, changedKeys: [] };
  const changedKeys = differing(old.inputs ?? {}, wanted.inputs ?? {});
  const created = old.created ? { created: old.created } : {};
  if (changedKeys.length > 0) return { op: "update", resource: { ...wanted, ...created, modified: now }, changedKeys };
  const kept = { ...(old.outputs ? { outputs: old.outputs } : {}), ...created, ...(old.modified ? { modified: old.modified } : {}) };
  return { op: "same", resource: { ...wanted, ...kept }, changedKeys };
}

/** The resources to delete, in layers: a later layer needs nothing of an earlier one. Children go before their parents. */
export function deletionLayers(all: readonly Resource[], doomed: ReadonlySet<string>): Resource[][] {
  let left = all.filter(({ urn }) => doomed.has(urn));
  const layers: Resource[][] = [];
  while (left.length > 0) {
    const needed = new Set(left.flatMap(({ parent, dependencies = [] }) => [...(parent ? [parent] : []), ...dependencies]));
    const layer = left.filter(({ urn }) => !needed.has(urn));
    if (layer.length === 0) throw new Error(`resources that need each other: ${left.map(({ urn }) => urn).join(", ")}`);
    layers.push(layer);
    left = left.filter(({ urn }) => needed.has(urn));
  }
  return layers;
}

function differing(before: JsonObject, after: JsonObject): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isDeepStrictEqual(before[key], after[key]));
}
