/** Days are counted from 1970-01-01, a Thursday; months are 1 to 12. */
export const DAY_SECONDS = 86_400;
/** 9999-12-31, the last date of Python and so of Prefect's schedules. */
export const LAST_DAY = 2_932_896;

export interface CivilDate {
  year: number;
  month: number;
  day: number;
}

/** The remainder with the sign of the divisor, as in Python. */
export function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Days in 400 years, after which the calendar repeats; and days between 0000-03-01 and 1970-01-01. */
const CYCLE = 146_097;
const EPOCH = 719_468;

/**
 * The day of a date in the Gregorian calendar, in any year. It is calculated, because a search up to the year 9999 needs millions of these.
 * The year starts in March, so the leap day is its last day.
 */
export function dayOf(year: number, month: number, day: number): number {
  const fromMarch = month > 2 ? year : year - 1;
  const cycle = Math.floor(fromMarch / 400);
  const inCycle = fromMarch - cycle * 400;
  const inYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return cycle * CYCLE + inCycle * 365 + Math.floor(inCycle / 4) - Math.floor(inCycle / 100) + inYear - EPOCH;
}

export function dateOf(day: number): CivilDate {
  const shifted = day + EPOCH;
  const cycle = Math.floor(shifted / CYCLE);
  const inCycle = shifted - cycle * CYCLE;
  const leaps = Math.floor(inCycle / 1460) - Math.floor(inCycle / 36_524) + Math.floor(inCycle / (CYCLE - 1));
  const year = Math.floor((inCycle - leaps) / 365);
  const inYear = inCycle - (year * 365 + Math.floor(year / 4) - Math.floor(year / 100));
  const fromMarch = Math.floor((5 * inYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return { year: year + cycle * 400 + (month <= 2 ? 1 : 0), month, day: inYear - Math.floor((153 * fromMarch + 2) / 5) + 1 };
}

/** 0 is Monday. */
export function weekdayOf(day: number): number {
  return modulo(day + 3, 7);
}

export function daysInYear(year: number): number {
  return isLeap(year) ? 366 : 365;
}

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : (MONTHS[month - 1] as number);
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
