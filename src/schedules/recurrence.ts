import { Cron } from "croner";
import { Frequency, RRule, RRuleSet, rrulestr } from "rrule";
import { asCroner } from "../prefectYaml";
import type { WallTime } from "./wallClock";

/** What Prefect counts an rrule from that does not say (`DEFAULT_ANCHOR_DATE`). */
const RRULE_START = "DTSTART:20200101T000000";
/** In milliseconds. */
const PERIODS: Partial<Record<Frequency, number>> = {
  [Frequency.HOURLY]: 3_600_000,
  [Frequency.MINUTELY]: 60_000,
  [Frequency.SECONDLY]: 1_000,
};

/** Wall times from `from` to `to`, both included, in order. */
export type Recurrence = (from: WallTime, to: WallTime) => Iterable<WallTime>;

/**
 * @param dayOr whether a day of the month and a weekday mean either, as in cron, or both
 * @throws {Error} if it is no cron expression
 */
export function cronRecurrence(cron: string, dayOr: boolean): Recurrence {
  const pattern = new Cron(secondsFirst(asCroner(cron)), { timezone: "UTC", paused: true, domAndDow: !dayOr });
  return function* (from, to) {
    // The next one is looked for after a whole second.
    let last = new Date(Math.ceil(from / 1000) * 1000 - 1000);
    for (;;) {
      const next = pattern.nextRun(last);
      if (!next || next.getTime() > to) return;
      yield next.getTime();
      last = next;
    }
  };
}

/** Prefect's cron has seconds, if any, as the sixth field. */
function secondsFirst(cron: string): string {
  const [minute, hour, day, month, weekday, second, ...year] = cron.trim().split(/\s+/);
  return second === undefined ? cron : [second, minute, hour, day, month, weekday, ...year].join(" ");
}

/** @throws {Error} if it is no recurrence rule of RFC 5545 */
export function rruleRecurrence(text: string): Recurrence {
  const whole = /DTSTART/i.test(text) ? text : `${RRULE_START}\n${text}`;
  const set = rrulestr(whole, { forceset: true }) as RRuleSet;
  const rules = { in: set.rrules(), out: set.exrules() };
  return (from, to) => {
    const near = new RRuleSet();
    for (const rule of rules.in) near.rrule(beginningNear(rule, from));
    for (const rule of rules.out) near.exrule(beginningNear(rule, from));
    for (const date of set.rdates()) near.rdate(date);
    for (const date of set.exdates()) near.exdate(date);
    return near.between(new Date(from), new Date(to), true).map((date) => date.getTime());
  };
}

/** The library walks every occurrence from the start: years of minutes, for a rule by minutes. Such a rule may as well begin near `from`. */
function beginningNear(rule: RRule, from: WallTime): RRule {
  const { freq, dtstart, interval, count } = rule.options;
  const period = (PERIODS[freq] ?? 0) * interval;
  if (period === 0 || count !== null || dtstart.getTime() >= from) return rule;
  const start = dtstart.getTime() + Math.floor((from - dtstart.getTime()) / period) * period;
  return new RRule({ ...rule.origOptions, dtstart: new Date(start) });
}

/** Each so many milliseconds, from an anchor in both directions. */
export function* steps(anchor: number, interval: number, from: number, to: number): Generator<number> {
  for (let step = Math.ceil((from - anchor) / interval); anchor + step * interval <= to; step += 1) yield anchor + step * interval;
}
