import { DAY_SECONDS, dateOf, weekdayOf } from "../calendar";
import type { DateTime } from "./dateTime";
import type { Frequency, RuleText } from "./parseRrule";

/** A rule that is complete with the values from its start. An absent set allows every value. */
export interface Rule {
  frequency: Frequency;
  interval: number;
  /** In seconds since 1970-01-01, in the local time of the schedule's zone. */
  start: number;
  count?: number;
  /** The last second that the rule allows. */
  until?: number;
  weekStart: number;
  positions?: readonly number[];
  months?: ReadonlySet<number>;
  monthDays?: ReadonlySet<number>;
  yearDays?: ReadonlySet<number>;
  easterDays?: readonly number[];
  weeks?: ReadonlySet<number>;
  weekdays?: ReadonlySet<number>;
  nthWeekdays?: readonly { weekday: number; nth: number }[];
  /** Sorted. Absent if the frequency itself steps through them. */
  hours?: readonly number[];
  minutes?: readonly number[];
  seconds?: readonly number[];
}

const SUB_DAILY: readonly Frequency[] = ["HOURLY", "MINUTELY", "SECONDLY"];

/**
 * Complete a rule from its start, as dateutil's `rrule` does: the month, day, weekday and time that the rule does not give.
 * @throws {Error} if it is invalid
 */
export function completeRule(text: RuleText, start: DateTime): Rule {
  const { frequency, interval, weekStart, count, until } = text;
  if (until !== undefined && until.isZoned !== start.isZoned) {
    throw new Error(
      start.isZoned
        ? "DTSTART has a time zone, so that UNTIL must be in UTC: end it with Z"
        : "UNTIL has a time zone and DTSTART has none: leave the Z out, because the schedule's timezone applies",
    );
  }
  const date = dateOf(Math.floor(start.seconds / DAY_SECONDS));
  const time = start.seconds - Math.floor(start.seconds / DAY_SECONDS) * DAY_SECONDS;
  const names = text.weeks ?? text.yearDays ?? text.monthDays ?? text.weekdays ?? text.easterDays;
  const own = names === undefined ? frequency : undefined;
  const months = text.months ?? (own === "YEARLY" ? [date.month] : undefined);
  const monthDays = text.monthDays ?? (own === "YEARLY" || own === "MONTHLY" ? [date.day] : undefined);
  const weekdays = text.weekdays ?? (own === "WEEKLY" ? [{ weekday: weekdayOf(Math.floor(start.seconds / DAY_SECONDS)) }] : undefined);
  const counts = frequency === "YEARLY" || frequency === "MONTHLY";
  const plain = weekdays?.filter(({ nth }) => nth === undefined || !counts).map(({ weekday }) => weekday);
  const nths = weekdays?.flatMap(({ weekday, nth }) => (nth !== undefined && counts ? [{ weekday, nth }] : []));
  // dateutil drops zero, because no month has such a day.
  const days = monthDays?.filter((day) => day !== 0);
  const rank = SUB_DAILY.indexOf(frequency);
  return {
    frequency,
    interval,
    start: start.seconds,
    weekStart,
    ...(count === undefined ? {} : { count }),
    ...(until === undefined ? {} : { until: until.seconds }),
    ...(text.positions ? { positions: text.positions } : {}),
    ...(months ? { months: new Set(months) } : {}),
    ...(days && days.length > 0 ? { monthDays: new Set(days) } : {}),
    ...(text.yearDays ? { yearDays: new Set(text.yearDays) } : {}),
    ...(text.easterDays ? { easterDays: text.easterDays } : {}),
    ...(text.weeks ? { weeks: new Set(text.weeks) } : {}),
    ...(plain && plain.length > 0 ? { weekdays: new Set(plain) } : {}),
    ...(nths && nths.length > 0 ? { nthWeekdays: nths } : {}),
    ...clock("hours", "BYHOUR", text.hours, 24, rank >= 0, Math.floor(time / 3600)),
    ...clock("minutes", "BYMINUTE", text.minutes, 60, rank >= 1, Math.floor(time / 60) % 60),
    ...clock("seconds", "BYSECOND", text.seconds, 60, rank >= 2, time % 60),
  };
}

/** @param isFilter whether the frequency steps through these values, so that the given ones only exclude others */
function clock(
  key: "hours" | "minutes" | "seconds",
  name: string,
  given: readonly number[] | undefined,
  end: number,
  isFilter: boolean,
  own: number,
): Partial<Rule> {
  if (given === undefined) return isFilter ? {} : { [key]: [own] };
  const wrong = given.find((value) => value < 0 || value >= end);
  if (wrong !== undefined && !isFilter) throw new Error(`${name} must be from 0 to ${end - 1}, not ${wrong}`);
  return { [key]: [...new Set(given)].sort((a, b) => a - b) };
}
