import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { emptied, lowered, type TokenBucket, tryTurn, waitForTurns } from "../../../src/targets/cloud/tokenBucket";
import type { SharedNotes } from "../../../src/targets/target";
import { memoryNotes } from "./memoryNotes";

const slept: number[] = [];
vi.mock("node:timers/promises", () => ({
  setTimeout: async (milliseconds: number) => {
    slept.push(Math.round(milliseconds));
  },
}));
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** How long each of several simultaneous calls waits, in milliseconds. */
async function waits(count: number, bucket: TokenBucket, notes: SharedNotes): Promise<number[]> {
  slept.length = 0;
  for (let calls = 0; calls < count; calls++) await waitForTurns(notes, [bucket]);
  return [...slept];
}

test("a burst goes at once, the rest at the bucket's rate", async () => {
  expect(await waits(5, { key: "k", burst: 3, perSecond: 10 }, memoryNotes())).toEqual([100, 200]);
});

test("calls that wait longer go together, none before its turn, and as many a second", async () => {
  const bucket = { key: "k", burst: 3, perSecond: 20 };
  vi.setSystemTime(1_000_050);
  const slept = await waits(15, bucket, memoryNotes());
  const [turns, gone] = [slept.map((_, n) => 1_000_050 + (n + 1) * 50), slept.map((wait) => 1_000_050 + wait)];
  expect(gone).toEqual([100, 150, 200, 400, 400, 400, 400, 600, 600, 600, 600, 800].map((at) => 1_000_000 + at));
  expect(gone.every((at, n) => at >= (turns[n] as number))).toBe(true);
});

test.each([false, true])("of several buckets each is counted when the call may go (notes that keep the order: %s)", async (keepsOrder) => {
  const notes = { ...memoryNotes(), keepsOrder };
  const [slow, quick] = [
    { key: "slow", burst: 2, perSecond: 10 },
    { key: "quick", burst: 3, perSecond: 20 },
  ];
  slept.length = 0;
  const waitedFor: string[] = [];
  for (let calls = 0; calls < 4; calls++) {
    await waitForTurns(notes, [slow, quick], { onWait: ({ key }) => void waitedFor.push(key) });
    // Each call takes one of each, whether it waits or not.
    expect(Number(await notes.readNote("quick"))).toBe(1_000_000 + (calls + 1) * 50);
    expect(Number(await notes.readNote("slow"))).toBe(1_000_000 + (calls + 1) * 100);
  }
  expect([slept, waitedFor]).toEqual([
    [100, 200, 50],
    ["slow", "slow", "quick"],
  ]);
});

test("after a refusal the bucket is empty for all processes", async () => {
  const notes = memoryNotes();
  const bucket = { key: "k", burst: 3, perSecond: 10 };
  await emptied(notes, bucket);
  expect(await waits(2, bucket, notes)).toEqual([100, 200]);
});

test("after a refusal that says when to come back, nobody comes back earlier", async () => {
  const notes = memoryNotes();
  const bucket = { key: "k", burst: 3, perSecond: 10 };
  await emptied(notes, bucket, 5_000);
  expect(await waits(2, bucket, notes)).toEqual([5_000, 5_200]);
  const slow = { key: "slow", burst: 3, perSecond: 0.1 };
  await emptied(notes, slow, 1_000);
  expect(await waits(1, slow, notes)).toEqual([1_000]);
});

test("a low number of calls that are left counts, a high one does not", async () => {
  const notes = memoryNotes();
  const bucket = { key: "k", burst: 3, perSecond: 10 };
  await lowered(notes, bucket, 1);
  expect(await waits(2, bucket, notes)).toEqual([100]);
  await lowered(notes, bucket, 99);
  expect(await waits(1, bucket, notes)).toEqual([200]);
});

test("a bucket that starts counting after a refusal limits nothing before, and nothing after its time is over", async () => {
  const notes = memoryNotes();
  const bucket = { key: "k", burst: 1, perSecond: 10, afterRefusal: 1_000 };
  expect(await waits(3, bucket, notes)).toEqual([]);
  await emptied(notes, bucket);
  expect(await waits(3, bucket, notes)).toEqual([100, 200, 400]);
  vi.advanceTimersByTime(1_000);
  expect(await waits(3, bucket, notes)).toEqual([]);
});

test("tryTurn returns at once, and takes nothing from an empty bucket", async () => {
  const notes = memoryNotes();
  const bucket = { key: "k", burst: 2, perSecond: 10 };
  const tried = async () => [await tryTurn(notes, bucket), await tryTurn(notes, bucket), await tryTurn(notes, bucket)];
  expect(await tried()).toEqual([true, true, false]);
  vi.advanceTimersByTime(100);
  expect(await tried()).toEqual([true, false, false]);
});
