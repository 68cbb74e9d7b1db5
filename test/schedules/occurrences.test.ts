import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../src/json";
import { occurrencesOf, readSchedule, type Timing } from "../../src/schedules";
import { between } from "./between";

function timingOf(schedule: object): Timing {
  const read = readSchedule({ schedule: schedule as Json });
  if ("fault" in read) throw new Error(read.fault);
  return read.schedule;
}

const at = (text: string) => Date.parse(text);
const texts = (times: number[]) => times.map((time) => new Date(time).toISOString());

const zones = fc.constantFrom("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo");
const kinds = fc.constantFrom(
  { cron: "*/20 * * * *" },
  { cron: "30 2 * * *" },
  { cron: "0 9 * * 1-5" },
  { interval: 1800.25 },
  { interval: 86_400 },
  { interval: 100_000 },
  { rrule: "FREQ=HOURLY;INTERVAL=5" },
  { rrule: "FREQ=DAILY;BYHOUR=1,2,3" },
);
const year = fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2027-01-01T00:00:00Z") });
const span = fc.integer({ min: 0, max: 3 * 86_400_000 });

test("two searches find the same occurrences as one, and `next` is the first of them", () => {
  fc.assert(
    fc.property(zones, kinds, year, span, span, (timezone, kind, start, first, second) => {
      const found = occurrencesOf(timingOf({ ...kind, timezone }), at("2025-11-11T11:11:11Z"));
      const whole = between(found, start, start + first + second);
      expect([...between(found, start, start + first), ...between(found, start + first, start + first + second)]).toEqual(whole);
      if (whole.length > 0) expect(found.next(start)).toBe(whole[0]);
    }),
    { numRuns: 100 },
  );
});

test.each([
  [
    "a daily interval keeps its local hour all year",
    { interval: 86_400, anchor_date: "2025-01-01T14:00:00Z", timezone: "America/New_York" },
    ["2026-07-01T13:00:00.000Z", "2026-07-02T13:00:00.000Z"],
  ],
  ["a cron's sixth field is the seconds", { cron: "59 23 * * * 30" }, ["2026-07-01T23:59:30.000Z", "2026-07-02T23:59:30.000Z"]],
  ["an rrule of minutes", { rrule: "FREQ=MINUTELY;INTERVAL=1440" }, ["2026-07-02T00:00:00.000Z", "2026-07-03T00:00:00.000Z"]],
  ["an rrule that has ended", { rrule: "DTSTART:20200101T000000\nRRULE:FREQ=DAILY;COUNT=3" }, []],
])("%s", (_, schedule, expected) => {
  expect(texts(between(occurrencesOf(timingOf(schedule), 0), at("2026-07-01T00:00:00Z"), at("2026-07-03T00:00:00Z")))).toEqual(expected);
});

test("there is no next occurrence after the last one", () => {
  expect(
    occurrencesOf(timingOf({ rrule: "DTSTART:20200101T000000\nRRULE:FREQ=DAILY;COUNT=3" }), 0).next(at("2026-01-01T00:00:00Z")),
  ).toBeUndefined();
});

test.each([
  [{ schedule: { cron: "* * * * *", timezone: "Mars/Olympus" } }, /timezone: must be an IANA name/],
  [{ schedule: { interval: 0 } }, /interval/],
  [{ schedule: { interval: 60, anchor_date: "soon" } }, /anchor_date: must be a time/],
  [{ schedule: {} }, /must have one of cron, interval/],
  [{ schedule: { cron: "* * * * *" }, max_scheduled_runs: 0 }, /max_scheduled_runs/],
  ["hourly", /it: /],
])("the fault of %j", (given, fault) => {
  expect(readSchedule(given as Json)).toEqual({ fault: expect.stringMatching(fault) });
});
