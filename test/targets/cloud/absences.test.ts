import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type End, firstEnd, openAbsences } from "../../../src/targets/cloud/absences";
import { jsonNote } from "../../../src/targets/cloud/notes";
import { memoryNotes } from "./memoryNotes";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const notes = memoryNotes();
  const endNote = (id: string) => jsonNote<End>(notes, id);
  return { endNote, absences: openAbsences({ settle: 1_000, endNote, late: "not shown yet", lost: "forgotten" }) };
}
const end = (code: number): End => ({ phase: "ended", outcome: { kind: "exited", code }, endedAt: "2026-01-01T00:00:00.000Z" });
const lost = { phase: "ended", outcome: { kind: "lost", reason: "forgotten" }, endedAt: new Date(1_000_000).toISOString() };

test("a missing run is late at first, then lost", async () => {
  const { absences } = open();
  expect(await absences.gone("a")).toEqual({ phase: "pending", message: "not shown yet" });
  vi.advanceTimersByTime(1_000);
  expect(await absences.gone("a")).toEqual(lost);
});

test("what was sent long ago is lost at once; what was seen since is late again", async () => {
  const { absences } = open();
  expect(await absences.gone("a", 1)).toEqual(lost);
  await absences.gone("b");
  vi.advanceTimersByTime(1_000);
  absences.seen("b");
  expect(await absences.gone("b")).toMatchObject({ phase: "pending" });
});

test("on a machine whose clock is ahead, what another one has just sent is only late", async () => {
  const endNote = (id: string) => jsonNote<End>({ ...memoryNotes(), clock: () => 500 }, id);
  const absences = openAbsences({ settle: 1_000, endNote, late: "not shown yet", lost: "forgotten" });
  expect(await absences.gone("a", 400)).toMatchObject({ phase: "pending" });
});

test("the first end that was noted stays", async () => {
  const { absences, endNote } = open();
  expect(await firstEnd(endNote("a"), end(0))).toEqual(end(0));
  expect(await firstEnd(endNote("a"), end(1))).toEqual(end(0));
  expect(await absences.gone("a")).toEqual(end(0));
});
