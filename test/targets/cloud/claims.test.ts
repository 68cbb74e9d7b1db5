import { expect, test } from "vitest";
import { doOnce } from "../../../src/targets/cloud/claims";
import { jsonNote } from "../../../src/targets/cloud/notes";
import { memoryNotes } from "./memoryNotes";

interface Made {
  by?: string;
  done?: string;
}

/** What makes one thing, as several processes do at once. */
function maker({ lives = () => true, left }: { lives?: (by: string) => boolean; left?: string } = {}) {
  const note = jsonNote<Made>(memoryNotes(), "k");
  const works: string[] = [];
  const make = (by: string, fails = false) =>
    doOnce<Made, string>({
      note,
      answer: ({ done }) => done,
      holds: (claim) => lives(claim.by as string),
      leftBy: async () => left,
      claim: () => ({ by }),
      work: async (claim) => {
        works.push(by);
        await new Promise((done) => setTimeout(done, 20));
        await claim.replace(fails ? undefined : { done: `made by ${by}` });
        if (fails) throw new Error(`${by} failed`);
        return `made by ${by}`;
      },
      pause: 5,
    });
  return { note, works, make };
}

test("of several at once one does the work, and all have what came of it", async () => {
  const { works, make } = maker();
  const all = await Promise.all(["a", "b", "c"].map((by) => make(by)));
  expect(works).toHaveLength(1);
  expect(new Set(all)).toEqual(new Set([`made by ${works[0]}`]));
  expect(await make("d")).toBe(all[0]);
});

test("where the work fails, the next one does it", async () => {
  const { works, make } = maker();
  const [first, second] = await Promise.allSettled([make("a", true), make("b")]);
  expect(first).toMatchObject({ status: "rejected" });
  expect(second).toEqual({ status: "fulfilled", value: "made by b" });
  expect(works).toEqual(["a", "b"]);
});

test("a claim whose process has died is taken over, unless it left the work done", async () => {
  const dead = maker({ lives: () => false });
  await dead.note.create({ by: "dead" });
  expect(await dead.make("b")).toBe("made by b");
  const done = maker({ lives: () => false, left: "made by the dead" });
  await done.note.create({ by: "dead" });
  expect(await done.make("b")).toBe("made by the dead");
  expect(done.works).toEqual([]);
});
