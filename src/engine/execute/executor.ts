import { type EngineEvent, type StepEvent, stepEvent } from "../engineEvents";
import { requiredUrns } from "../plan/deletions";
import type { Properties } from "../propertyWire";
import type { Registry } from "../providers/providerRegistry";
import type { Resource } from "../state/stackStore";
import type { StateWriter } from "../state/stateWriter";
import { type Changes, isCounted, type Step } from "../state/step";
import { isDefaultProvider } from "../urn";
import { executeStep, InitFailed, StepRefused } from "./apply";

interface ExecutorOptions {
  registry: Registry;
  writer: StateWriter;
  preview: boolean;
  /** How many chains of steps may run at the same time. */
  parallel: number;
  /** Continue with steps that do not depend on a failed one. */
  continueOnError: boolean;
  onEvent: (event: EngineEvent) => void;
  /** Records secrets to redact. */
  learn: (properties: Properties | undefined) => void;
  /** Called with every step that failed. */
  onFailure: (urn: string, error: Error) => void;
}

/** How a chain of steps ended. `stopped`: it did not start, or did not continue, because another chain had failed. */
export type ChainResult = { kind: "done"; resource: Resource | undefined } | { kind: "failed" } | { kind: "stopped" };

/**
 * Executes steps: several chains at the same time, and the steps of one chain in order. The state is written before and after each step.
 */
export class Executor {
  readonly changes: Changes = {};
  /** The executed steps, in order. */
  readonly steps: StepEvent[] = [];
  readonly #options: ExecutorOptions;
  readonly #deleted = new Set<string>();
  readonly #waiting: ((mayRun: boolean) => void)[] = [];
  #freeSlots: number;
  #stopped = false;
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#freeSlots = Math.max(1, options.parallel);
  }

  /** Start no more steps. Running steps finish, so that no provider is left with a half-made resource. */
  stop(): void {
    this.#stopped = true;
    for (const wake of this.#waiting.splice(0)) wake(false);
  }

  /** Resolves when no step is running. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  run(chain: readonly Step[]): Promise<ChainResult> {
    const running = this.#run(chain).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Delete layer after layer. A resource stays if a resource that requires it could not be deleted. */
  async runLayers(layers: readonly Step[][]): Promise<void> {
    for (const { op, urn } of layers.flat()) if (op === "delete") this.#deleted.add(urn);
    const kept = new Set<string>();
    const keepRequirements = ({ old }: Step) => {
      for (const urn of old ? requiredUrns(old) : []) kept.add(urn);
    };
    for (const layer of layers) {
      const deletable = layer.filter((step) => {
        if (kept.has(step.urn)) keepRequirements(step);
        return !kept.has(step.urn);
      });
      const outcomes = await Promise.all(deletable.map((step) => this.run([step])));
      for (const [index, { kind }] of outcomes.entries()) if (kind !== "done" && deletable[index]) keepRequirements(deletable[index]);
    }
  }

  async #run(chain: readonly Step[]): Promise<ChainResult> {
    if (!(await this.#acquireSlot())) return { kind: "stopped" };
    try {
      let resource: Resource | undefined;
      for (const step of chain) {
        if (this.#stopped) return { kind: "stopped" };
        const result = await this.#execute(step);
        if (result === "failed") return { kind: "failed" };
        if (result.resource && step.op !== "replace") resource = result.resource;
      }
      return { kind: "done", resource };
    } finally {
      const next = this.#waiting.shift();
      if (next) next(true);
      else this.#freeSlots++;
    }
  }

  /** @returns whether the chain may run. If so, it holds a slot, which it must pass on or give back. */
  async #acquireSlot(): Promise<boolean> {
    if (this.#stopped) return false;
    if (this.#freeSlots === 0) return new Promise((wake) => this.#waiting.push(wake));
    this.#freeSlots--;
    return true;
  }

  async #execute(step: Step): Promise<{ resource: Resource | undefined } | "failed"> {
    const { registry, writer, preview, onEvent, onFailure, continueOnError, learn } = this.#options;
    onEvent({ kind: "pre", step: stepEvent(step) });
    if (writer.snapshot.begin(step)) await writer.flush();
    try {
      const resource = await executeStep(step, {
        registry,
        preview,
        now: new Date().toISOString(),
        statePath: writer.store.path,
        isDeleted: (urn) => this.#deleted.has(urn),
      });
      learn(resource?.outputs);
      if (writer.snapshot.end(step, resource)) await writer.flush();
      this.#count(step, resource);
      return { resource };
    } catch (error) {
      if (error instanceof InitFailed) learn(error.result.outputs);
      if (!continueOnError && !(error instanceof StepRefused)) this.stop();
      const changed = error instanceof InitFailed ? writer.snapshot.end(step, error.result) : writer.snapshot.fail(step);
      if (changed) await writer.flush();
      if (!preview) onEvent({ kind: "failed", step: stepEvent(step, error instanceof InitFailed ? error.result : step.next) });
      onFailure(step.urn, error as Error);
      return "failed";
    }
  }

  #count(step: Step, resource: Resource | undefined): void {
    const { op, urn } = step;
    if (isCounted(step) && !isDefaultProvider(urn)) this.changes[op] = (this.changes[op] ?? 0) + 1;
    const seen = stepEvent(step, resource);
    if (op !== "same" && op !== "read") this.steps.push(seen);
    // A component's outputs are known only when it has registered them.
    if (seen.custom || this.#options.preview || op === "delete") this.#options.onEvent({ kind: "outputs", step: seen });
  }
}
