import { setTimeout as sleep } from "node:timers/promises";
import type { StateType } from "../model/run";
import { filterFlowRuns } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import { flowRunOf, type PrefectEvent } from "../prefect/eventStream";

const REMEMBERED = 1_000;

interface Waiting {
  id: string;
  types: readonly string[];
  resolve: () => void;
}

/**
 * Waits until a run on the server has one of some states. The server's events report it at once. For lost events, one request asks for all
 * runs from time to time.
 */
export class ServerStates {
  readonly #waiting = new Set<Waiting>();
  /** The last state of each recent run: the awaited state may have arrived a moment before. */
  readonly #heard = new Map<string, string>();
  #asking = false;

  constructor(
    private readonly client: Client,
    private readonly pauseMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /** An event has arrived. */
  hear(event: PrefectEvent): void {
    const id = flowRunOf(event);
    const type = event.resource["prefect.state-type"];
    if (id === undefined || type === undefined) return;
    this.#heard.delete(id);
    this.#heard.set(id, type);
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > REMEMBERED && oldest !== undefined) this.#heard.delete(oldest);
    this.#tell(id, type);
  }

  /** Resolves when the run has such a state, or `signal` fires. */
  until(id: string, types: readonly string[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        id,
        types,
        resolve: () => {
          this.#waiting.delete(waiting);
          signal.removeEventListener("abort", waiting.resolve);
          resolve();
        },
      };
      if (signal.aborted || types.includes(this.#heard.get(id) ?? "")) return resolve();
      signal.addEventListener("abort", waiting.resolve);
      this.#waiting.add(waiting);
      if (!this.#asking) void this.#askNowAndThen();
    });
  }

  /** Ask at once, for example after a time without events. */
  async ask(): Promise<void> {
    const byTypes = new Map<string, string[]>();
    for (const { id, types } of this.#waiting) {
      const key = types.join();
      byTypes.set(key, [...(byTypes.get(key) ?? []), id]);
    }
    for (const [types, ids] of byTypes) {
      for (let from = 0; from < ids.length; from += 200) {
        const filter = { id: { any_: ids.slice(from, from + 200) }, state: { type: { any_: types.split(",") } } };
        const found = await filterFlowRuns(this.client, { flow_runs: filter });
        for (const { id, state } of found) if (state) this.#tell(id, state.type);
      }
    }
  }

  async #askNowAndThen(): Promise<void> {
    this.#asking = true;
    while (this.#waiting.size > 0 && !this.signal.aborted) {
      await sleep(this.pauseMs, undefined, { signal: this.signal, ref: false }).catch(() => {});
      // The server cannot be reached: ask again after the pause.
      if (!this.signal.aborted) await this.ask().catch(() => {});
    }
    this.#asking = false;
  }

  #tell(id: string, type: StateType | string): void {
    for (const waiting of [...this.#waiting]) if (waiting.id === id && waiting.types.includes(type)) waiting.resolve();
  }
}
