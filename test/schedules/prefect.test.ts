import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json } from "../../src/json";
import { occurrencesOf, readSchedule } from "../../src/schedules";
import { wallTimeOf } from "../../src/schedules/wallClock";
import { between } from "./between";

interface Case {
  schedule: { [key: string]: Json };
  start: string;
  end: string;
  dates: string[];
}

const { cases } = JSON.parse(readFileSync(join(__dirname, "../fixtures/schedules/occurrences.json"), "utf8")) as { cases: Case[] };

test.each(cases.map((one) => [`${JSON.stringify(one.schedule)} from ${one.start}`, one] as const))("%s", (_, one) => {
  const read = readSchedule({ schedule: one.schedule });
  if ("fault" in read) throw new Error(read.fault);
  const found = between(occurrencesOf(read.schedule, 0), Date.parse(one.start) - 1, Date.parse(one.end));
  const shown = isShort(one) ? withoutSecondShowing(found, read.schedule.timezone) : found;
  expect(shown.map((time) => new Date(time).toISOString())).toEqual(one.dates);
});

const isShort = ({ schedule }: Case) => Number(schedule.interval) < 86_400;

/** Prefect intends to run a short interval through the repeated hour, but its comparison of dates takes the second time for the first. */
function withoutSecondShowing(times: number[], zone: string): number[] {
  const walls = times.map((time) => wallTimeOf(time, zone));
  return times.filter((_, index) => walls.indexOf(walls[index] as number) === index);
}
