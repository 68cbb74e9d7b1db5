import { DAY_SECONDS, dateOf, dayOf, daysInMonth, LAST_DAY, modulo, weekdayOf } from "../calendar";
import { type Slot, type Slots, selectPositions } from "../slots";
import type { Frequency } from "./parseRrule";
import type { Rule } from "./rule";
import { type YearDays, yearDays } from "./yearDays";

const LAST_YEAR = 9999;
/** The calendar repeats after 400 years. A rule without a time in that many days never has one. */
const SEARCHED = 146_097;
const UNITS: Partial<Record<Frequency, number>> = { DAILY: DAY_SECONDS, HOURLY: 3600, MINUTELY: 60, SECONDLY: 1 };
/** How many years of days to keep. */
const KEPT_YEARS = 8;

/**
 * The days and times of a rule without its COUNT and UNTIL, from any day on. For every rule, the next one needs at most one step for each day
 * of 400 years.
 * @throws {Error} if no time of any day matches
 */
export function ruleSlots(rule: Rule): Slots {
  const kept = new Map<number, YearDays>();
  const daysOf = (year: number): YearDays => {
    const found = kept.get(year) ?? yearDays(rule, year);
    if (kept.size >= KEPT_YEARS) kept.clear();
    kept.set(year, found);
    return found;
  };
  const unit = UNITS[rule.frequency];
  return unit === undefined ? byPeriods(rule, daysOf) : byUnits(rule, unit, daysOf);
}

type DaysOf = (year: number) => YearDays;

/** A year, month, week or day of the rule, as days of the year in which it begins. */
interface Period {
  year: number;
  /** Days of that year, from 0. `to` is the day after the last. */
  from: number;
  to: number;
}

function byPeriods(rule: Rule, daysOf: DaysOf): Slots {
  const times = crossed(rule.hours, 3600, rule.minutes, 60, rule.seconds);
  const { first, at } = periodsOf(rule);
  // A rule for every seventh year reaches each year of the calendar's cycle within seven cycles. That takes as many steps as every year.
  const searched = rule.frequency === "YEARLY" ? SEARCHED * rule.interval : SEARCHED;
  return function* (fromDay) {
    let searchedTo = Math.max(fromDay, Math.floor(rule.start / DAY_SECONDS)) + searched;
    for (let index = Math.max(0, first(fromDay)); ; index += 1) {
      const period = at(index);
      if (period === undefined) return;
      const { first: newYear, allowed } = daysOf(period.year);
      if (newYear + period.from > searchedTo) return;
      const days: number[] = [];
      for (let day = period.from; day < period.to; day += 1) if (allowed[day] === 1) days.push(newYear + day);
      if (days.length === 0) continue;
      searchedTo = newYear + period.to + searched;
      if (!rule.positions) {
        for (const day of days) if (day >= fromDay && day <= LAST_DAY) yield { day, units: [0], offsets: times };
        continue;
      }
      for (const time of selectPositions(days, times, rule.positions)) {
        const day = Math.floor(time / DAY_SECONDS);
        if (day >= fromDay && day <= LAST_DAY) yield { day, units: [0], offsets: [time - day * DAY_SECONDS] };
      }
    }
  };
}

/** The rule's periods by number. `first` is the number of the period with a given day, or of the last one before that day. */
function periodsOf({ frequency, interval, start, weekStart }: Rule): {
  first: (day: number) => number;
  at: (index: number) => Period | undefined;
} {
  const startDay = Math.floor(start / DAY_SECONDS);
  const { year: startYear, month: startMonth } = dateOf(startDay);
  const bounded = (day: number) => Math.min(Math.max(day, startDay), LAST_DAY);
  const within = (from: number, to: number): Period | undefined => {
    if (from > LAST_DAY) return undefined;
    const { year } = dateOf(from);
    const newYear = dayOf(year, 1, 1);
    return { year, from: from - newYear, to: to - newYear };
  };
  switch (frequency) {
    case "YEARLY":
      return {
        first: (day) => Math.floor((dateOf(bounded(day)).year - startYear) / interval),
        at: (index) => {
          const year = startYear + index * interval;
          return year > LAST_YEAR ? undefined : { year, from: 0, to: dayOf(year + 1, 1, 1) - dayOf(year, 1, 1) };
        },
      };
    case "MONTHLY": {
      const startsAt = startYear * 12 + startMonth - 1;
      return {
        first: (day) => {
          const { year, month } = dateOf(bounded(day));
          return Math.floor((year * 12 + month - 1 - startsAt) / interval);
        },
        at: (index) => {
          const months = startsAt + index * interval;
          const [year, month] = [Math.floor(months / 12), (months % 12) + 1];
          if (year > LAST_YEAR) return undefined;
          const from = dayOf(year, month, 1) - dayOf(year, 1, 1);
          return { year, from, to: from + daysInMonth(year, month) };
        },
      };
    }
    default: {
      const week = startDay - modulo(weekdayOf(startDay) - weekStart, 7);
      return {
        first: (day) => Math.floor((bounded(day) - week) / (7 * interval)),
        // The first week begins at the start.
        at: (index) => within(index === 0 ? startDay : week + index * 7 * interval, week + index * 7 * interval + 7),
      };
    }
  }
}

