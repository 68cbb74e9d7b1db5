import { jsonNote, type Note, textNote } from "../cloud/notes";
import type { InfrastructureId, SharedNotes } from "../target";
import { following, type Line, type Tail } from "./logTail";

/** Lines that could not be had: between the line before and the one after. */
export type Gap = [at: string, text: null];
export type Entry = Line | Gap;

/** Where a reader is: the entries before it were read. */
export interface Place {
  part: number;
  entry: number;
}

/** Notes of logs that are whole, by the time when their runs ended. */
const CLOSED = "aci/closed/";
/** A part with so many characters gets no more entries. */
const PART = 64 * 1024;

/**
 * The output of a run as it was read from Azure, which keeps only the end of it, and nothing once the group is deleted. All processes of a ledger
 * write it and read it; it is kept in notes, part by part.
 */
export class LogJournal {
  /** By infrastructure id, the last part that is known to exist. */
  readonly #last = new Map<InfrastructureId, number>();

  constructor(private readonly notes: SharedNotes) {}

  /**
   * Store what is new in a tail.
   * @returns whether it was added: `false` if lines would be missing, and `acceptGap` is not set
   */
  async add(id: InfrastructureId, { lines, cut }: Tail, acceptGap: boolean): Promise<boolean> {
    if (lines.length === 0) return true;
    for (;;) {
      const { part, entries, before } = await this.#end(id);
      const last = [...before, ...entries];
      const known = last.filter((each): each is Line => each[1] !== null);
      const isFirst = part === 0 && entries.length === 0;
      const fresh = isFirst ? undefined : following(known, lines, part <= 1 && known.length === last.length);
      if (fresh === undefined && !isFirst && !acceptGap) return false;
      const gap: Entry[] = fresh === undefined && (!isFirst || cut) ? [[(lines[0] as Line)[0], null]] : [];
      if (await this.#append(id, part, entries, [...gap, ...(fresh ?? lines)])) return true;
    }
  }

  /** Say that the lines from here on could not be had. */
  async addGap(id: InfrastructureId, at: string): Promise<void> {
    for (;;) {
      const { part, entries } = await this.#end(id);
      if (await this.#append(id, part, entries, [[at, null]])) return;
    }
  }

  async isEmpty(id: InfrastructureId): Promise<boolean> {
    return (await this.#part(id, 0).value()) === undefined;
  }

  /** The entries of one part from a place on, the place after them, and whether there are more. */
  async read(id: InfrastructureId, { part, entry }: Place): Promise<{ entries: Entry[]; next: Place; more: boolean }> {
    const all = (await this.#part(id, part).value()) ?? [];
    const more = isFull(all) && (await this.#part(id, part + 1).value()) !== undefined;
    return {
      entries: all.slice(entry),
      next: more ? { part: part + 1, entry: 0 } : { part, entry: all.length },
      more,
    };
  }

  /** The lines around an entry, up to the next gap. @param count the most on each side */
  async around(id: InfrastructureId, { part, entry }: Place, count: number): Promise<{ before: Line[]; after: Line[] }> {
    const [earlier = [], here = [], later = []] = await Promise.all(
      [part - 1, part, part + 1].map(async (each) => (each < 0 ? undefined : this.#part(id, each).value())),
    );
    const before = [...earlier, ...here.slice(0, entry)].slice(-count);
    const after = [...here.slice(entry + 1), ...later].slice(0, count);
    const isGap = (each: Entry): each is Gap => each[1] === null;
    const until = after.findIndex(isGap);
    return {
      before: before.slice(before.findLastIndex(isGap) + 1) as Line[],
      after: (until < 0 ? after : after.slice(0, until)) as Line[],
    };
  }

  /** The last part that is not full, with the entries of the one before. */
  async #end(id: InfrastructureId): Promise<{ part: number; entries: Entry[]; before: Entry[] }> {
    let before: Entry[] = [];
    for (let part = Math.max(0, (this.#last.get(id) ?? 0) - 1); ; part++) {
      const entries = (await this.#part(id, part).value()) ?? [];
      if (!isFull(entries)) return { part, entries, before };
      this.#last.set(id, part);
      before = entries;
    }
  }

  async #append(id: InfrastructureId, first: number, present: Entry[], added: Entry[]): Promise<boolean> {
    let entries = [...present];
    let size = JSON.stringify(entries).length;
    let part = first;
    let expected: Entry[] | undefined = present.length === 0 ? undefined : present;
    const put = async () => {
      const note = this.#part(id, part);
      const held = await note.held();
      if (JSON.stringify(held.value) !== JSON.stringify(expected)) return false;
      return (await held.replace(entries)) !== undefined;
    };
    for (const each of added) {
      entries.push(each);
      size += JSON.stringify(each).length + 1;
      if (size < PART) continue;
      if (!(await put())) return false;
      [entries, size, part, expected] = [[], 2, part + 1, undefined];
    }
    return entries.length === (expected?.length ?? 0) || put();
  }

  /** Note that no more lines will come. @param endedAt when the run ended, in ISO 8601 */
  async close(id: InfrastructureId, endedAt: string): Promise<void> {
    await textNote(this.notes, `${CLOSED}${endedAt}${id}`).create("");
  }

  /**
   * Remove the lines of runs that ended before a time, the oldest first; a line in their place says so.
   * @param before in ISO 8601
   * @param limit the most runs
   * @returns whether more may be left
   */
  async prune(before: string, limit: number): Promise<boolean> {
    const closed = await this.notes.noteKeys(CLOSED, limit);
    const old = closed.filter((key) => key < `${CLOSED}${before}`);
    for (const key of old) {
      const [, endedAt = "", id = ""] = /^([^/]+)(\/.*)$/.exec(key.slice(CLOSED.length)) ?? [];
      for (let part = 1; (await this.#part(id, part).value()) !== undefined; part++) await this.#part(id, part).remove();
      await this.#part(id, 0).update(
        (now) => now && [[endedAt, "[pushpool] the lines of this log were removed: pushpool stores them for 30 days"]],
      );
      await textNote(this.notes, key).remove();
    }
    return old.length === limit;
  }

  #part(id: InfrastructureId, part: number): Note<Entry[]> {
    return jsonNote(this.notes, `aci/log/${id}/${part}`);
  }
}

function isFull(entries: Entry[]): boolean {
  return JSON.stringify(entries).length >= PART;
}
