import type { JsonObject } from "../json";
import { UserError } from "../userError";
import type { EngineEvent, Op } from "./events";
import type { Deployment, Registration } from "./grpc/monitorService";
import { formerUrns } from "./plan/aliases";
import { ignoringChanges } from "./plan/ignoreChanges";
import { deletionLayers, planComponent } from "./plan/step";
import { nameOf, urnOf } from "./plan/urn";
import type { StackConfig } from "./stackConfig";
import type { Resource, StackStore } from "./state/stackStore";

const STACK_TYPE = "pulumi:pulumi:Stack";

/** A program asked for something impossible; the deployment ends, and this is why. */
class DeploymentFailed extends UserError {}

interface DeploymentOptions {
  project: string;
  stack: string;
  config: StackConfig;
  parallel: number;
  /** Plan only: nothing is written. */
  dryRun: boolean;
  store: StackStore;
  /** What the stack has, secrets opened. */
  before: Promise<readonly Resource[]>;
  onEvent: (event: EngineEvent) => void;
  /** Hears once that the deployment cannot end well any more. */
  onFailure: () => void;
}

/**
 * One preview or update as it goes: what the program has registered so far, over what the stack had before. In an update the state is
 * written whole after each step, so that it can be killed at any moment and nothing that was made is forgotten.
 */
