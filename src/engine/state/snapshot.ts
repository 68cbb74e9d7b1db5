import { isDeepStrictEqual } from "node:util";
import type { PendingOperation, ResourceState } from "./stateFormat";
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

/** One change of a state. New resources are numbered as they come, old ones by their place in the state before. */
export type Edit =
  /** An operation begins. */
  | { edit: "begin"; operation: number; type: PendingOperation["type"]; resource: ResourceState }
  /** The operation ended. */
  | { edit: "end"; operation: number }
  /** A new resource, or a new version of one. */
  | { edit: "put"; at: number; resource: ResourceState }
  /** An old resource is superseded or deleted. */
  | { edit: "drop"; of: number }
  /** An old resource changed, and must still be handled. */
  | { edit: "change"; of: number; resource: ResourceState }
  /** A resource has a new URN. */
  | { edit: "move"; from: string; to: string };

/** Tracks how the state changes during an operation. It is pure bookkeeping; the caller writes the edits. */
export class Snapshot {
  /** The new resources, in the order in which they were executed. */
  readonly #new: ResourceState[] = [];
  readonly #placeOfNew = new Map<ResourceState, number>();
  readonly #placeOfOld: ReadonlyMap<ResourceState, number>;
  readonly #dropped = new Set<number>();
  readonly #changed = new Map<number, ResourceState>();
  readonly #moved = new Map<string, string>();
  readonly #pending = new Map<number, PendingOperation>();
  readonly #operations = new Map<Step, number>();
  #begun = 0;
  #edits: Edit[] = [];

  constructor(
    readonly before: readonly ResourceState[],
    /** Creations of an interrupted operation whose result is unknown. */
    readonly interrupted: readonly PendingOperation[],
  ) {
    this.#placeOfOld = new Map(before.map((resource, place) => [resource, place]));
  }

  /** @returns whether an edit must be written before the step is executed */
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
   * @param result the resource after the step; absent after a deletion
   * @returns whether an edit must be written now
   */
  end(step: Step, result: ResourceState | undefined): boolean {
    this.fail(step);
    const { op, old } = step;
    if (step.untargeted === "skipped") return false;
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
    // A resource that is imported and then changed in the same operation keeps its place.
    const at = (old && this.#placeOfNew.get(old)) ?? this.#new.length;
    if (result) this.#edit({ edit: "put", at, resource: result });
    // A change of order alone is written with the next edit.
    return (op !== "same" && op !== "read") || !isDeepStrictEqual(old, result);
  }

  /** The step failed and changed nothing. */
  fail(step: Step): boolean {
    const operation = this.#operations.get(step);
    if (operation === undefined) return false;
    this.#operations.delete(step);
    this.#edit({ edit: "end", operation });
    return true;
  }

  /** A resource changed without a step: its outputs were registered. */
  change(from: ResourceState, to: ResourceState): void {
    const at = this.#placeOfNew.get(from);
    if (at !== undefined) this.#edit({ edit: "put", at, resource: to });
  }

  /** Take the edits since the last call, in order. */
  takeEdits(): Edit[] {
    const edits = this.#edits;
    this.#edits = [];
    return edits;
  }

  /** Give back edits that could not be written. */
  giveBack(edits: readonly Edit[]): void {
    this.#edits = [...edits, ...this.#edits];
  }

  /**
   * Apply an edit.
   * @throws {Error} if it does not belong to this state
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
        const former = this.#new[edit.at];
        if (edit.at > this.#new.length) throw new Error(`place ${edit.at} does not exist`);
        if (former) this.#placeOfNew.delete(former);
        this.#new[edit.at] = edit.resource;
        this.#placeOfNew.set(edit.resource, edit.at);
        return;
      }
      case "drop":
      case "change":
        if (!(edit.of in this.before)) throw new Error(`resource ${edit.of} does not exist`);
        if (edit.edit === "drop") this.#dropped.add(edit.of);
        else this.#changed.set(edit.of, edit.resource);
        return;
      case "move":
        this.#moved.set(edit.from, edit.to);
        return;
    }
  }

  /** The new resources, then the old ones that remain. A crash now must lose neither. */
  resources(): ResourceState[] {
    const left = this.before.flatMap((resource, place) => (this.#dropped.has(place) ? [] : [this.#changed.get(place) ?? resource]));
    return [...this.#new, ...left.map((resource) => withReferences(resource, this.#moved))];
  }

  pending(): PendingOperation[] {
    return [...this.#pending.values(), ...this.interrupted];
  }

  #edit(edit: Edit): void {
    this.apply(edit);
    this.#edits.push(edit);
  }

  #drop(old: ResourceState | undefined): void {
    const place = old && this.#placeOfOld.get(old);
    if (place !== undefined) this.#edit({ edit: "drop", of: place });
  }

  #change(old: ResourceState | undefined, change: Partial<ResourceState>): void {
    const place = old && this.#placeOfOld.get(old);
    if (old && place !== undefined) this.#edit({ edit: "change", of: place, resource: { ...old, ...change } });
  }
}

/** The resource with references to the new URNs. `pulumi stack import` rejects a reference to a resource that does not exist. */
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
