import { DAY_SECONDS } from "../calendar";
import { distinct } from "../distinct";
import { countFrom, type Slots, timesFrom } from "../slots";
import type { DateTime } from "./dateTime";
import { parseRecurrence, type RuleText } from "./parseRrule";
import { completeRule, type Rule } from "./rule";
import { ruleSlots } from "./ruleSlots";

/** The DTSTART line of a recurrence that has none (Prefect's `DEFAULT_ANCHOR_DATE`). */
export const RRULE_START = "DTSTART:20200101T000000";
const START: DateTime = { seconds: Date.UTC(2020, 0, 1) / 1000, isZoned: false };
/** How many times in a row EXRULE and EXDATE may exclude. */
const MAX_EXCLUDED = 1_000_000;

/** Times from `start` on, sorted, without duplicates; in seconds since 1970-01-01, in the local time of the schedule's zone. */
export type RuleTimes = (start: number) => Generator<number>;

/**
 * The times of a recurrence of RFC 5545 as dateutil gives them, which Prefect uses: RRULE, RDATE, EXRULE and EXDATE, counted from DTSTART.
 * Prefect reads only the digits of a time, in the schedule's time zone.
 * @throws {Error} with one sentence if it is invalid
 */
export function rruleTimes(text: string): RuleTimes {
  const { start = START, rules, exclusions, dates, excludedDates } = parseRecurrence(text);
  const timesOf = (rule: RuleText) => ruleTimes(completeRule(rule, start));
  const datesOf = (list: readonly DateTime[]) => (list.length > 0 ? [listed(list)] : []);
  const included = merged([...rules.map(timesOf), ...datesOf(dates)]);
  const excluded = [...exclusions.map(timesOf), ...datesOf(excludedDates)];
  return excluded.length > 0 ? without(included, merged(excluded)) : included;
}

function ruleTimes(rule: Rule): RuleTimes {
  const slots = ruleSlots(rule);
  let end: number | undefined;
  // A search that finds nothing takes long, so it happens once.
  let noneFrom = Number.POSITIVE_INFINITY;
  return function* (start) {
    if (start >= noneFrom) return;
    end ??= Math.min(rule.until ?? Number.POSITIVE_INFINITY, endOfCount(rule, slots));
    let next = start;
    for (const time of timesFrom(slots, Math.max(start, rule.start))) {
      if (time > end) break;
      yield time;
      next = time + 1;
    }
    noneFrom = Math.min(noneFrom, next);
  };
}

/** The last time that a rule's COUNT allows. */
function endOfCount({ count, start }: Rule, slots: Slots): number {
  if (count === undefined) return Number.POSITIVE_INFINITY;
  if (count <= 0) return Number.NEGATIVE_INFINITY;
  let left = count;
  for (const slot of slots(Math.floor(start / DAY_SECONDS))) {
    const here = countFrom(slot, start);
    if (here < left) {
      left -= here;
      continue;
    }
    for (const time of timesFrom(() => [slot], start)) {
      left -= 1;
      if (left === 0) return time;
    }
  }
  return Number.POSITIVE_INFINITY;
}

function listed(dates: readonly DateTime[]): RuleTimes {
  const times = [...new Set(dates.map(({ seconds }) => seconds))].sort((a, b) => a - b);
  return function* (start) {
    for (const time of times) if (time >= start) yield time;
  };
}

function merged(sources: readonly RuleTimes[]): RuleTimes {
  const [only] = sources;
  if (only && sources.length === 1) return only;
  return (start) => distinct(inOrder(sources, start));
}

function* inOrder(sources: readonly RuleTimes[], start: number): Generator<number> {
  const heads = sources.map((times) => times(start)).map((times) => ({ times, next: times.next() }));
  for (;;) {
    let least: (typeof heads)[number] | undefined;
    for (const head of heads) if (!head.next.done && (!least || head.next.value < (least.next.value as number))) least = head;
    if (!least) return;
    yield least.next.value as number;
    least.next = least.times.next();
  }
}

function without(included: RuleTimes, excluded: RuleTimes): RuleTimes {
  return function* (start) {
    let out = excluded(start);
    let next = out.next();
    let inARow = 0;
    for (const time of included(start)) {
      if (!next.done && next.value < time) next = out.next();
      // Skip the times between in one step.
      if (!next.done && next.value < time) {
        out = excluded(time);
        next = out.next();
      }
      if (next.done || next.value !== time) {
        inARow = 0;
        yield time;
      } else if (++inARow > MAX_EXCLUDED) {
        throw new Error("EXRULE and EXDATE exclude a million times in a row");
      }
    }
  };
}
