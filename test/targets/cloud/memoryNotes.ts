import type { SharedNotes } from "../../../src/targets/target";

/** Shared notes of one test. */
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
