import type { SharedNotes } from "../target";

/** The content of a note at one moment, and a function to change it if nobody else has. */
export interface HeldNote<T> {
  /** `undefined`: the note does not exist. */
  value: T | undefined;
  /**
   * Compare-and-set.
   * @param next `undefined` removes the note
   * @returns the note as it is now; `undefined` if another process has changed it since
   */
  replace(next: T | undefined): Promise<HeldNote<T> | undefined>;
  /**
   * The same without waiting for it.
   * @returns `after`: the note as it is then, which can be replaced at once; `written`: `false` if another process has changed it
   */
  replacing(next: T | undefined): { after: HeldNote<T>; written: Promise<boolean> };
}

/** The time by one clock for all machines that share the notes, in milliseconds since 1970. */
export function timeOf({ clock }: SharedNotes): number {
  return clock?.() ?? Date.now();
}

/** One of the {@link SharedNotes}, with a value of one type. */
export class Note<T> {
  constructor(
    private readonly notes: SharedNotes,
    private readonly key: string,
    private readonly format: (value: T) => string,
    private readonly parse: (text: string) => T,
  ) {}

  /** The time by the clock of all machines that share the note, in milliseconds since 1970. A time in a note must be of this clock. */
  now(): number {
    return timeOf(this.notes);
  }

  /** The same, also if this machine slept just now. */
  async timeNow(): Promise<number> {
    await this.notes.measureTime?.();
    return this.now();
  }

  async held(): Promise<HeldNote<T>> {
    return this.#holding(await this.notes.readNote(this.key));
  }

  async value(): Promise<T | undefined> {
    return (await this.held()).value;
  }

  /** Write it unless it exists. @returns whether this call wrote it */
  async create(value: T): Promise<boolean> {
    return this.notes.swapNote(this.key, undefined, this.format(value));
  }

  /**
   * Change it, however many processes do so at once.
   * @param change may be called several times, and the last call counts; an unchanged result is not written
   * @returns the note's value now
   */
  async update(change: (now: T | undefined) => T | undefined): Promise<T | undefined> {
    // Often there is nothing to change, and a look costs less than a write.
    const { value } = await this.held();
    return change(value) === value ? value : this.rewrite(change);
  }

  /** The same without a look before, for a note that mostly changes. */
  async rewrite(change: (now: T | undefined) => T | undefined): Promise<T | undefined> {
    let next: T | undefined;
    await this.notes.changeNote(this.key, (text) => {
      const value = text === undefined ? undefined : this.parse(text);
      next = change(value);
      return next === value ? text : next === undefined ? undefined : this.format(next);
    });
    return next;
  }

  async remove(): Promise<void> {
    await this.update(() => undefined);
  }

  /** @param before the write after which it is so */
  #holding(text: string | undefined, before?: Promise<boolean>): HeldNote<T> {
    const replacing: HeldNote<T>["replacing"] = (next) => {
      const after = next === undefined ? undefined : this.format(next);
      const swap = () => this.notes.swapNote(this.key, text, after);
      const written = before === undefined || this.notes.keepsOrder ? swap() : before.then((done) => done && swap());
      return { after: this.#holding(after, written), written };
    };
    return {
      value: text === undefined ? undefined : this.parse(text),
      replacing,
      replace: async (next) => {
        const { after, written } = replacing(next);
        return (await written) ? after : undefined;
      },
    };
  }
}

/** Do writes one after another; as one step where the notes keep the order. A crash may leave only the first of them. */
export async function inTurn({ keepsOrder }: SharedNotes, writes: readonly (() => Promise<unknown>)[]): Promise<void> {
  if (keepsOrder) await Promise.all(writes.map((write) => write()));
  else for (const write of writes) await write();
}

/** A note that is stored as JSON. */
export function jsonNote<T>(notes: SharedNotes, key: string): Note<T> {
  return new Note<T>(notes, key, JSON.stringify, JSON.parse);
}

/** A note that is stored as it is. */
export function textNote(notes: SharedNotes, key: string): Note<string> {
  return new Note(notes, key, String, String);
}
