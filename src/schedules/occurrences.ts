import { cronTimes } from "./cron";
import { rruleTimes } from "./rrule";
import type { Timing } from "./schedule";
import { instantsOf, offsetsAround, type WallTime, wallTimeOf } from "./wallClock";

const DAY = 86_400_000;
/** The years 1 to 9999, the range of Python's dates. */
const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;

/** The times of one schedule, in milliseconds since the epoch. */
export interface Occurrences {
  /**
   * The times after `after`, in order, without duplicates. They are computed one by one, when they are read.
   * @throws {Error} if EXRULE and EXDATE exclude a million times in a row
   */
  after(after: number): Iterable<number>;
  /** The first time after `after`; `undefined` if there is none. */
  next(after: number): number | undefined;
}

/**
 * The times of a schedule by Prefect's rules (`prefect.server.schemas.schedules`). Cron and rrule use the local time of their time zone. An
 * interval shorter than a day uses elapsed time. A longer one uses local time, so a daily run keeps its hour.
 *
 * One difference: Prefect counts a longer interval from its last check, so an anchor in winter gives another hour in summer. Here it is
 * the anchor's hour all year.
 * @param anchor the start of an interval without `anchor_date`
 * @throws {Error} with one sentence if the cron or rrule is invalid
 */
export function occurrencesOf(timing: Timing, anchor: number): Occurrences {
  const after = afterOf(timing, anchor);
  return {
    after,
    next: (time) => {
      for (const first of after(time)) return first;
      return undefined;
    },
  };
}

/**
 * The error in a schedule's timing, if there is one: it is invalid, or it never runs.
 * @returns one sentence that begins with the name of the field
 */
export function timingFault(timing: Timing): string | undefined {
  const field = "cron" in timing ? "cron" : "rrule" in timing ? "rrule" : "interval";
  if (field === "interval") return undefined;
  try {
    if (occurrencesOf(timing, 0).next("cron" in timing ? Date.now() : Number.NEGATIVE_INFINITY) !== undefined) return undefined;
    return `${field}: no time ever matches it, so it would never run`;
  } catch (error) {
    return `${field}: ${(error as Error).message}`;
  }
}

function afterOf(timing: Timing, anchor: number): Occurrences["after"] {
  const zone = timing.timezone;
  if ("cron" in timing) return byTheClocks(inMilliseconds(cronTimes(timing.cron, timing.day_or)), zone);
  if ("rrule" in timing) return byTheClocks(inMilliseconds(rruleTimes(timing.rrule)), zone);
  const interval = Math.max(1, Math.round(timing.interval * 1000));
  const from = timing.anchor_date ? Date.parse(timing.anchor_date) : anchor;
  if (interval < DAY) return (after) => steps(from, interval, after + 1);
  const wallAnchor = wallTimeOf(from, zone);
  return byTheClocks((start) => steps(wallAnchor, interval, start), zone);
}

type Walls = (start: WallTime) => Iterable<WallTime>;

function byTheClocks(wallsFrom: Walls, zone: string): Occurrences["after"] {
  return function* (after) {
    const start = Math.max(EARLIEST, after + (Number.isFinite(after) ? offsetsAround(after, zone).least : 0));
    for (const instant of instantsOf(wallsFrom(start), zone)) if (instant > after) yield instant;
  };
}

function inMilliseconds(timesFrom: (start: number) => Iterable<number>): Walls {
  return function* (start) {
    for (const time of timesFrom(start / 1000)) yield time * 1000;
  };
}

/** Every `step` milliseconds, from an anchor in both directions. */
function* steps(anchor: number, interval: number, from: number): Generator<number> {
  for (let step = Math.ceil((from - anchor) / interval); ; step += 1) {
    const time = anchor + step * interval;
    if (time > LATEST) return;
    yield time;
  }
}
