import { holdsUnknown } from "../unknown";
import { UserError } from "../userError";
import { defaultProviderGoal } from "./defaultProvider";
import { assembled, type DeploymentOptions, type Parts } from "./deploymentParts";
import { type StepEvent, stepEvent } from "./engineEvents";
import { withSecretOutputs } from "./execute/apply";
import type { ChainResult } from "./execute/executor";
import type { Invocation, InvocationResult, MonitorBackend, RegistrationResult } from "./grpc/monitorService";
import type { PackageRequest } from "./grpc/registration";
import type { Construction, MethodCall, Surroundings, WithDependencies } from "./hostedProvider";
import { type Goal, goalOf } from "./plan/goal";
import { duplicateUrn, PlanFailed } from "./plan/refusals";
import { withOutputs } from "./plan/resource";
import { fromProgram, type Properties } from "./propertyWire";
import { type CheckFailure, reasonOf } from "./provider";
import type { StackConfig } from "./stackConfig";
import type { Resource } from "./state/stackStore";
import type { Changes, Op } from "./state/step";
import { isProviderType, providerReference, STACK_TYPE, urnOf } from "./urn";

const GET_RESOURCE = "pulumi:pulumi:getResource";

/** Never resolves: the program is killed while it waits. */
const never = new Promise<never>(() => {});

/**
 * One preview or update of a stack. It plans the registrations of the program one after the other, and executes several at the same time.
 * Planning, execution, providers and state are separate parts; this class connects them.
 */
export class StackDeployment implements MonitorBackend {
  readonly project: string;
  readonly stack: string;
  readonly config: StackConfig;
  readonly parallel: number;
  readonly dryRun: boolean;
  /** The address of this deployment's own gRPC server, once it has started. */
  monitor = "";
  /** The errors so far, in order. */
  readonly errors: string[] = [];
  /** Something outside the program refused or was unreachable, such as a provider that does not start. */
  refused = false;
  readonly #options: DeploymentOptions;
  readonly #parts: Promise<Parts>;
  #queue: Promise<unknown> = Promise.resolve();
  /** The registered resources by URN, with their last operation. */
  readonly #registered = new Map<string, { resource: Resource; op: Op }>();
  readonly #defaultProviders = new Map<string, Promise<string>>();
  #stackOutputs: { urn: string; outputs: Properties } | undefined;
  #doneCalled = false;
  /** After a failure no new steps start. */
  #failed = false;
  /** URNs whose registration has arrived, even if it is not planned yet. */
  readonly #arrived = new Set<string>();
  /** URNs of resources that are not created, because they do not take part in the operation. */
  readonly #skipped = new Set<string>();

  constructor(options: DeploymentOptions) {
    this.#options = options;
    ({ project: this.project, stack: this.stack, config: this.config, parallel: this.parallel, dryRun: this.dryRun } = options);
    const onError = (message: string, urn: string) => this.#note(message, urn);
    const onFailure = (error: Error, urn: string) => void this.#fail(error, urn);
    this.#parts = options.before.then((before) => assembled(options, before, { onError, onFailure }));
    this.#parts.catch(() => {});
  }

