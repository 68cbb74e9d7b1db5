import fc from "fast-check";
import { expect, test } from "vitest";
import { dueOf, MISSED_POLICIES } from "../../src/schedules";
import { LATE, MAX_MISSED } from "../../src/schedules/due";

const NOW = 1_800_000_000_000;
const ago = (...seconds: number[]) => seconds.map((one) => NOW - one * 1000);

test.each([
  ["skip", ago(7200, 3600), [], ago(7200, 3600)],
  ["skip", ago(3600, 59, 0), ago(59, 0), ago(3600)],
  ["last", ago(7200, 3600), ago(3600), ago(7200)],
  ["last", ago(3600, 30), ago(30), ago(3600)],
  ["last", ago(60), ago(60), []],
  ["all", ago(7200, 3600, 1), ago(7200, 3600, 1), []],
  ["all", [], [], []],
] as const)("%s of %j", (policy, occurrences, run, missed) => {
  expect(dueOf(occurrences, NOW, policy)).toEqual({ run, missed });
});

test("the policy all has a limit: a hundred, or max_scheduled_runs", () => {
  const hourly = Array.from({ length: 200 }, (_, index) => NOW - (200 - index) * 3_600_000);
  expect(dueOf(hourly, NOW, "all").run).toEqual(hourly.slice(-MAX_MISSED));
  expect(dueOf(hourly, NOW, "all", 3).run).toEqual(hourly.slice(-3));
});

test("every occurrence is either run or missed, and only late ones are missed", () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 300_000 }), { maxLength: 300 });
  fc.assert(
    fc.property(times, fc.constantFrom(...MISSED_POLICIES), (seconds, policy) => {
      const occurrences = ago(...seconds).sort((a, b) => a - b);
      const { run, missed } = dueOf(occurrences, NOW, policy);
      expect([...missed, ...run]).toEqual(occurrences);
      expect(missed.every((time) => time <= NOW - LATE)).toBe(true);
    }),
  );
});
