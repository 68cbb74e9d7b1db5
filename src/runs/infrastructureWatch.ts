import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "../duration";
import type { InfrastructureId, Observation, Target } from "../targets/target";

/** Looks that are due within this time are made together, in milliseconds. */
const GATHER = 15;

/** What is watched, with only what a look needs: there may be ten thousand of them. */
export interface Watched {
  readonly infrastructureId: InfrastructureId;
  readonly signal: AbortSignal;
  /** When to look again, and the pause before that look, in milliseconds. New ones begin with 0. */
  due: number;
  pause: number;
}

/** What to do with what a watch sees. {@link InfrastructureWatch.drop} ends the watching of one. */
export interface WatchHandler<One extends Watched> {
  /**
   * How long to wait for one look, in milliseconds. Set it only if the watcher drops what took too long. @default no limit
   */
  readonly patience?: number;
  target(): Promise<Target>;
  /** Called before asking the cloud: some may already be known. */
  beforeLook?(due: readonly One[]): Promise<void>;
  /** @returns a promise to wait for, if any */
  seen(one: One, observation: Observation): Promise<void> | undefined;
  /** A look failed. Those that are not dropped are looked at again. */
  failed(due: readonly One[], error: unknown): void;
  /** Its signal has fired. It is no longer watched. */
  left(one: One): void;
  /** Gets a message if so many are watched that each is seen rarely; not more often than every few minutes. @default nothing */
  rarely?(message: string): void;
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
  /** Those that the present look is for, and what ends it. */
  #present: { of: readonly One[]; over: AbortController } | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

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
      if (this.#present?.of.every((one) => !this.#watched.has(one))) this.#present.over.abort();
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
      if (one.signal.aborted) this.#leave(one);
      else if (one.due <= now + GATHER) due.push(one);
    }
    this.#present = { of: due, over: new AbortController() };
    await this.#look(due).catch((error) => {
      const still = this.#present?.of.filter((one) => this.#watched.has(one)) ?? [];
      for (const one of still) putOff(one, AFTER_FAILURE);
      if (still.length > 0) this.watcher.failed(still, error);
    });
    this.#present = undefined;
    this.#looking = false;
    this.#next = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#watched) next = Math.min(next, due);
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
    const target = await this.watcher.target();
    const there = longestDue(due, (one) => this.#watched.has(one), target.pace.together);
    if (there.length === 0) return;

    const over = new AbortController();
    this.#present = { of: there, over };
    const began = performance.now();
    const ids = [...new Set(there.map(({ infrastructureId }) => infrastructureId))];
    const seen = await within(this.watcher.patience, over, target.observe(ids, over.signal));
    await Promise.all(
      there.flatMap((one) => {
        const observation = seen.get(one.infrastructureId);
        if (!observation) throw new Error(`the target gave no answer for ${one.infrastructureId}`);
        return this.watcher.seen(one, observation) ?? [];
      }),
    );
    const still = there.filter((one) => this.#watched.has(one));
    // If the cloud has no time limit, the watcher enforces it.
    await target.enforceLimits?.(
      still.map(({ infrastructureId }) => infrastructureId),
      over.signal,
    );
    for (const one of still) putOff(one, target.pace);
    this.#tellIfRarely(there.length, performance.now() - began);
  }

  /** @param took how long a look at `count` of them took, in milliseconds */
  #tellIfRarely(count: number, took: number): void {
    const round = (took * this.#watched.size) / count;
    if (round < RARELY || performance.now() < this.#toldAt + TOLD_EVERY) return;
    this.#toldAt = performance.now();
    this.watcher.rarely?.(
      `pushpool sees each of its ${this.#watched.size} runs about every ${formatDuration(round)}: the cloud limits the number of requests`,
    );
  }
}

/**
 * Those to look at now: the ones that have waited longest.
 * @param together the most @default all
 */
function longestDue<One extends Watched>(due: readonly One[], isWatched: (one: One) => boolean, together?: number): readonly One[] {
  const there = due.filter(isWatched);
  if (together === undefined || there.length <= together) return there;
  return there.sort((one, other) => one.due - other.due).slice(0, together);
}

/** If each run is seen less often than this, in milliseconds, the user gets a notice, and another one after so long. */
const RARELY = 60_000;
const TOLD_EVERY = 300_000;

/** How soon to look again after a failed look, in milliseconds. */
const AFTER_FAILURE: Target["pace"] = { first: 1_000, longest: 15_000 };

function putOff(one: Watched, { first, longest }: Target["pace"]): void {
  one.pause = Math.min(Math.max(one.pause, first) * 1.5, longest);
  one.due = Date.now() + one.pause;
}

/** Wait for a look, and end it after a while. */
async function within<T>(patience: number | undefined, over: AbortController, looking: Promise<T>): Promise<T> {
  if (patience === undefined) return looking;
  const inTime = new AbortController();
  const tooLong = sleep(patience, undefined, { signal: inTime.signal }).then(() => {
    const error = new Error("the look took too long");
    over.abort(error);
    throw error;
  });
  try {
    return await Promise.race([looking, tooLong]);
  } finally {
    inTime.abort();
    tooLong.catch(() => {});
  }
}
