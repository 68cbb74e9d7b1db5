import { setTimeout as sleep } from "node:timers/promises";
import type { InfrastructureId, Observation, Target } from "../targets/target";

/** Looks that are due within this time are made together, in milliseconds. */
const GATHER = 15;

/** What is watched, with only what a look needs: there may be ten thousand of them. */
export interface Watched {
  readonly infrastructureId: InfrastructureId;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** When to look again, and the pause before that look, in milliseconds. New ones begin with 0. */
  due: number;
  pause: number;
}

/** What to do with what a watch sees. {@link InfrastructureWatch.drop} ends the watching of one. */
export interface WatchHandler<One extends Watched> {
  /**
   * How long to wait for one look, in milliseconds. The look itself continues after that. Set it only if the watcher drops what took too
   * long; otherwise the same batch is asked for twice at a time. @default no limit
   */
  readonly patience?: number;
  target(): Promise<Target>;
  /** Called before asking the cloud: some may already be known. */
  beforeLook?(due: readonly One[]): Promise<void>;
  /** @returns a promise to wait for, if any */
  seen(one: One, observation: Observation): Promise<void> | undefined;
  /** A look failed. Those that are not dropped are looked at again. */
  failed(due: readonly One[], error: unknown): void;
  /** Its signal has fired, or its deadline has come. It is no longer watched. */
  left(one: One): void;
}

/**
 * Watches infrastructure on one target, with one timer and one batch for each look, however many there are. Each is looked at as often as
 * if it were alone: soon at first, then less and less often.
 */
export class InfrastructureWatch<One extends Watched> {
  readonly #watched = new Set<One>();
  readonly #signals = new Set<AbortSignal>();
  #timer: NodeJS.Timeout | undefined;
  #next = Number.POSITIVE_INFINITY;
  #looking = false;

  constructor(private readonly watcher: WatchHandler<One>) {}

  add(one: One): void {
    this.#watched.add(one);
    if (!this.#signals.has(one.signal)) {
      this.#signals.add(one.signal);
      one.signal.addEventListener("abort", this.#letGo, { once: true });
    }
    this.#wakeAt(0);
  }

  /** @returns whether it was still watched */
  drop(one: One): boolean {
    return this.#watched.delete(one);
  }

  /** Removes those whose signal has fired, without waiting for the end of a look. */
  readonly #letGo = (): void => {
    // Thousands of signals may fire together.
    setImmediate(() => {
      for (const one of this.#watched) if (one.signal.aborted) this.#leave(one);
      // The timer would keep the process alive until the next look.
      if (this.#watched.size === 0 && !this.#looking) this.#rest();
    });
  };

  #leave(one: One): void {
    if (this.drop(one)) this.watcher.left(one);
  }

  #wakeAt(time: number): void {
    if (this.#looking || time >= this.#next) return;
    clearTimeout(this.#timer);
    this.#next = time;
    this.#timer = setTimeout(() => void this.#tick(), Math.max(GATHER, time - Date.now()));
  }

  async #tick(): Promise<void> {
    this.#looking = true;
    const now = Date.now();
    const due: One[] = [];
    for (const one of this.#watched) {
      if (one.signal.aborted || now >= one.deadline) this.#leave(one);
      else if (one.due <= now + GATHER) due.push(one);
    }
    await this.#look(due).catch((error) => {
      const still = due.filter((one) => this.#watched.has(one));
      for (const one of still) putOff(one, AFTER_FAILURE);
      this.watcher.failed(still, error);
    });
    this.#looking = false;
    this.#next = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const { due, deadline } of this.#watched) next = Math.min(next, due, deadline);
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
    else this.#rest();
  }

  /** Nothing is watched. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#next = Number.POSITIVE_INFINITY;
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#letGo);
    this.#signals.clear();
  }

  async #look(due: readonly One[]): Promise<void> {
    if (due.length === 0) return;
    await this.watcher.beforeLook?.(due);
    const there = due.filter((one) => this.#watched.has(one));
    if (there.length === 0) return;

    const target = await this.watcher.target();
    const seen = await within(this.watcher.patience, target.observe([...new Set(there.map(({ infrastructureId }) => infrastructureId))]));
    await Promise.all(
      there.flatMap((one) => {
        const observation = seen.get(one.infrastructureId);
        if (!observation) throw new Error(`the target gave no answer for ${one.infrastructureId}`);
        return this.watcher.seen(one, observation) ?? [];
      }),
    );
    const still = there.filter((one) => this.#watched.has(one));
    // If the cloud has no time limit, the watcher enforces it.
    await target.enforceLimits?.(still.map(({ infrastructureId }) => infrastructureId));
    for (const one of still) putOff(one, target.pace);
  }
}

/** How soon to look again after a failed look, in milliseconds. */
const AFTER_FAILURE: Target["pace"] = { first: 1_000, longest: 15_000 };

function putOff(one: Watched, { first, longest }: Target["pace"]): void {
  one.pause = Math.min(Math.max(one.pause, first) * 1.5, longest);
  one.due = Date.now() + one.pause;
}

async function within<T>(patience: number | undefined, looking: Promise<T>): Promise<T> {
  if (patience === undefined) return looking;
  const over = new AbortController();
  const tooLong = sleep(patience, undefined, { signal: over.signal }).then(() => {
    throw new Error("the look took too long");
  });
  try {
    return await Promise.race([looking, tooLong]);
  } finally {
    over.abort();
    tooLong.catch(() => {});
  }
}
