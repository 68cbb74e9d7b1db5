import type { SharedNotes } from "../../../src/targets/target";

/** Shared notes for one test. */
export function memoryNotes(): SharedNotes {
  const kept = new Map<string, string>();
  return {
    readNote: async (key) => kept.get(key),
    swapNote: async (key, before, after) => {
      if (kept.get(key) !== before) return false;
      if (after === undefined) kept.delete(key);
      else kept.set(key, after);
      return true;
    },
  };
}

/** Shared notes, and all values written to keys with this prefix. */
export function recordedNotes(key: string): { notes: SharedNotes; written: string[] } {
  const { readNote, swapNote } = memoryNotes();
  const written: string[] = [];
  return {
    written,
    notes: {
      readNote,
      swapNote: async (at, before, after) => {
        const swapped = await swapNote(at, before, after);
        if (swapped && at.startsWith(key)) written.push(after ?? "");
        return swapped;
      },
    },
  };
}
