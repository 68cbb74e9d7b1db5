import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal } from "../model/run";
import type { RunEvent, Runs } from "../runs";
import { UserError } from "../userError";

/** How long to leave a run alone after it could not be followed, in milliseconds: a cloud may answer again. */
const AGAIN = 15_000;

/** How many notices to remember, of runs that are no longer followed too. */
const NOTICES = 1_000;

interface Followed {
  waitingFor?: string;
  done: Promise<void>;
}

/**
 * Submits and follows the runs that someone created, retried or cancelled on the page, as `pushpool run` does. When the server ends, whoever
 * watches next takes them up.
 */
export class Follower {
  readonly #runs = new Map<string, Followed>();
  readonly #notices = new Map<string, string>();
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(private readonly signal: AbortSignal) {}

  /** Whether this process watches the run anyway. */
  has(id: string): boolean {
    return this.#runs.has(id);
  }

  /** What the run waits for. */
  waitingFor(id: string): string | undefined {
    return this.#runs.get(id)?.waitingFor;
  }

  /** What was last said about the run, such as why it could not be submitted. */
  notice(id: string): string | undefined {
    return this.#notices.get(id);
  }

  /** Follow a run to its end, unless it is followed. */
  begin(runs: Runs, id: string): void {
    if (this.signal.aborted || this.#runs.has(id)) return;
    const followed: Followed = { done: Promise.resolve() };
    this.#runs.set(id, followed);
    this.#notices.delete(id);
    followed.done = this.#follow(runs, id, followed).finally(() => {
      this.#runs.delete(id);
      this.#tell(id);
    });
  }

  /** Call `listener` whenever what is known about a run changes. @returns ends that */
  listen(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(id);
    };
  }

  /** Resolves when another process can take up everything that has begun. */
  async settled(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ done }) => done));
  }

  async #follow(runs: Runs, id: string, followed: Followed): Promise<void> {
    const { signal } = this;
    const onEvent = (event: RunEvent) => {
      if (event.kind === "log") return;
      if (event.kind === "waiting") followed.waitingFor = event.reason;
      else if (event.kind === "warning") this.#note(id, event.message);
      else if (event.run.state.type !== "SCHEDULED") delete followed.waitingFor;
      this.#tell(id);
    };
    while (!signal.aborted) {
      try {
        const run = await runs.followRun(id, { signal, logs: false, onEvent });
        if (isTerminal(run.state)) return;
      } catch (error) {
        if (signal.aborted) return;
        this.#note(id, error instanceof Error ? error.message : String(error));
        this.#tell(id);
        // What the user must fix stays: the run's own states show it, or a new attempt.
        if (!(error instanceof UserError) || error.exitCode === 2) return;
        await sleep(AGAIN, undefined, { signal }).catch(() => {});
      }
    }
  }

  #note(id: string, text: string): void {
    this.#notices.set(id, text);
    const [oldest] = this.#notices.keys();
    if (this.#notices.size > NOTICES && oldest !== undefined) this.#notices.delete(oldest);
  }

  #tell(id: string): void {
    for (const listener of this.#listeners.get(id) ?? []) listener();
  }
}