  async register(goal: Goal, plugin: PackageRequest): Promise<RegistrationResult> {
    const needsProvider = goal.custom && !isProviderType(goal.type);
    const provider = needsProvider ? goal.provider || (await this.#defaultProvider(goal.type, plugin)) : "";
    return this.#register({ ...goal, provider });
  }

  async read(goal: Goal, id: string, plugin: PackageRequest): Promise<RegistrationResult> {
    const provider = goal.provider || (await this.#defaultProvider(goal.type, plugin));
    return this.#register({ ...goal, provider }, id);
  }

  async construct(construction: Construction, provider: string, plugin: PackageRequest): Promise<{ urn: string } & WithDependencies> {
    const { type, name, parent, inputs } = construction;
    this.#options.learn(fromProgram(inputs) as Properties);
    const reference = provider || (await this.#defaultProvider(type, plugin));
    const { registry } = await this.#parts;
    if (this.#isOver()) return never;
    try {
      const made = await (await registry.configured(reference)).construct(construction, this.#surroundings);
      if (made) return made;
    } catch (error) {
      const failed = this.#fail(new UserError(`${type} resource '${name}' has a problem: ${reasonOf(error as Error, inputs)}`), "");
      if (this.#options.continueOnError) throw failed;
      return never;
    }
    // Its provider's configuration is not known yet. So its children are not known either.
    const { urn } = await this.#register(goalOf({ type, name, parent, custom: false }));
    return { urn, values: {}, dependencies: {} };
  }

  async call(call: MethodCall, provider: string, plugin: PackageRequest): Promise<{ failures: CheckFailure[] } & WithDependencies> {
    this.#options.learn(fromProgram(call.args) as Properties);
    const reference = provider || (await this.#defaultProvider(call.token, plugin));
    const { registry } = await this.#parts;
    try {
      return await (await registry.configured(reference)).call(call, this.#surroundings);
    } catch (error) {
      throw this.#fail(new UserError(`call to function '${call.token}' failed: ${reasonOf(error as Error, call.args)}`), "");
    }
  }

  get #surroundings(): Surroundings {
    const { project, stack, config, dryRun, parallel, monitor } = this;
    return { project, stack, config, dryRun, parallel, monitor };
  }

  /** @param readId the id of an existing resource that is only read */
  async #register(goal: Goal, readId?: string): Promise<RegistrationResult> {
    const urn = urnOf(this.stack, this.project, goal.parent, goal.type, goal.name);
    this.#options.learn(goal.inputs);
    const { planner, executor } = await this.#parts;
    // Checked on arrival, so that not even the first of two duplicates may have started.
    if (this.#arrived.has(urn)) this.#fail(duplicateUrn(urn), urn);
    this.#arrived.add(urn);
    const planned = await this.#inTurn(async () => {
      if (this.#isOver()) return never;
      try {
        const chain = readId === undefined ? await planner.plan(goal) : planner.planRead(goal, readId);
        // Steps start in the order of planning. Nothing waits for them here, so that other goals are planned meanwhile.
        return { chain, outcome: executor.run(chain) };
      } catch (error) {
        this.#fail(error as Error, error instanceof PlanFailed ? error.urn : urn);
        return undefined;
      }
    });
    let outcome = await planned?.outcome;
    if (planned && outcome?.kind === "done" && outcome.resource && planned.chain[0]?.op.startsWith("import"))
      outcome = await this.#adjust(goal, outcome.resource);
    if (planned && outcome?.kind === "done" && outcome.resource) {
      const { resource } = outcome;
      if (planned.chain[0]?.untargeted === "skipped") {
        this.#skipped.add(urn);
        return { kind: "skipped", urn };
      }
      this.#registered.set(resource.urn, { resource, op: planned.chain.at(-1)?.op ?? "same" });
      return { kind: "registered", urn: resource.urn, id: resource.id ?? "", outputs: resource.custom ? (resource.outputs ?? {}) : {} };
    }
    return this.#options.continueOnError && outcome?.kind !== "stopped" ? { kind: "failed", urn } : never;
  }

  /** Make an imported resource match the program. */
  async #adjust(goal: Goal, imported: Resource): Promise<ChainResult> {
    const { planner, executor, writer } = await this.#parts;
    const adjusting = await this.#inTurn(async () => {
      if (this.#isOver()) return undefined;
      try {
        const chain = holdsUnknown(imported.id) ? [] : await planner.planImported(goal, imported);
        const [step] = chain;
        if (step?.op !== "same") return { outcome: executor.run(chain) };
        const resource = step.next && withSecretOutputs(step.next, imported.outputs ?? {});
        if (resource) writer.snapshot.change(imported, resource);
        await writer.flush();
        return { outcome: Promise.resolve<ChainResult>({ kind: "done", resource }) };
      } catch (error) {
        this.#fail(error as Error, imported.urn);
        return undefined;
      }
    });
    const outcome = (await adjusting?.outcome) ?? { kind: "failed" };
    return outcome.kind === "done" ? { kind: "done", resource: outcome.resource ?? imported } : outcome;
  }

  /** Whether the program declares a resource that this operation does not create, because of `--target` or `--exclude`. */
  leavesOut(urn: string): boolean {
    return this.#skipped.has(urn);
  }

  async registerOutputs(urn: string, outputs: Properties): Promise<void> {
    this.#options.learn(outputs);
    const { writer } = await this.#parts;
    const found = this.#registered.get(urn);
    // A component that is not created, because it does not take part.
    if (this.#skipped.has(urn)) return;
    if (!found) throw this.#fail(new UserError(`outputs of ${urn} arrived, but it was not registered`), urn);
    if (found.resource.type === STACK_TYPE) {
      this.#stackOutputs = { urn, outputs };
      return;
    }
    const resource = withOutputs(found.resource, outputs);
    writer.snapshot.change(found.resource, resource);
    this.#registered.set(urn, { ...found, resource });
    await writer.flush();
    this.#reportOutputs(found.op, resource);
  }

  async invoke({ token, args, provider, plugin, dependsOn }: Invocation): Promise<InvocationResult> {
    this.#options.learn(args);
    if (token === GET_RESOURCE) return this.#getResource(String(args.urn));
    // A function cannot be called in a preview if it depends on a resource that does not exist yet.
    if (this.dryRun && dependsOn.some((urn) => isMade(this.#registered.get(urn)?.op))) return { kind: "unknown" };
    const reference = provider || (await this.#defaultProvider(token, plugin));
    const { registry } = await this.#parts;
    const remote = await registry.configured(reference);
    try {
      return await remote.invoke(token, args, this.dryRun);
    } catch (error) {
      throw new Error(`invocation of ${token} returned an error: ${(error as Error).message}`);
    }
  }

  /** The engine's own function with which an SDK looks up a resource that it got a reference to. */
  #getResource(urn: string): InvocationResult {
    const found = this.#registered.get(urn)?.resource;
    if (!found) throw new Error(`unknown resource ${urn}`);
    return { kind: "returned", value: { urn, id: found.id ?? "", state: found.outputs ?? {} }, failures: [] };
  }

  /** Delete what the program no longer declares, in layers. */
  async programIsDone(): Promise<void> {
    const { planner, executor } = await this.#parts;
    await this.#inTurn(async () => {
      if (this.#doneCalled || this.#isOver()) return;
      this.#doneCalled = true;
      try {
        await executor.drained();
        const layers = await planner.planDeletions();
        for (const step of await planner.planUntargeted()) await executor.run([step]);
        await executor.runLayers(layers);
      } catch (error) {
        this.#fail(error as Error, "");
      }
    });
  }

  /**
   * Write the final state and close the providers. After a failure the stack keeps the old outputs that were not registered again.
   * @returns the stack's outputs
   */
  async finish(succeeded: boolean): Promise<{ outputs: Properties; changes: Changes; steps: StepEvent[] }> {
    const { registry, executor, writer } = await this.#parts;
    await executor.drained();
    const stack = [...this.#registered.values()].find(({ resource }) => resource.type === STACK_TYPE);
    let outputs = stack?.resource.outputs ?? {};
    if (stack && this.#stackOutputs) {
      outputs = { ...(succeeded ? {} : outputs), ...this.#stackOutputs.outputs };
      const resource = withOutputs(stack.resource, outputs);
      writer.snapshot.change(stack.resource, resource);
      this.#reportOutputs(stack.op, resource);
    }
    await writer.writeWholeState();
    await registry.close();
    return { outputs, changes: executor.changes, steps: executor.steps };
  }

  /** Start no more steps, and cancel the work of the providers. */
  async interrupt(): Promise<void> {
    const { executor, registry } = await this.#parts;
    executor.stop();
    await registry.cancel();
    await executor.drained();
  }

  refuse(what: string): UserError {
    return this.#fail(new UserError(`the offline engine does not support ${what} yet: use --engine pulumi for this program`), "");
  }

  fail(message: string): UserError {
    return this.#fail(new UserError(message), "");
  }

  /** The default provider of a token's package. It is registered once. */
  #defaultProvider(token: string, plugin: PackageRequest): Promise<string> {
    const goal = defaultProviderGoal(token, plugin, this.config);
    const key = `${goal.type} ${goal.name}`;
    const known = this.#defaultProviders.get(key);
    if (known) return known;
    const registering = this.#register(goal).then((registered) =>
      registered.kind === "registered" ? providerReference(registered) : never,
    );
    this.#defaultProviders.set(key, registering);
    return registering;
  }

  #reportOutputs(op: Op, resource: Resource): void {
    this.#options.onEvent({ kind: "outputs", step: stepEvent({ op, urn: resource.urn, type: resource.type, next: resource }) });
  }

  #isOver(): boolean {
    return this.#failed && !this.#options.continueOnError;
  }

  #note(message: string, urn: string): void {
    this.errors.push(message);
    this.#options.onEvent({ kind: "diagnostic", severity: "error", message, ...(urn ? { urn } : {}) });
  }

  #fail(error: Error, urn: string): UserError {
    this.#failed = true;
    if (error instanceof UserError && error.exitCode === 5) this.refused = true;
    this.#note(error.message, urn);
    const { continueOnError, onFailure } = this.#options;
    if (!continueOnError)
      this.#parts.then(({ executor }) => {
        executor.stop();
        return executor.drained().then(onFailure);
      });
    return error instanceof UserError ? error : new UserError(error.message);
  }

  /** Runs the work one at a time, in the order of the calls. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

function isMade(op: Op | undefined): boolean {
  return op === "create" || op === "create-replacement" || op === "replace";
}
