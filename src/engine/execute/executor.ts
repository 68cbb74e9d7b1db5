import { type EngineEvent, type StepEvent, told } from "../events";
import { needs } from "../plan/deletions";
import type { Registry } from "../providers/registry";
import type { Resource } from "../state/stackStore";
import type { StateWriter } from "../state/stateWriter";
import { type Changes, counts, type Step } from "../state/step";
import { isDefaultProvider } from "../urn";
import type { Properties } from "../wire";
import { apply, NotWell, Refused } from "./apply";

interface ExecutorOptions {
  registry: Registry;
  writer: StateWriter;
  preview: boolean;
  /** How many chains of steps may be under way at a time. */
  parallel: number;
  /** What does not hang on a failed step is still done. */
  continueOnError: boolean;
  onEvent: (event: EngineEvent) => void;
  /** Takes note of secrets. */
  learn: (properties: Properties | undefined) => void;
  /** Hears of every step that failed. */
  onFailure: (urn: string, error: Error) => void;
}

/** How a chain of steps ended. `stopped`: it was not begun, or not gone on with, since something else had failed. */
export type Outcome = { kind: "done"; resource: Resource | undefined } | { kind: "failed" } | { kind: "stopped" };

/** Takes steps: several chains at a time, the steps of one chain one after the other, the state written before and after each. */
export class Executor {
  readonly changes: Changes = {};
  /** What was done, in its order. */
  readonly steps: StepEvent[] = [];
  readonly #options: ExecutorOptions;
  readonly #deleted = new Set<string>();
  readonly #waiting: ((mayGo: boolean) => void)[] = [];
  #free: number;
  #stopped = false;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#free = Math.max(1, options.parallel);
  }

  /** Begin nothing more. What is under way is finished: a provider is never left alone with half a resource. */
  stop(): void {
    this.#stopped = true;
    for (const wake of this.#waiting.splice(0)) wake(false);
  }

  /** Resolves when nothing is under way any more. */
  async drained(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  run(chain: readonly Step[]): Promise<Outcome> {
    const running = this.#run(chain).finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
    return running;
  }

  /** Delete layer after layer. What a refused one needs is left alone; any other failure ends it with its layer. */
  async runLayers(layers: readonly Step[][]): Promise<void> {
    for (const { op, urn } of layers.flat()) if (op === "delete") this.#deleted.add(urn);
    const needed = new Set<string>();
    const stays = ({ old }: Step) => {
      for (const urn of old ? needs(old) : []) needed.add(urn);
    };
    for (const layer of layers) {
      const free = layer.filter((step) => {
        if (needed.has(step.urn)) stays(step);
        return !needed.has(step.urn);
      });
      const outcomes = await Promise.all(free.map((step) => this.run([step])));
      for (const [index, { kind }] of outcomes.entries()) if (kind !== "done" && free[index]) stays(free[index]);
    }
  }

  async #run(chain: readonly Step[]): Promise<Outcome> {
    if (!(await this.#turn())) return { kind: "stopped" };
    try {
      let resource: Resource | undefined;
      for (const step of chain) {
        if (this.#stopped) return { kind: "stopped" };
        const result = await this.#take(step);
        if (result === "failed") return { kind: "failed" };
        if (result.resource && step.op !== "replace") resource = result.resource;
      }
      return { kind: "done", resource };
    } finally {
      const next = this.#waiting.shift();
      if (next) next(true);
      else this.#free++;
    }
  }

  /** @returns whether it may go on: then a place is taken, to be handed on or given back */
  async #turn(): Promise<boolean> {
    if (this.#stopped) return false;
    if (this.#free === 0) return new Promise((wake) => this.#waiting.push(wake));
    this.#free--;
    return true;
  }

  async #take(step: Step): Promise<{ resource: Resource | undefined } | "failed"> {
    const { registry, writer, preview, onEvent, onFailure, continueOnError, learn } = this.#options;
    onEvent({ kind: "pre", step: told(step) });
    if (writer.snapshot.begin(step)) await writer.flush();
    try {
      const resource = await apply(step, { registry, preview, now: new Date().toISOString(), isDeleted: (urn) => this.#deleted.has(urn) });
      learn(resource?.outputs);
      if (writer.snapshot.end(step, resource)) await writer.flush();
      this.#count(step, resource);
      return { resource };
    } catch (error) {
      if (error instanceof NotWell) learn(error.result.outputs);
      if (!continueOnError && !(error instanceof Refused)) this.stop();
      const changed = error instanceof NotWell ? writer.snapshot.end(step, error.result) : writer.snapshot.fail(step);
      if (changed) await writer.flush();
      if (!preview) onEvent({ kind: "failed", step: told(step, error instanceof NotWell ? error.result : step.next) });
      onFailure(step.urn, error as Error);
      return "failed";
    }
  }

  #count(step: Step, resource: Resource | undefined): void {
    const { op, urn } = step;
    if (counts(step) && !isDefaultProvider(urn)) this.changes[op] = (this.changes[op] ?? 0) + 1;
    const seen = told(step, resource);
    if (op !== "same" && op !== "read") this.steps.push(seen);
    // What a component has come to is known once it has said its outputs.
    if (seen.custom || this.#options.preview || op === "delete") this.#options.onEvent({ kind: "outputs", step: seen });
  }
}
