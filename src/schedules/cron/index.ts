import { dateOf, dayOf, daysInMonth, weekdayOf } from "../calendar";
import { type Slots, timesFrom } from "../slots";
import { type CronFields, expandCron } from "./expand";

/** How many years ahead croniter searches. */
const YEARS_AHEAD = 50;

/**
 * The times of a cron expression from `start` on, in order, as croniter gives them, which Prefect uses. They are in seconds since 1970-01-01, in
 * the local time of the schedule's zone.
 * @param dayOr whether a day of the month or a weekday is enough, as in cron, or both must match
 * @throws {Error} with one sentence if it is invalid
 */
export function cronTimes(text: string, dayOr: boolean): (start: number) => Generator<number> {
  const fields = expandCron(text);
  const slots = cronSlots(fields, dayTest(fields, dayOr));
  const { nths, days, weekdays } = fields;
  // If a day of the month or a weekday is enough, croniter searches both and gives up if it does not find the first: for `0 0 31 2 1` a
  // 31 February, for `0 0 13 * 5#2` a second Friday that is the 13th.
  const needed = dayOr && days && weekdays ? cronSlots(fields, dayTest(nths ? fields : { days }, false)) : undefined;
  return function* (start) {
    if (needed && timesFrom(needed, start).next().done) return;
    yield* timesFrom(slots, start);
  };
}

function cronSlots(fields: CronFields, isDay: DayTest): Slots {
  const sorted = (values: ReadonlySet<number> | undefined, end: number) =>
    values ? [...values].sort((a, b) => a - b) : Array.from({ length: end }, (_, value) => value);
  const minutes = sorted(fields.minutes, 60);
  const seconds = fields.hasSeconds ? sorted(fields.seconds, 60) : [0];
  const units = sorted(fields.hours, 24).map((hour) => hour * 3600);
  const offsets = minutes.flatMap((minute) => seconds.map((second) => minute * 60 + second));
  return function* (fromDay) {
    const { year: firstYear, month: firstMonth } = dateOf(fromDay);
    for (let year = firstYear; year <= firstYear + YEARS_AHEAD; year += 1) {
      if (fields.years && !fields.years.has(year)) continue;
      for (let month = year === firstYear ? firstMonth : 1; month <= 12; month += 1) {
        if (fields.months && !fields.months.has(month)) continue;
        const first = dayOf(year, month, 1);
        const length = daysInMonth(year, month);
        for (let date = Math.max(1, fromDay - first + 1); date <= length; date += 1) {
          if (isDay(first + date - 1, date, length)) yield { day: first + date - 1, units, offsets };
        }
      }
    }
  };
}

/** Whether the expression allows a day: the `date`th of a month of this many days. */
type DayTest = (day: number, date: number, length: number) => boolean;

function dayTest({ days, weekdays, nths }: Pick<CronFields, "days" | "weekdays" | "nths">, dayOr: boolean): DayTest {
  const isDate = (date: number, length: number) => days === undefined || days.has(date) || (date === length && days.has("l"));
  const isWeekday = (day: number) => weekdays === undefined || weekdays.has((weekdayOf(day) + 1) % 7);
  const isNth = (day: number, date: number, length: number) => {
    const meant = nths?.get((weekdayOf(day) + 1) % 7);
    return meant?.has(Math.ceil(date / 7)) === true || (date + 7 > length && meant?.has("l") === true);
  };
  const isEither = dayOr && days !== undefined && weekdays !== undefined;
  if (nths) return (day, date, length) => isNth(day, date, length) && (isEither || isDate(date, length));
  if (isEither) return (day, date, length) => isDate(date, length) || isWeekday(day);
  return (day, date, length) => isDate(date, length) && isWeekday(day);
}