/** @param seconds the length of one step of the frequency: at most a day */
function byUnits(rule: Rule, seconds: number, daysOf: DaysOf): Slots {
  const { interval, start } = rule;
  const perDay = DAY_SECONDS / seconds;
  const startDay = Math.floor(start / DAY_SECONDS);
  const startUnit = Math.floor(start / seconds);
  const units = unitsByRest(rule, seconds, perDay, startUnit);
  const times = crossed(
    seconds > 3600 ? rule.hours : undefined,
    3600,
    seconds > 60 ? rule.minutes : undefined,
    60,
    seconds > 1 ? rule.seconds : undefined,
  );
  const offsets = rule.positions ? selectPositions([0], times, rule.positions) : times;
  if (units.size === 0)
    throw new Error(`FREQ=${rule.frequency} and INTERVAL=${interval} never meet a time that the rule allows, counted from its start`);
  if (offsets.length === 0) throw new Error("BYSETPOS selects none of the times");
  return function* (fromDay): Generator<Slot> {
    let day = Math.max(fromDay, startDay);
    let searchedTo = day + SEARCHED;
    for (let { year } = dateOf(Math.min(day, LAST_DAY)); day <= Math.min(searchedTo, LAST_DAY); year += 1) {
      const { first, length, allowed } = daysOf(year);
      for (; day < first + length; day += 1) {
        if (allowed[day - first] === 0) continue;
        const ofDay = units.get(modulo(startUnit - day * perDay, interval));
        if (!ofDay) continue;
        searchedTo = day + SEARCHED;
        yield { day, units: ofDay, offsets };
      }
    }
  };
}

/**
 * The hours, minutes or seconds of a day that the rule allows, by their remainder modulo the interval. Those of one day all have the same
 * remainder. If the interval divides the day, each day has the same ones.
 */
function unitsByRest({ interval, hours, minutes, seconds: inMinute }: Rule, seconds: number, perDay: number, startUnit: number) {
  const found = new Map<number, number[]>();
  const step = greatestDivisor(interval, perDay);
  const of = (list: readonly number[] | undefined) => (list === undefined ? undefined : new Set(list));
  const allowed = {
    hours: seconds <= 3600 ? of(hours) : undefined,
    minutes: seconds <= 60 ? of(minutes) : undefined,
    seconds: seconds === 1 ? of(inMinute) : undefined,
  };
  for (let unit = modulo(startUnit, step); unit < perDay; unit += step) {
    const time = unit * seconds;
    if (allowed.hours && !allowed.hours.has(Math.floor(time / 3600))) continue;
    if (allowed.minutes && !allowed.minutes.has(Math.floor(time / 60) % 60)) continue;
    if (allowed.seconds && !allowed.seconds.has(time % 60)) continue;
    const rest = unit % interval;
    const list = found.get(rest);
    if (list) list.push(time);
    else found.set(rest, [time]);
  }
  return found;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Every sum of an hour, a minute and a second, sorted. */
function crossed(
  hours: readonly number[] = [0],
  hour: number,
  minutes: readonly number[] = [0],
  minute: number,
  seconds: readonly number[] = [0],
): number[] {
  return hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => h * hour + m * minute + s)));
}