export class RunningDeployment implements Deployment {
  readonly project: string;
  readonly stack: string;
  readonly config: StackConfig;
  readonly parallel: number;
  readonly dryRun: boolean;
  readonly changes: Partial<Record<Op, number>> = {};
  /** Why it cannot end well, if so. */
  failure: UserError | undefined;
  readonly #options: DeploymentOptions;
  #before: ReadonlyMap<string, Resource> = new Map();
  /** In the order of their registration. */
  readonly #now = new Map<string, Resource>();
  /** URNs that were found under an alias: from the new one to the former, and back. */
  readonly #formerOf = new Map<string, string>();
  readonly #nowOf = new Map<string, string>();
  readonly #deleted = new Set<string>();
  #stackOutputs: JsonObject | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #opened: Promise<void>;
  #doneCalled = false;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    ({ project: this.project, stack: this.stack, config: this.config, parallel: this.parallel, dryRun: this.dryRun } = options);
    this.#opened = options.before.then((resources) => {
      this.#before = new Map(resources.map((resource) => [resource.urn, resource]));
    });
    this.#opened.catch(() => {});
  }

  register(registration: Registration): Promise<string> {
    return this.#inTurn(async () => {
      if (this.failure) throw this.failure;
      const { type, name, parent } = registration;
      const urn = urnOf(this.stack, this.project, parent, type, name);
      const old = this.#stateOf(urn, registration);
      if (old?.custom) throw this.refuse(`a component in place of the resource "${name}" of type ${old.type}`);
      const inputs = ignoringChanges(old?.inputs ?? {}, registration.inputs, old ? registration.ignoreChanges : []);
      const step = planComponent(old, resourceOf(urn, { ...registration, inputs }), new Date().toISOString());
      this.#tell(step.op, step.resource, step.changedKeys);
      this.#now.set(urn, step.resource);
      if (step.op !== "same") await this.#save();
      return urn;
    });
  }

  registerOutputs(urn: string, outputs: JsonObject): Promise<void> {
    return this.#inTurn(async () => {
      const resource = this.#now.get(urn);
      if (!resource) throw this.#fail(`outputs of ${urn}, which was not registered`);
      if (resource.type === STACK_TYPE) {
        this.#stackOutputs = outputs;
        return;
      }
      this.#now.set(urn, withOutputs(resource, outputs));
      await this.#save();
    });
  }

  /** What the program no longer declares is deleted, in layers; then the stack's outputs are what it said. */
  programIsDone(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#doneCalled || this.failure) return;
      this.#doneCalled = true;
      await this.#delete(this.#left());
    });
  }

  /** Delete everything, as `destroy` does. */
  deleteAll(): Promise<void> {
    return this.#inTurn(() => this.#delete(this.#left()));
  }

  /** Write what stands at the end. After a failure the stack keeps the outputs that it did not say anew. */
  finish(succeeded: boolean): Promise<JsonObject> {
    return this.#inTurn(async () => {
      const stack = [...this.#now.values()].find(({ type }) => type === STACK_TYPE);
      if (stack && this.#stackOutputs) {
        const kept = succeeded ? {} : (stack.outputs ?? {});
        this.#now.set(stack.urn, withOutputs(stack, { ...kept, ...this.#stackOutputs }));
      }
      await this.#save();
      const [, root] = [...this.#now].find(([, { type }]) => type === STACK_TYPE) ?? [];
      return root?.outputs ?? {};
    });
  }

  refuse(what: string): UserError {
    return this.#fail(
      `the offline engine does not do ${what} yet: it runs components, secrets and outputs. Use --engine pulumi for this program`,
    );
  }

  /** What the state has of a resource, under its own URN or a former one. No two resources come from the same one. */
  #stateOf(urn: string, registration: Registration): Resource | undefined {
    if (this.#now.has(urn)) throw this.#fail(`Duplicate resource URN '${urn}'; try giving it a unique name`);
    const taken = this.#nowOf.get(urn);
    if (taken) throw this.#fail(`Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${taken}'`);
    const { project, stack } = this;
    const former = formerUrns({ ...registration, project, stack }, registration.aliases, this.#formerOf);
    const found = [urn, ...former].find((candidate) => this.#before.has(candidate));
    if (found === undefined || found === urn) return this.#before.get(urn);
    const other = this.#now.has(found) ? found : this.#nowOf.get(found);
    if (other) throw this.#fail(`Duplicate resource alias '${found}' applied to resource with URN '${urn}' conflicting with '${other}'`);
    this.#formerOf.set(urn, found);
    this.#nowOf.set(found, urn);
    return this.#before.get(found);
  }

  #fail(message: string): UserError {
    this.failure ??= new DeploymentFailed(message);
    this.#options.onFailure();
    return this.failure;
  }

  /** What was there before and is neither registered nor deleted yet. */
  #left(): Resource[] {
    return [...this.#before.values()].filter(({ urn }) => !this.#now.has(urn) && !this.#nowOf.has(urn) && !this.#deleted.has(urn));
  }

  async #delete(doomed: Resource[]): Promise<void> {
    // Before the first deletion: what a provider made is not forgotten because this engine has none.
    const custom = doomed.find((resource) => resource.custom);
    if (custom) throw this.refuse(`the deletion of "${nameOf(custom.urn)}" of type ${custom.type}`);
    for (const layer of deletionLayers(doomed, new Set(doomed.map(({ urn }) => urn)))) {
      for (const resource of layer) {
        if (resource.protect)
          throw this.#fail(
            `resource "${resource.urn}" cannot be deleted because it is protected: remove its protect option first, then \`pushpool up\``,
          );
        this.#tell("delete", resource, []);
        this.#deleted.add(resource.urn);
        await this.#save();
      }
    }
  }

  /** What was registered, then what is left of before: a crash now must not forget either. */
  async #save(): Promise<void> {
    if (this.dryRun) return;
    const renamed = (urn: string) => this.#nowOf.get(urn) ?? urn;
    await this.#options.store.write([...this.#now.values(), ...this.#left().map((resource) => withReferences(resource, renamed))]);
  }

  #tell(op: Op, { urn, type }: Resource, changedKeys: string[]): void {
    this.changes[op] = (this.changes[op] ?? 0) + 1;
    const phase = this.dryRun ? "planned" : "done";
    this.#options.onEvent({
      kind: "resource",
      phase,
      op,
      urn,
      type,
      name: nameOf(urn),
      ...(changedKeys.length > 0 ? { changedKeys } : {}),
    });
  }

  /** One at a time, in the order in which they were asked for; none where the state could not be opened. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => this.#opened).then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

function resourceOf(
  urn: string,
  { type, parent, inputs, dependencies, propertyDependencies, protect, retainOnDelete }: Registration,
): Resource {
  return {
    urn,
    custom: false,
    type,
    ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
    ...(parent ? { parent } : {}),
    ...(dependencies.length > 0 ? { dependencies } : {}),
    ...(Object.keys(propertyDependencies).length > 0 ? { propertyDependencies } : {}),
    ...(protect ? { protect } : {}),
    ...(retainOnDelete ? { retainOnDelete } : {}),
  };
}

/** A state in which a resource names one that is not there any more is refused by `pulumi stack import`. */
function withReferences(resource: Resource, renamed: (urn: string) => string): Resource {
  const { parent, dependencies, propertyDependencies } = resource;
  const renamedAll = (urns: string[] | null) => (urns ?? []).map(renamed);
  return {
    ...resource,
    ...(parent ? { parent: renamed(parent) } : {}),
    ...(dependencies ? { dependencies: renamedAll(dependencies) } : {}),
    ...(propertyDependencies
      ? { propertyDependencies: Object.fromEntries(Object.entries(propertyDependencies).map(([key, urns]) => [key, renamedAll(urns)])) }
      : {}),
  };
}

function withOutputs(resource: Resource, outputs: JsonObject): Resource {
  const { outputs: _, ...rest } = resource;
  return Object.keys(outputs).length > 0 ? { ...rest, outputs } : rest;
}
