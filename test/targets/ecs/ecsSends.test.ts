import { expect, onTestFinished, test } from "vitest";
import { openSqliteLedger } from "../../../src/ledger";
import { sendNote, taskNote } from "../../../src/targets/ecs/ecsNotes";
import { recordSend } from "../../../src/targets/ecs/ecsSends";
import type { SharedNotes } from "../../../src/targets/target";
import { memoryNotes } from "../cloud/memoryNotes";

const TASK = { timeoutSeconds: 60, startTimeoutSeconds: null };

function notesOf(keepsOrder: boolean): SharedNotes {
  if (!keepsOrder) return memoryNotes();
  const ledger = openSqliteLedger(":memory:");
  onTestFinished(() => ledger.close());
  return ledger;
}

test.each([false, true])("what was started is noted before the run is recorded (notes that keep the order: %s)", async (keepsOrder) => {
  const notes = notesOf(keepsOrder);
  const note = sendNote(notes, "r1", 1);
  await note.create({ cluster: "c", at: 1 });
  const seen: unknown[] = [];
  const started = async (id: string) => {
    // A write of its own: what it finds was written before it.
    await notes.changeNote("run", () => id);
    seen.push(id, (await note.value())?.id, (await taskNote(notes, id).value())?.timeoutSeconds);
  };
  const id = await recordSend(notes, { note, sent: { cluster: "c", at: 2, id: "c::t" }, task: TASK }, started);
  expect([id, seen]).toEqual(["c::t", ["c::t", "c::t", 60]]);
});

test.each([false, true])("the id that another process noted first counts (notes that keep the order: %s)", async (keepsOrder) => {
  const notes = notesOf(keepsOrder);
  const note = sendNote(notes, "r1", 1);
  await note.create({ at: 1, id: "c::first" });
  const id = await recordSend(notes, { note, sent: { at: 2, id: "c::second" }, task: TASK });
  expect([id, (await note.value())?.id]).toEqual(["c::first", "c::first"]);
  expect(await taskNote(notes, "c::first").value()).toMatchObject(TASK);
});
