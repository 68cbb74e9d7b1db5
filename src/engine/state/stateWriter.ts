import type { Snapshot } from "./snapshot";
import type { StackStore } from "./stackStore";

/** Writes down what changes in a snapshot. Changes that come while some are being written share the next turn. */
export class StateWriter {
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(
    readonly snapshot: Snapshot,
    readonly store: StackStore,
    /** Plan only: nothing is written. */
    readonly dryRun: boolean,
  ) {}

  /** Resolves when all that has changed until now is on the disk itself. */
  flush(): Promise<void> {
    if (this.dryRun) return Promise.resolve();
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#note();
        return this.#writing;
      });
    return this.#next;
  }

  /** The whole state, at the end of an operation. */
  async settle(): Promise<void> {
    if (this.dryRun) return;
    await (this.#next ?? this.#writing).catch(() => {});
    await this.store.write(this.snapshot.resources(), this.snapshot.pending());
  }

  async #note(): Promise<void> {
    const edits = this.snapshot.takeEdits();
    try {
      await this.store.note(edits);
    } catch (error) {
      this.snapshot.giveBack(edits);
      throw error;
    }
  }
}
