import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { SharedNotes } from "../../../src/targets/target";
import { LedgerError } from "../../../src/userError";
import { CLOUDS } from "./clouds";
import { memoryNotes } from "./memoryNotes";
import { never, runOf } from "./place";

/** Notes whose writes fail for a while, as those of a ledger that is locked or away. */
function failingNotes() {
  const state = { away: () => false };
  const { swapNote, changeNote, ...others } = memoryNotes();
  const check = () => {
    if (state.away()) throw new LedgerError("the ledger cannot be used: it has been locked by another process", 5);
  };
  const notes: SharedNotes = {
    ...others,
    swapNote: async (...swap) => {
      check();
      return swapNote(...swap);
    },
    changeNote: async (...change) => {
      check();
      return changeNote(...change);
    },
  };
  return { notes, state };
}

describe.each(Object.entries(CLOUDS))("%s", (_, place) => {
  test("a run that started before its ledger failed is found: that is no refusal", async () => {
    const { notes, state } = failingNotes();
    const { open, job, ran } = await place(notes, "sleep 600");
    const target = await open();
    const run = runOf(randomUUID());
    const submission = target.plan(job, run);
    const prepared = await target.prepare(submission, never);
    state.away = () => ran() > 0;
    await expect(target.submit(prepared, never)).rejects.toThrow("locked by another process");
    expect(ran()).toBe(1);
    state.away = () => false;
    const id = await target.find(run.id, 1, JSON.parse(JSON.stringify(submission)));
    expect(id).toEqual(expect.any(String));
    expect([await target.submit(prepared, never), ran()]).toEqual([id, 1]);
  });
});
