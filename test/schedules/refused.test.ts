import { expect, test } from "vitest";
import { occurrencesOf, readSchedule, type Timing, timingFault } from "../../src/schedules";
import { cronTimes } from "../../src/schedules/cron";
import { rruleTimes } from "../../src/schedules/rrule";

const rrule = (text: string, timezone = "UTC"): Timing => ({ rrule: text, timezone });
const cron = (text: string): Timing => ({ cron: text, timezone: "UTC", day_or: true });

test.each([
  ["FREQ=MINUTELY;INTERVAL=120;BYHOUR=2,4,6;BYDAY=MO,TU", "2026-06-06T00:00:00Z", "2026-06-08T02:00:00.000Z"],
  ["FREQ=MINUTELY;INTERVAL=30;BYHOUR=8,9,10;BYDAY=MO,TU,WE,TH,FR", "2026-06-06T12:00:00Z", "2026-06-08T08:00:00.000Z"],
  ["FREQ=MINUTELY;INTERVAL=90;BYHOUR=6,9,12", "2026-06-06T06:00:00Z", "2026-06-06T09:00:00.000Z"],
  ["FREQ=SECONDLY;BYHOUR=3;BYMINUTE=0;BYSECOND=0;BYMONTH=2;BYMONTHDAY=29", "2026-06-06T06:00:00Z", "2028-02-29T03:00:00.000Z"],
  // More than 400 years after its start (as dateutil).
  [
    "DTSTART:00010101T000000\nRRULE:FREQ=YEARLY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU",
    "0001-01-01T00:00:00Z",
    "0624-02-29T00:00:00.000Z",
  ],
])("%s after %s", (text, after, expected) => {
  expect(new Date(occurrencesOf(rrule(text), 0).next(Date.parse(after)) as number).toISOString()).toBe(expected);
});

test("Prefect reads only the digits of a time: they are in the schedule's time zone, whatever zone the string names", () => {
  for (const start of ["DTSTART:20260101T090000", "DTSTART:20260101T090000Z", "DTSTART;TZID=Asia/Tokyo:20260101T090000"]) {
    const next = occurrencesOf(rrule(`${start}\nRRULE:FREQ=DAILY`, "America/New_York"), 0).next(Date.parse("2026-07-01T00:00:00Z"));
    expect(new Date(next as number).toISOString()).toBe("2026-07-01T13:00:00.000Z");
  }
});

test.each([
  ["FREQ=MINUTELY;INTERVAL=60;BYMINUTE=30", /never meet a time that the rule allows/],
  ["FREQ=MINUTELY;INTERVAL=1440;BYHOUR=13", /never meet a time that the rule allows/],
  ["FREQ=HOURLY;INTERVAL=24;BYHOUR=5", /never meet a time that the rule allows/],
  ["FREQ=HOURLY;BYHOUR=25", /never meet a time that the rule allows/],
  ["FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1", /never meet a time that the rule allows/],
  ["FREQ=DAILY;BYHOUR=9\nRRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=3", /never meet a time that the rule allows/],
  ["FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", /no time ever matches it/],
  ["FREQ=MONTHLY;BYDAY=MO,2TU", /no time ever matches it/],
  ["FREQ=DAILY;COUNT=0", /no time ever matches it/],
  ["FREQ=MONTHLY;BYDAY=53TH,TU", /a month has at most five of each weekday, and BYDAY asks for number 53/],
  ["FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY", /exclude a million times in a row/],
  ["FREQ=SECONDLY;BYSETPOS=2", /BYSETPOS selects none/],
  ["FREQ=DAILY;UNTIL=20300101T000000Z", /UNTIL has a time zone and DTSTART has none/],
  ["DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;UNTIL=20300101", /UNTIL must be in UTC/],
  ["FREQ=DAILY;INTERVAL=0", /INTERVAL must be a whole number of at least 1/],
  ["FREQ=DAILY;BYHOUR=25", /BYHOUR must be from 0 to 23, not 25/],
  ["FREQ=DAILY;BYDAY=XX", /BYDAY must be one of MO/],
  ["FREQ=FORTNIGHTLY", /FREQ must be one of YEARLY/],
  ["FREQ=DAILY;", /one semicolon too many/],
  ["FREQ=DAILY;BYFOO=1", /"BYFOO" is not a valid part of a rule/],
  ["INTERVAL=2", /there is no FREQ/],
  ["DTSTART:20260101T000000", /no RRULE and no RDATE/],
  ["DTSTART:20261301T000000\nRRULE:FREQ=DAILY", /DTSTART must be a time/],
])("the rule %j is refused", (text, fault) => {
  const before = process.cpuUsage();
  expect(timingFault(rrule(text))).toMatch(fault);
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
});

test.each([
  ["30 25 * * * 0", /"25" is invalid for the hour, which is 0 to 23/],
  ["61 * * * *", /"61" is invalid for the minute/],
  ["0 0 30 2 *", /no time ever matches it/],
  // croniter also searches the 31 February, and gives up.
  ["0 0 31 2 1", /no time ever matches it/],
  ["0 12 30,31 feb 0-7", /no time ever matches it/],
  ["R * * * *", /random or hashed/],
  ["H/5 * * * *", /random or hashed/],
  ["@reboot", /@reboot is not a valid alias/],
  ["* * * *", /it has 4 fields/],
  ["0 0 * * 5W", /"5w" is invalid for the day of the week/],
  ["0 0 * * mon#6", /at most five of each weekday/],
  ["0 0 * * 1,2#1", /both plain days and nth days/],
  ["0 0 ? ? ?", /\? must be the whole field, and only for the day/],
])("the cron %j is refused", (text, fault) => {
  expect(timingFault(cron(text))).toMatch(fault);
});

test.each([
  ["0 6 * * * 30", "2026-07-01T06:00:30.000Z"],
  ["*/15 * * * * 5", "2026-07-01T00:00:05.000Z"],
  ["@Daily", "2026-07-02T00:00:00.000Z"],
  ["0 22-2 * * fri-mon", "2026-07-03T00:00:00.000Z"],
  ["0 0 * * 7", "2026-07-05T00:00:00.000Z"],
  ["0 12 * * L5", "2026-07-31T12:00:00.000Z"],
  ["0 12 L * *", "2026-07-31T12:00:00.000Z"],
  ["0 0 1 1 * 0 2030", "2030-01-01T00:00:00.000Z"],
  ["0 0 29 2 3", "2027-02-03T00:00:00.000Z"],
])("the next time of cron %j", (text, expected) => {
  expect(new Date(occurrencesOf(cron(text), 0).next(Date.parse("2026-07-01T00:00:00Z")) as number).toISOString()).toBe(expected);
});

test("a time zone is a name of the database, in the same spelling", () => {
  for (const timezone of ["utc", "america/new_york", "+02:00", "Mars/Olympus", "EST4"]) {
    expect(readSchedule({ schedule: { cron: "* * * * *", timezone } })).toMatchObject({ fault: expect.stringContaining("IANA") });
  }
});

test("occurrences are computed one by one, from any time: unused ones cost nothing", () => {
  const before = process.cpuUsage();
  const times = rruleTimes("FREQ=YEARLY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11;BYMONTH=1,2,3,4,5,6;BYMONTHDAY=1,2,3,4,5,6,7,8,9");
  for (let year = 2021; year < 2_500; year += 1) expect(times(Date.UTC(year, 0, 1) / 1000).next().done).toBe(false);
  expect(cronTimes("* * * * * *", true)(0).next().value).toBe(0);
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
});
