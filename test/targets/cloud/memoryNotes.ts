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
    changeNote: async (key, change) => {
      const after = change(kept.get(key));
      if (after === undefined) kept.delete(key);
      else kept.set(key, after);
      return after;
    },
    noteKeys: async (prefix, limit) =>
      [...kept.keys()]
        .filter((key) => key.startsWith(prefix))
        .sort()
        .slice(0, limit),
  };
}

/** Shared notes, and all values written to keys with this prefix. */
export function recordedNotes(key: string): { notes: SharedNotes; written: string[] } {
  const { swapNote, changeNote, ...others } = memoryNotes();
  const written: string[] = [];
  return {
    written,
    notes: {
      ...others,
      swapNote: async (at, before, after) => {
        const swapped = await swapNote(at, before, after);
        if (swapped && at.startsWith(key)) written.push(after ?? "");
        return swapped;
      },
      changeNote: async (at, change) => {
        let before: string | undefined;
        const after = await changeNote(at, (now) => {
          before = now;
          return change(now);
        });
        if (after !== before && at.startsWith(key)) written.push(after ?? "");
        return after;
      },
    },
  };
}
