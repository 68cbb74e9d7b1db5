import { cronRecurrence, type Recurrence, rruleRecurrence, steps } from "./recurrence";
import type { Timing } from "./schedule";
import { instantOf, offsetsAround, wallTimeOf } from "./wallClock";

const DAY = 86_400_000;
/** How far ahead the next one is looked for, in milliseconds: most are near, and a far look costs more. */
const AHEAD = [60_000, 3_600_000, DAY, 40 * DAY, 400 * DAY, 3_000 * DAY];

/** The times of one schedule, in milliseconds since the epoch. */
export interface Occurrences {
  /** After `after`, up to `until`; in order, none twice. */
  between(after: number, until: number): number[];
  /** The first after `after`; `undefined` if there is none in the next eight years. */
  next(after: number): number | undefined;
}

/**
 * When a schedule is due, by Prefect's rules (`prefect.server.schemas.schedules`): cron and rrule go by the clocks of their time zone; an
 * interval of less than a day by time that passes, a longer one by the clocks, so that a daily one keeps its hour.
 *
 * Prefect reckons a longer interval from whenever it last looked, so that an anchor in winter gives another hour in summer; here it is
 * the anchor's hour the whole year.
 * @param anchor what an interval without `anchor_date` counts from
 * @throws {Error} if cron or rrule are none
 */
export function occurrencesOf(timing: Timing, anchor: number): Occurrences {
  const between = betweenOf(timing, anchor);
  return {
    between,
    next: (after) => {
      for (const ahead of AHEAD) {
        const [first] = between(after, after + ahead);
        if (first !== undefined) return first;
      }
      return undefined;
    },
  };
}

function betweenOf(timing: Timing, anchor: number): Occurrences["between"] {
  const zone = timing.timezone;
  if ("cron" in timing) return byTheClocks(cronRecurrence(timing.cron, timing.day_or), zone);
  if ("rrule" in timing) return byTheClocks(rruleRecurrence(timing.rrule), zone);
  const interval = Math.max(1, Math.round(timing.interval * 1000));
  const from = timing.anchor_date ? Date.parse(timing.anchor_date) : anchor;
  if (interval < DAY) return (after, until) => [...steps(from, interval, after + 1, until)];
  const wallAnchor = wallTimeOf(from, zone);
  return byTheClocks((first, last) => steps(wallAnchor, interval, first, last), zone);
}

function byTheClocks(recurrence: Recurrence, zone: string): Occurrences["between"] {
  return (after, until) => {
    if (until <= after) return [];
    const walls = recurrence(after + offsetsAround(after, zone).least, until + offsetsAround(until, zone).most);
    const instants = new Set<number>();
    for (const wall of walls) {
      const instant = instantOf(wall, zone);
      if (instant > after && instant <= until) instants.add(instant);
    }
    return [...instants].sort((a, b) => a - b);
  };
}
