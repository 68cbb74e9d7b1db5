import { setTimeout as sleep } from "node:timers/promises";
import type { RunSource } from "./runSource";
import type { ReportedRun, ServeEvent } from "./serveEvents";

/** How long to leave a run alone after a problem with it, in milliseconds. */
const TROUBLE_PAUSE = 5_000;
/** How long to wait after a failed look, in milliseconds. */
const LOOK_AGAIN = 250;

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
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const next = await source.look().catch((error: Error) => {
        // The disk is full, or the ledger is locked: retry as long as that lasts.
        this.tell({ kind: "trouble", message: error.message });
        return Date.now() + LOOK_AGAIN;
      });
      const pause = Math.max(1, next - Date.now());
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => {});
    }
    await Promise.all(this.#active.values());
    await source.close();
  }
}
