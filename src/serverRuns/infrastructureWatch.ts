import { setTimeout as sleep } from "node:timers/promises";
import type { InfrastructureId, Observation, Target } from "../targets/target";

export type Ended = Extract<Observation, { phase: "ended" }>;

/** Watches everything that runs on one target in common looks: a hundred runs cost as many calls as one, where the target can batch. */
export class InfrastructureWatch {
  readonly #waiting = new Map<InfrastructureId, (seen: Ended) => void>();
  #pause: number;
  #wake = new AbortController();
  #running = false;

  /** @param onError hears why a look failed; it is repeated */
  constructor(
    private readonly target: Target,
    private readonly signal: AbortSignal,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#pause = target.pace.first;
  }

  /** How it ended; never, once the watch was told to stop. */
  untilEnded(id: InfrastructureId): Promise<Ended> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#pause = this.target.pace.first;
      this.#wake.abort();
      if (!this.#running) void this.#watch();
    });
  }

  async #watch(): Promise<void> {
    this.#running = true;
    while (this.#waiting.size > 0 && !this.signal.aborted) {
      await this.#look();
      this.#wake = new AbortController();
      const stop = AbortSignal.any([this.signal, this.#wake.signal]);
      await sleep(this.#pause, undefined, { signal: stop }).catch(() => {});
      this.#pause = Math.min(this.#pause * 1.5, this.target.pace.longest);
    }
    this.#running = false;
  }

  async #look(): Promise<void> {
    try {
      const seen = await this.target.observe([...this.#waiting.keys()]);
      for (const [id, observation] of seen) {
        if (observation.phase !== "ended") continue;
        const tell = this.#waiting.get(id);
        this.#waiting.delete(id);
        tell?.(observation);
      }
      await this.target.enforceLimits?.([...this.#waiting.keys()]);
    } catch (error) {
      this.#pause = Math.max(this.#pause, 1_000);
      this.onError(error);
    }
  }
}
