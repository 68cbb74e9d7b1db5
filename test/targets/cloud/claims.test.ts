import { describe, expect, onTestFinished, test, vi } from "vitest";
import { databaseClock } from "../../../src/ledger/postgres/databaseClock";
import { doOnce } from "../../../src/targets/cloud/claims";
import { jsonNote } from "../../../src/targets/cloud/notes";
import type { SharedNotes } from "../../../src/targets/target";
import { until } from "../../until";
import { memoryNotes } from "./memoryNotes";

interface Made {
  at: number;
  by?: string;
  done?: string;
}

/** Does something once, called by several processes at the same time. */
function maker({ lives = () => true, left }: { lives?: (by: string) => boolean; left?: string } = {}) {
  const note = jsonNote<Made>(memoryNotes(), "k");
  const works: string[] = [];
  const make = (by: string, fails = false) =>
    doOnce<Made, string>({
      note,
      answer: ({ done }) => done,
      holds: (claim) => lives(claim.by as string),
      leftBy: async () => left,
      claim: () => ({ by, at: 0 }),
      work: async (claim) => {
        works.push(by);
        await new Promise((done) => setTimeout(done, 20));
        await claim.replace(fails ? undefined : { at: 0, done: `made by ${by}` });
        if (fails) throw new Error(`${by} failed`);
        return `made by ${by}`;
      },
      pause: 5,
    });
  return { note, works, make };
}

test("of several at once, one does the work, and all get its result", async () => {
  const { works, make } = maker();
  const all = await Promise.all(["a", "b", "c"].map((by) => make(by)));
  expect(works).toHaveLength(1);
  expect(new Set(all)).toEqual(new Set([`made by ${works[0]}`]));
  expect(await make("d")).toBe(all[0]);
});

test("if the work fails, the next one does it", async () => {
  const { works, make } = maker();
  const [first, second] = await Promise.allSettled([make("a", true), make("b")]);
  expect(first).toMatchObject({ status: "rejected" });
  expect(second).toEqual({ status: "fulfilled", value: "made by b" });
  expect(works).toEqual(["a", "b"]);
});

test("whether a claim holds depends on the clock of the notes, not on this machine's", async () => {
  const shared = memoryNotes();
  const there = 5_000_000;
  const note = jsonNote<Made>({ ...shared, clock: () => there }, "k");
  await note.create({ by: "another machine", at: there - 500 });
  const asked: number[] = [];
  const made = doOnce<Made, string>({
    note,
    answer: ({ done }) => done,
    holds: ({ at }, now) => asked.push(now) < 3 && now < at + 1_000,
    claim: (now) => ({ by: "this machine", at: now }),
    work: async (claim) => {
      await claim.renew();
      const { at } = (await note.value()) as Made;
      await claim.replace({ at, done: `made at ${at}` });
      return "made here";
    },
    pause: 1,
  });
  expect(await made).toBe("made here");
  expect(asked).toEqual([there, there, there]);
  expect(await note.value()).toMatchObject({ at: there, done: `made at ${there}` });
});

test("a dead process's claim is taken over, unless the process finished the work", async () => {
  const dead = maker({ lives: () => false });
  await dead.note.create({ by: "dead", at: 0 });
  expect(await dead.make("b")).toBe("made by b");
  const done = maker({ lives: () => false, left: "made by the dead" });
  await done.note.create({ by: "dead", at: 0 });
  expect(await done.make("b")).toBe("made by the dead");
  expect(done.works).toEqual([]);
});

