import { setTimeout as sleep } from "node:timers/promises";
import type { RunSource } from "./runSource";
import type { ReportedRun, ServeEvent } from "./serveEvents";

/** How long to leave a run alone after a problem with it, in milliseconds. */
const TROUBLE_PAUSE = 5_000;
/** How long to wait after a failed look, in milliseconds: at first, and at most. */
const LOOK_AGAIN = { first: 250, longest: 5_000 };
/** How often to repeat the reason of failing looks, in milliseconds. */
const TROUBLE_TOLD = 60_000;

/** Dispatches the runs of one source, each once at a time, until its signal fires. */
export class Dispatcher {
  readonly #active = new Map<string, Promise<void>>();
  #wake = new AbortController();

  constructor(
    /** Ends it: it begins nothing more, and brings what has begun to a point where another process can take it up. */
    readonly signal: AbortSignal,
    readonly tell: (event: ServeEvent) => void,
  ) {}

  /** Whether a run is in progress. */
  has(id: string): boolean {
    return this.#active.has(id);
  }

  /** Something may be possible now: look again. */
  wake(): void {
    this.#wake.abort();
  }

  /**
   * Begin to work on a run, unless it is in progress. Failed work is reported, and the run is left alone for a while.
   * @param again called after that pause. Absent: the source's next look finds the run again.
   */
  begin(run: ReportedRun, work: () => Promise<void>, again?: () => void): void {
    const { signal, tell } = this;
    if (signal.aborted || this.#active.has(run.id)) return;
    const over = work()
      .then(() => false)
      .catch(async (error: Error) => {
        if (signal.aborted) return false;
        tell({ kind: "trouble", run, message: error.message });
        await sleep(TROUBLE_PAUSE, undefined, { signal }).catch(() => {});
        return true;
      })
      .then((failed) => {
        this.#active.delete(run.id);
        if (failed && again) again();
        // There may be room for another one now.
        else this.wake();
      });
    this.#active.set(run.id, over);
  }

  /** Dispatch until the signal fires. @returns once another process can take up everything that has begun */
  async run(source: RunSource): Promise<void> {
    const { signal } = this;
    await source.start();
    let failed: { message: string; toldAt: number; pause: number } | undefined;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const next = await source.look().then(
        (when) => {
          failed = undefined;
          return when;
        },
        ({ message }: Error) => {
          // The disk is full, the ledger is locked, or its server is away: retry as long as that lasts.
          const isNews = failed?.message !== message || Date.now() - failed.toldAt > TROUBLE_TOLD;
          if (isNews) this.tell({ kind: "trouble", message });
          const pause = failed ? Math.min(failed.pause * 2, LOOK_AGAIN.longest) : LOOK_AGAIN.first;
          failed = { message, toldAt: isNews ? Date.now() : (failed?.toldAt ?? 0), pause };
          return Date.now() + pause;
        },
      );
      const pause = Math.max(1, next - Date.now());
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => {});
    }
    await Promise.all(this.#active.values());
    await source.close();
  }
}
