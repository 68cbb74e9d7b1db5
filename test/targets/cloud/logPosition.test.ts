import { expect, test } from "vitest";
import { isDrained, type LogPosition, readToEnd, readUpTo } from "../../../src/targets/cloud/logPosition";

const LATE = 1_000;
const START: LogPosition = { time: 0, seen: {} };

test.each<[string, LogPosition, { at: number; cut?: number }, number | undefined, boolean]>([
  ["has all lines once none can be late", START, { at: 6_001 }, 5_000, true],
  ["has not while lines may be late", START, { at: 6_000 }, 5_000, false],
  ["has not while the run goes on", START, { at: 6_001 }, undefined, false],
  ["has not where pages are left", START, { at: 6_001, cut: 4_000 }, 5_000, false],
  [
    "counts from its first query, behind which a late line may have come in",
    { ...START, walk: { on: 1, at: 6_000 } },
    { at: 9_000 },
    5_000,
    false,
  ],
])("a reading %s", (_, position, read, ended, drained) => expect(isDrained(position, read, ended, LATE)).toBe(drained));

test("a walk remembers only the lines that may come again: those of its place, and those that late lines may be among", () => {
  const seen = (...times: number[]) => Object.fromEntries(times.map((time) => [`e${time}`, time]));
  const of = (position: LogPosition) => Object.values(position.seen);
  // The end looks back from the newest line, or from the beginning of the walk if that is earlier.
  expect(of(readUpTo(START, seen(1_000, 4_000, 5_000), { on: 5_000, at: 60_000 }, LATE))).toEqual([4_000, 5_000]);
  expect(of(readUpTo(START, seen(1_000, 2_000, 5_000), { on: 5_000, at: 3_000 }, LATE))).toEqual([2_000, 5_000]);
  expect(of(readUpTo(START, seen(1_000, 2_000, 5_000), { on: 1_500, at: 60_000 }, LATE))).toEqual([2_000, 5_000]);
  expect(of(readToEnd(START, seen(1_000, 4_000, 5_000), 60_000, LATE))).toEqual([4_000, 5_000]);
});