/** Does something once, with a claim that holds for a minute and work that waits for its turn. */
function waiter() {
  vi.useFakeTimers({ now: 1_000_000, toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const note = jsonNote<Made>(memoryNotes(), "k");
  const begun: string[] = [];
  const tried: string[] = [];
  const make = (by: string, turn: Promise<unknown>) =>
    doOnce<Made, string>({
      note,
      answer: ({ done }) => done,
      holds: ({ at }) => Date.now() < at + 60_000,
      claim: () => ({ by, at: Date.now() }),
      work: async (own) => {
        begun.push(by);
        await turn;
        await own.renew();
        tried.push(by);
        await new Promise((done) => setTimeout(done, 50));
        await own.replace({ at: Date.now(), done: `made by ${by}` });
        return `made by ${by}`;
      },
      pause: 5,
    });
  const later = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
  return { begun, tried, make, later };
}

test("a claim that is renewed before the try is left alone while the work is under way", async () => {
  const { begun, tried, make, later } = waiter();
  const turn = Promise.withResolvers<void>();
  const first = make("a", turn.promise);
  await until(() => begun.length === 1);
  later(120_000);
  turn.resolve();
  await until(() => tried.length === 1);
  expect(await Promise.all([first, make("b", Promise.resolve())])).toEqual(["made by a", "made by a"]);
  expect(begun).toEqual(["a"]);
});

test("a process whose claim was taken over while it waited does not try, and gets the other's result", async () => {
  const { begun, tried, make, later } = waiter();
  const turn = Promise.withResolvers<void>();
  const first = make("a", turn.promise);
  await until(() => begun.length === 1);
  later(120_000);
  const second = make("b", Promise.resolve());
  await until(() => tried.length === 1);
  turn.resolve();
  expect(await Promise.all([first, second])).toEqual(["made by b", "made by b"]);
  expect(tried).toEqual(["b"]);
});

describe.each([false, true])("work that may begin before its claim is known (notes that keep the order: %s)", (keepsOrder) => {
  /** Does something once, and notes what is written. */
  function beginner() {
    const notes = { ...memoryNotes(), keepsOrder };
    const note = jsonNote<Made>(notes, "k");
    const begun: string[] = [];
    const tried: string[] = [];
    const make = (by: string, fault?: Error) =>
      doOnce<Made, string>({
        note,
        answer: ({ done }) => done,
        holds: () => true,
        claim: (now) => ({ by, at: now }),
        work: async (own) => {
          begun.push(by);
          try {
            if (fault) throw fault;
            await own.renew();
            tried.push(by);
            await own.replace({ at: 0, done: `made by ${by}` });
            return `made by ${by}`;
          } catch (error) {
            await own.replace(undefined);
            throw error;
          }
        },
        mayBegin: true,
        pause: 5,
      });
    return { notes, note, begun, tried, make };
  }

  test("of several at once, one goes on after its renewal, and all get its result", async () => {
    const { begun, tried, make } = beginner();
    const all = await Promise.all(["a", "b", "c"].map((by) => make(by)));
    expect(begun).toEqual(["a", "b", "c"]);
    expect(tried).toHaveLength(1);
    expect(new Set(all)).toEqual(new Set([`made by ${tried[0]}`]));
  });

  test("if the work fails before its renewal, nothing stays of its claim", async () => {
    const { note, make } = beginner();
    await expect(make("a", new Error("no turn"))).rejects.toThrow("no turn");
    expect(await note.value()).toBeUndefined();
    expect(await make("b")).toBe("made by b");
  });

  test("a claim that cannot be written fails as that, and the work does not go on", async () => {
    const { notes, tried, make } = beginner();
    const swapNote = vi.spyOn(notes, "swapNote").mockRejectedValue(new Error("the disk is full"));
    await expect(make("a")).rejects.toThrow("the disk is full");
    swapNote.mockRestore();
    expect(tried).toEqual([]);
    expect(await make("b")).toBe("made by b");
  });
});

/** A renewal of a claim, while what happens in `during` delays its write. @returns the note, when it may be renewed */
async function renewedOnce(notes: SharedNotes, during: () => void): Promise<number | undefined> {
  const swapNote: SharedNotes["swapNote"] = async (key, before, after) => {
    if (before !== undefined) during();
    return notes.swapNote(key, before, after);
  };
  const note = jsonNote<Made>({ ...notes, swapNote }, "k");
  return doOnce<Made, number | undefined>({
    note,
    answer: () => undefined,
    holds: () => true,
    claim: (at) => ({ by: "a", at }),
    work: async (own) => {
      await own.renew();
      return (await note.value())?.at;
    },
    pause: 1,
  });
}

test("a claim whose renewal has waited for its database is renewed again: it would be old", async () => {
  let now = 1_000_000;
  let pause = 60_000;
  const made = await renewedOnce({ ...memoryNotes(), clock: () => now }, () => {
    now += pause;
    pause = 0;
  });
  expect([made, now]).toEqual([1_060_000, 1_060_000]);
});

test("a claim is renewed again if this machine has slept meanwhile: its steady clock stood still", async () => {
  let there = 1_000_000;
  let wall = 5_000;
  let asleep = 60_000;
  const clock = databaseClock(async () => there, { wall: () => wall, steady: () => 0 });
  await clock.measure();
  const notes = { ...memoryNotes(), clock: () => clock.now().getTime(), measureTime: clock.measure };
  const made = await renewedOnce(notes, () => {
    there += asleep;
    wall += asleep;
    asleep = 0;
  });
  expect(made).toBe(1_060_000);
});

test("if each renewal takes too long, the work is not done: the ledger is too slow", async () => {
  let now = 0;
  const made = renewedOnce({ ...memoryNotes(), clock: () => now }, () => {
    now += 6_000;
  });
  await expect(made).rejects.toThrow("the ledger took more than 5 s for each of 10 writes: the request was not sent");
});
