import { isDeepStrictEqual } from "node:util";
import type { PendingOperation, ResourceState } from "./deployment";
import type { Step } from "./step";

const OPERATIONS: Partial<Record<Step["op"], PendingOperation["type"]>> = {
  create: "creating",
  "create-replacement": "creating",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
  read: "reading",
  "read-replacement": "reading",
  import: "importing",
  "import-replacement": "importing",
};

/** One change of a state, by which it is kept up to date: what is now is numbered as it comes, what was before by its place in the state. */
export type Edit =
  /** An operation is under way. */
  | { edit: "begin"; operation: number; type: PendingOperation["type"]; resource: ResourceState }
  /** It is not any more. */
  | { edit: "end"; operation: number }
  /** A resource is there, or is now otherwise. */
  | { edit: "put"; at: number; resource: ResourceState }
  /** One of before is superseded or deleted. */
  | { edit: "drop"; of: number }
  /** One of before has become something else without being done with. */
  | { edit: "change"; of: number; resource: ResourceState }
  /** A resource has another URN from now on. */
  | { edit: "move"; from: string; to: string };

/** What of the state changes while an operation goes on: pure bookkeeping, whose edits are written by whoever holds it. */
export class Snapshot {
  /** In the order in which they were done. */
  readonly #now: ResourceState[] = [];
  readonly #placeNow = new Map<ResourceState, number>();
  readonly #placeBefore: ReadonlyMap<ResourceState, number>;
  readonly #dropped = new Set<number>();
  readonly #changed = new Map<number, ResourceState>();
  readonly #moved = new Map<string, string>();
  readonly #pending = new Map<number, PendingOperation>();
  readonly #operations = new Map<Step, number>();
  #begun = 0;
  #edits: Edit[] = [];

  constructor(
    readonly before: readonly ResourceState[],
    /** Of an operation that was cut off: creations of which nobody knows whether they came about. */
    readonly interrupted: readonly PendingOperation[],
  ) {
    this.#placeBefore = new Map(before.map((resource, place) => [resource, place]));
  }

  /** @returns whether there is something to be written before the step is taken */
  begin(step: Step): boolean {
    const type = OPERATIONS[step.op];
    const resource = step.op === "delete" || step.op === "delete-replaced" ? step.old : step.next;
    if (!type || !resource?.custom) return false;
    const operation = this.#begun++;
    this.#operations.set(step, operation);
    this.#edit({ edit: "begin", operation, type, resource });
    return true;
  }

  /**
   * @param result what there is now; absent after a deletion
   * @returns whether there is something to be written
   */
  end(step: Step, result: ResourceState | undefined): boolean {
    this.fail(step);
    const { op, old } = step;
    switch (op) {
      case "create":
      case "same":
      case "update":
      case "delete":
      case "read":
      case "import":
      case "discard":
      case "discard-replaced":
      case "remove-pending-replace":
        this.#drop(old);
        break;
      case "create-replacement":
      case "read-replacement":
      case "import-replacement":
        if (step.oldRemains) this.#change(old, { delete: true });
        else this.#drop(old);
        break;
      case "delete-replaced":
        if (step.replacementFollows) this.#change(old, { pendingReplacement: true });
        else this.#drop(old);
        break;
      case "replace":
      case "refresh":
        return false;
    }
    if (old && result && old.urn !== result.urn) this.#edit({ edit: "move", from: old.urn, to: result.urn });
    // What was imported, and is changed in the same breath, stays where it stands.
    const at = (old && this.#placeNow.get(old)) ?? this.#now.length;
    if (result) this.#edit({ edit: "put", at, resource: result });
    // A mere change of order is written with the next change.
    return (op !== "same" && op !== "read") || !isDeepStrictEqual(old, result);
  }

  /** The step did not come about, and left nothing. */
  fail(step: Step): boolean {
    const operation = this.#operations.get(step);
    if (operation === undefined) return false;
    this.#operations.delete(step);
    this.#edit({ edit: "end", operation });
    return true;
  }

  /** A resource has become another without a step: its outputs have come. */
  change(from: ResourceState, to: ResourceState): void {
    const at = this.#placeNow.get(from);
    if (at !== undefined) this.#edit({ edit: "put", at, resource: to });
  }

  /** What has changed since this was last asked, in its order. */
  takeEdits(): Edit[] {
    const edits = this.#edits;
    this.#edits = [];
    return edits;
  }

  /** Edits that were taken, and could not be written. */
  giveBack(edits: readonly Edit[]): void {
    this.#edits = [...edits, ...this.#edits];
  }

  /**
   * Take an edit over.
   * @throws if it is none of this state
   */
  apply(edit: Edit): void {
    switch (edit.edit) {
      case "begin":
        this.#pending.set(edit.operation, { resource: edit.resource, type: edit.type });
        return;
      case "end":
        this.#pending.delete(edit.operation);
        return;
      case "put": {
        const former = this.#now[edit.at];
        if (edit.at > this.#now.length) throw new Error(`there is no place ${edit.at}`);
        if (former) this.#placeNow.delete(former);
        this.#now[edit.at] = edit.resource;
        this.#placeNow.set(edit.resource, edit.at);
        return;
      }
      case "drop":
      case "change":
        if (!(edit.of in this.before)) throw new Error(`there was no resource ${edit.of}`);
        if (edit.edit === "drop") this.#dropped.add(edit.of);
        else this.#changed.set(edit.of, edit.resource);
        return;
      case "move":
        this.#moved.set(edit.from, edit.to);
        return;
    }
  }

  /** What is done, then what is left of before: a crash now must forget neither. */
  resources(): ResourceState[] {
    const left = this.before.flatMap((resource, place) => (this.#dropped.has(place) ? [] : [this.#changed.get(place) ?? resource]));
    return [...this.#now, ...left.map((resource) => withReferences(resource, this.#moved))];
  }

  pending(): PendingOperation[] {
    return [...this.#pending.values(), ...this.interrupted];
  }

  #edit(edit: Edit): void {
    this.apply(edit);
    this.#edits.push(edit);
  }

  #drop(old: ResourceState | undefined): void {
    const place = old && this.#placeBefore.get(old);
    if (place !== undefined) this.#edit({ edit: "drop", of: place });
  }

  #change(old: ResourceState | undefined, change: Partial<ResourceState>): void {
    const place = old && this.#placeBefore.get(old);
    if (old && place !== undefined) this.#edit({ edit: "change", of: place, resource: { ...old, ...change } });
  }
}

/** A state in which a resource names one that is not there any more is refused by `pulumi stack import`. */
function withReferences(resource: ResourceState, moved: ReadonlyMap<string, string>): ResourceState {
  const { parent, dependencies = [], propertyDependencies = {} } = resource;
  const named = [...(parent ? [parent] : []), ...dependencies, ...Object.values(propertyDependencies).flatMap((urns) => urns ?? [])];
  if (moved.size === 0 || !named.some((urn) => moved.has(urn))) return resource;
  const currentUrn = (urn: string) => moved.get(urn) ?? urn;
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
