import type { Snapshot } from "./snapshot";
import type { StackStore } from "./stackStore";

/** Writes the edits of a snapshot. Edits that arrive during a write share the next write. */
export class StateWriter {
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(
    readonly snapshot: Snapshot,
    readonly store: StackStore,
    /** Preview: nothing is written. */
    readonly dryRun: boolean,
  ) {}

  /** Resolves when all edits so far are durable. */
  flush(): Promise<void> {
    if (this.dryRun) return Promise.resolve();
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#writeEdits();
        return this.#writing;
      });
    return this.#next;
  }

  /** Write the whole state, at the end of an operation. */
  async writeWholeState(): Promise<void> {
    if (this.dryRun) return;
    await (this.#next ?? this.#writing).catch(() => {});
    await this.store.write(this.snapshot.resources(), this.snapshot.pending());
  }

  async #writeEdits(): Promise<void> {
    const edits = this.snapshot.takeEdits();
    try {
      await this.store.appendEdits(edits);
    } catch (error) {
      this.snapshot.giveBack(edits);
      throw error;
    }
  }
}
