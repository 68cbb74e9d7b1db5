import type { JsonObject } from "../json";
import { UserError } from "../userError";
import type { EngineEvent, Op } from "./events";
import type { Deployment, Registration } from "./grpc/monitorService";
import { deletionLayers, planComponent } from "./plan/step";
import { nameOf, urnOf } from "./plan/urn";
import type { StackConfig } from "./stackConfig";
import type { Resource, StackStore } from "./state/stackStore";

const STACK_TYPE = "pulumi:pulumi:Stack";

/** A program asked for something impossible; the deployment ends, and this is why. */
class DeploymentFailed extends UserError {}

/**
 * One preview or update as it goes: what the program has registered so far, over what the stack had before. In an update the state is
 * written whole after each step, so that it can be killed at any moment and nothing that was made is forgotten.
 */
export class RunningDeployment implements Deployment {
  readonly changes: Partial<Record<Op, number>> = {};
  /** Why it cannot end well, if so. */
  failure: UserError | undefined;
  #before: Map<string, Resource>;
  /** In the order of their registration. */
  #now = new Map<string, Resource>();
  #deleted = new Set<string>();
  #stackOutputs: JsonObject | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #doneCalled = false;

  constructor(
    readonly project: string,
    readonly stack: string,
    readonly config: StackConfig,
    readonly parallel: number,
    readonly dryRun: boolean,
    private readonly store: StackStore,
    before: readonly Resource[],
    private readonly onEvent: (event: EngineEvent) => void,
    private readonly onFailure: () => void,
  ) {
    this.#before = new Map(before.map((resource) => [resource.urn, resource]));
  }

  register(registration: Registration): Promise<string> {
    return this.#inTurn(async () => {
      const { type, name, parent } = registration;
      const urn = urnOf(this.stack, this.project, parent, type, name);
      if (this.#now.has(urn)) throw this.#fail(`Duplicate resource URN '${urn}'; try giving it a unique name`);
      const step = planComponent(this.#before.get(urn), resourceOf(urn, registration), new Date().toISOString());
      this.#tell(step.op, step.resource, this.dryRun ? "planned" : "done", step.changedKeys);
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
      const gone = new Set([...this.#before.keys()].filter((urn) => !this.#now.has(urn)));
      await this.#delete([...this.#before.values()], gone);
    });
  }

  /** Delete everything, as `destroy` does. */
  async deleteAll(): Promise<void> {
    await this.#delete([...this.#before.values()], new Set(this.#before.keys()));
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

  #fail(message: string): UserError {
    this.failure ??= new DeploymentFailed(message);
    this.onFailure();
    return this.failure;
  }

  async #delete(all: Resource[], doomed: ReadonlySet<string>): Promise<void> {
    for (const layer of deletionLayers(all, doomed)) {
      for (const resource of layer) {
        if (resource.protect)
          throw this.#fail(
            `resource "${resource.urn}" cannot be deleted because it is protected: remove its protect option first, then \`pushpool up\``,
          );
        this.#tell("delete", resource, this.dryRun ? "planned" : "done", []);
        this.#deleted.add(resource.urn);
        await this.#save();
      }
    }
  }

  /** What was registered, then what is left of before: a crash now must not forget either. */
  async #save(): Promise<void> {
    if (this.dryRun) return;
    const left = [...this.#before.values()].filter(({ urn }) => !this.#now.has(urn) && !this.#deleted.has(urn));
    await this.store.write([...this.#now.values(), ...left]);
  }

  #tell(op: Op, { urn, type }: Resource, phase: "planned" | "done", changedKeys: string[]): void {
    this.changes[op] = (this.changes[op] ?? 0) + 1;
    this.onEvent({ kind: "resource", phase, op, urn, type, name: nameOf(urn), ...(changedKeys.length > 0 ? { changedKeys } : {}) });
  }

  /** One at a time, in the order in which they were asked for. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
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

function withOutputs(resource: Resource, outputs: JsonObject): Resource {
  const { outputs: _, ...rest } = resource;
  return Object.keys(outputs).length > 0 ? { ...rest, outputs } : rest;
}
