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
        this.#writing = this.store.write(this.snapshot.resources(), this.snapshot.pending(), { settled: false });
        return this.#writing;
      });
    return this.#next;
  }

  /** The last write of an operation, down to the disk. */
  async settle(): Promise<void> {
    if (this.dryRun) return;
    await this.flush();
    await this.store.write(this.snapshot.resources(), this.snapshot.pending());
  }
}
