import type { Snapshot } from "./snapshot";
import type { StackStore } from "./stackStore";

/** Writes a snapshot whole after each change. Changes that come while a write is under way share the next one. */
export class StateWriter {
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(
    readonly snapshot: Snapshot,
    readonly store: StackStore,
    /** Plan only: nothing is written. */
    readonly dryRun: boolean,
  ) {}

  /** Resolves when all that has changed until now is on disk. */
  flush(): Promise<void> {
    if (this.dryRun) return Promise.resolve();
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#writing = this.store.write(this.snapshot.resources(), this.snapshot.pending());
        return this.#writing;
      });
    return this.#next;
  }
}
