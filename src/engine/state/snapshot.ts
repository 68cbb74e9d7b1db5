import type { Step } from "../plan/step";
import type { PendingOperation } from "./deployment";
import type { Resource } from "./stackStore";

const OPERATIONS: Partial<Record<Step["op"], PendingOperation["type"]>> = {
  create: "creating",
  "create-replacement": "creating",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
};

/** What of the state changes while an operation goes on: pure bookkeeping, written by whoever holds it. */
export class Snapshot {
  /** In the order in which they were done. */
  readonly #now: Resource[] = [];
  /** Of what was there before: that which is superseded or deleted. */
  readonly #done = new Set<Resource>();
  /** Of what was there before: that which has become something else without being done with. */
  readonly #changed = new Map<Resource, Resource>();
  readonly #pending = new Map<Step, PendingOperation>();

  constructor(
    readonly before: readonly Resource[],
    /** Of an operation that was cut off: creations of which nobody knows whether they came about. */
    readonly interrupted: readonly PendingOperation[],
    /** The new URN of what has moved. */
    readonly currentUrn: (urn: string) => string,
  ) {}

  /** @returns whether there is something to be written before the step is taken */
  begin(step: Step): boolean {
    const type = OPERATIONS[step.op];
    const resource = step.op === "delete" || step.op === "delete-replaced" ? step.old : step.next;
    if (!type || !resource?.custom) return false;
    this.#pending.set(step, { resource, type });
    return true;
  }

  /**
   * @param result what there is now; absent after a deletion
   * @returns whether there is something to be written
   */
  end(step: Step, result: Resource | undefined): boolean {
    this.#pending.delete(step);
    const { op, old } = step;
    switch (op) {
      case "create":
      case "same":
      case "update":
        if (old) this.#done.add(old);
        break;
      case "create-replacement":
        if (old && step.oldRemains) this.#changed.set(old, { ...old, delete: true });
        else if (old) this.#done.add(old);
        break;
      case "delete-replaced":
        if (old && step.replacementFollows) this.#changed.set(old, { ...old, pendingReplacement: true });
        else if (old) this.#done.add(old);
        return true;
      case "delete":
      case "remove-pending-replace":
        if (old) this.#done.add(old);
        return true;
      case "replace":
      case "refresh":
        return false;
    }
    if (result) this.#now.push(result);
    return op !== "same" || !old || !sameInState(old, result);
  }

  /** The step did not come about, and left nothing. */
  fail(step: Step): boolean {
    return this.#pending.delete(step);
  }

  /** A resource has become another without a step: its outputs have come. */
  change(from: Resource, to: Resource): void {
    const at = this.#now.indexOf(from);
    if (at >= 0) this.#now[at] = to;
  }

  /** What is done, then what is left of before: a crash now must forget neither. */
  resources(): Resource[] {
    const left = this.before.filter((resource) => !this.#done.has(resource)).map((resource) => this.#changed.get(resource) ?? resource);
    return [...this.#now, ...left.map((resource) => withReferences(resource, this.currentUrn))];
  }

  pending(): PendingOperation[] {
    return [...this.#pending.values(), ...this.interrupted];
  }
}

/** Whether keeping a resource leaves its place in the state as it was; a mere change of order is written with the next change. */
function sameInState(old: Resource, now: Resource | undefined): boolean {
  return JSON.stringify(old) === JSON.stringify(now);
}

/** A state in which a resource names one that is not there any more is refused by `pulumi stack import`. */
function withReferences(resource: Resource, currentUrn: (urn: string) => string): Resource {
  const { parent, dependencies = [], propertyDependencies = {} } = resource;
  const named = [...(parent ? [parent] : []), ...dependencies, ...Object.values(propertyDependencies).flatMap((urns) => urns ?? [])];
  if (named.every((urn) => currentUrn(urn) === urn)) return resource;
  return {
    ...resource,
    ...(parent ? { parent: currentUrn(parent) } : {}),
    ...(resource.dependencies ? { dependencies: dependencies.map(currentUrn) } : {}),
    ...(resource.propertyDependencies
      ? {
          propertyDependencies: Object.fromEntries(
            Object.entries(propertyDependencies).map(([key, urns]) => [key, urns?.map(currentUrn) ?? null]),
          ),
        }
      : {}),
  };
}
