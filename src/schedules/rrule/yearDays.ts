import { dayOf, daysInMonth, daysInYear, modulo, weekdayOf } from "../calendar";
import type { Rule } from "./rule";

/** The days of a year that a rule allows. */
export interface YearDays {
  /** The day of 1 January, since 1970-01-01. */
  first: number;
  /** Days in the year. */
  length: number;
  /** By day of the year, from 0, plus one week. A week that continues into the next year follows the rules of its first year. */
  allowed: Uint8Array;
}

/** Longer than a year, for weeks that cross its end. */
const MORE = 7;

/** The days of a year that a rule allows, as in dateutil (`_iterinfo.rebuild` and the filter of `_iter`). */
export function yearDays(rule: Rule, year: number): YearDays {
  const first = dayOf(year, 1, 1);
  const length = daysInYear(year);
  const weekdayAt = (index: number) => weekdayOf(first + index);
  const weeks = rule.weeks && weekMask(rule.weeks, rule.weekStart, year, length, weekdayAt(0));
  const nths = rule.nthWeekdays && nthMask(rule, year, length, weekdayAt);
  const easter = rule.easterDays && easterMask(rule.easterDays, year, length);
  const allowed = new Uint8Array(length + MORE);
  let [month, day, inMonth] = [1, 1, 31];
  for (let index = 0; index < length + MORE; index += 1) {
    allowed[index] = Number(
      (!rule.months || rule.months.has(month)) &&
        (!weeks || weeks[index] === 1) &&
        (!rule.weekdays || rule.weekdays.has(weekdayAt(index))) &&
        (!nths || nths[index] === 1) &&
        (!easter || easter[index] === 1) &&
        (!rule.monthDays || rule.monthDays.has(day) || rule.monthDays.has(day - inMonth - 1)) &&
        (!rule.yearDays || isYearDay(rule.yearDays, index, length, year)),
    );
    day += 1;
    if (day <= inMonth) continue;
    [month, day] = [month === 12 ? 1 : month + 1, 1];
    inMonth = daysInMonth(index + 1 < length ? year : year + 1, month);
  }
  return { first, length, allowed };
}

function isYearDay(days: ReadonlySet<number>, index: number, length: number, year: number): boolean {
  if (index < length) return days.has(index + 1) || days.has(index - length);
  return days.has(index + 1 - length) || days.has(index - length - daysInYear(year + 1));
}

/** The weeks of ISO 8601, for any first day of the week. */
function weekMask(weeks: ReadonlySet<number>, weekStart: number, year: number, length: number, firstWeekday: number): Uint8Array {
  const mask = new Uint8Array(length + MORE);
  const firstStart = modulo(weekStart - firstWeekday, 7);
  const isShort = firstStart < 4;
  const base = isShort ? firstStart : 0;
  const days = isShort ? length - base : length + modulo(firstWeekday - weekStart, 7);
  const count = Math.floor(days / 7) + Math.floor(modulo(days, 7) / 4);
  const shift = base === firstStart ? 0 : 7 - firstStart;
  const markWeek = (from: number) => {
    for (let index = from; index < from + 7; index += 1) {
      mask[index] = 1;
      if (modulo(firstWeekday + index + 1, 7) === weekStart) return;
    }
  };
  for (const given of weeks) {
    const week = given < 0 ? given + count + 1 : given;
    if (week > 0 && week <= count) markWeek(week > 1 ? base + (week - 1) * 7 - shift : base);
  }
  // Week 1 of the next year may begin in this year, and the last week of the previous year may end in it.
  const next = base + count * 7 - shift;
  if (weeks.has(1) && next < length) markWeek(next);
  if (base > 0 && weeks.has(weeks.has(-1) ? -1 : weeksOfYearBefore(year, weekStart, length, base))) mask.fill(1, 0, base);
  return mask;
}

function weeksOfYearBefore(year: number, weekStart: number, length: number, base: number): number {
  const weekday = weekdayOf(dayOf(year - 1, 1, 1));
  const days = modulo(weekStart - weekday, 7) >= 4 ? daysInYear(year - 1) + modulo(weekday - weekStart, 7) : length - base;
  return 52 + Math.floor(modulo(days, 7) / 4);
}

/** dateutil reads the weekday of a day from a list of 55 weeks (`WDAYMASK`), and fails beyond its end. */
const WEEKDAYS_READ = 385;

/** For example the second Tuesday or the last Friday, of the year or of its months. */
function nthMask({ frequency, months, nthWeekdays = [] }: Rule, year: number, length: number, weekdayAt: (index: number) => number) {
  const mask = new Uint8Array(length + MORE);
  const all = Array.from({ length: 12 }, (_, index) => index + 1);
  const first = dayOf(year, 1, 1);
  const isWhole = frequency === "YEARLY" && !months;
  const meant = frequency === "YEARLY" ? all.filter((month) => months?.has(month)) : all;
  const ranges = isWhole
    ? [{ from: 0, to: length - 1 }]
    : meant.map((month) => {
        const from = dayOf(year, month, 1) - first;
        return { from, to: from + daysInMonth(year, month) - 1 };
      });
  for (const { from, to } of ranges) {
    for (const { weekday, nth } of nthWeekdays) {
      if (from + (nth - 1) * 7 >= WEEKDAYS_READ - weekdayAt(0))
        throw new Error(`a month has at most five of each weekday, and BYDAY asks for number ${nth}`);
      const near = nth < 0 ? to + (nth + 1) * 7 : from + (nth - 1) * 7;
      const index = nth < 0 ? near - modulo(weekdayAt(near) - weekday, 7) : near + modulo(weekday - weekdayAt(near), 7);
      if (index >= from && index <= to) mask[index] = 1;
    }
  }
  return mask;
}

function easterMask(offsets: readonly number[], year: number, length: number): Uint8Array {
  const mask = new Uint8Array(length + MORE);
  const easter = easterOf(year) - dayOf(year, 1, 1);
  for (const offset of offsets) {
    const index = easter + offset;
    // Python counts from the end of a list where an index is negative.
    if (index < mask.length) mask[index < 0 ? index + mask.length : index] = 1;
  }
  return mask;
}

/** Easter Sunday of the western churches (dateutil's `easter`). */
function easterOf(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const h = modulo(century - Math.floor(century / 4) - Math.floor((8 * century + 13) / 25) + 19 * golden + 15, 30);
  const i = h - Math.floor(h / 28) * (1 - Math.floor(h / 28) * Math.floor(29 / (h + 1)) * Math.floor((21 - golden) / 11));
  const j = modulo(year + Math.floor(year / 4) + i + 2 - century + Math.floor(century / 4), 7);
  const p = i - j;
  return dayOf(year, 3 + Math.floor((p + 26) / 30), 1 + modulo(p + 27 + Math.floor((p + 6) / 40), 31));
}
