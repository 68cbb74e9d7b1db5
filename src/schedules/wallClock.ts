import { distinct } from "./distinct";

/** The local time of a time zone, as the milliseconds of a UTC clock that shows the same time. */
export type WallTime = number;

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether this is a name in the time zone database, such as America/New_York. It is case-sensitive. */
export function isTimeZone(name: string): boolean {
  // Node also accepts offsets, and names in any case.
  if (!/^[A-Z][^/]*(?:\/[A-Z][^/]*)*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * A zone's offset from UTC at an instant, in milliseconds.
 * @param zone an IANA name
 * @throws {RangeError} if there is no such zone
 */
function offsetAt(instant: number, zone: string): number {
  if (zone === "UTC") return 0;
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  formats.set(zone, format);
  const shown: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) shown[type] = Number(value);
  const { year = 0, month = 1, day, hour, minute, second } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

export function wallTimeOf(instant: number, zone: string): WallTime {
  return instant + offsetAt(instant, zone);
}

/** The largest distance between an instant and a wall time that can mean it, in milliseconds. */
export function offsetsAround(instant: number, zone: string): { least: number; most: number } {
  const offsets = [-DAY, 0, DAY].map((shift) => offsetAt(instant + shift, zone));
  return { least: Math.min(...offsets), most: Math.max(...offsets) };
}

/**
 * The instant of a wall time. If the clocks go back and there are two, it is the first. If the clocks go forward and there is none, the later
 * offset applies, which gives one hour less than the clocks then show. Prefect 3.8 does the same (on Python up to 3.12), but 3.9 takes the
 * earlier offset.
 */
function instantOf(wall: WallTime, zone: string): number {
  const before = wall - offsetAt(wall - DAY, zone);
  const after = wall - offsetAt(wall + DAY, zone);
  const shown = [before, after].filter((instant) => wallTimeOf(instant, zone) === wall);
  return shown.length > 0 ? Math.min(...shown) : after;
}

/**
 * The instants of wall times, sorted, without duplicates. When the clocks change, sorted wall times do not give sorted instants.
 * @param walls sorted
 */
export function instantsOf(walls: Iterable<WallTime>, zone: string): Iterable<number> {
  return distinct(inOrder(walls, zone));
}

function* inOrder(walls: Iterable<WallTime>, zone: string): Generator<number> {
  let held: number[] = [];
  let day = offsetsOfDay(0, zone);
  for (const wall of walls) {
    if (wall < day.from || wall >= day.from + DAY) day = offsetsOfDay(wall, zone);
    const isSteady = day.least === day.most;
    // No later wall time has an earlier instant than this.
    const bound = wall - day.most;
    if (held.length > 0) {
      yield* held.filter((instant) => instant < bound).sort((a, b) => a - b);
      held = held.filter((instant) => instant >= bound);
    }
    if (isSteady) yield bound;
    else held.push(instantOf(wall, zone));
  }
  yield* held.sort((a, b) => a - b);
}

/** The offsets on the days around a wall time: two days on each side, because one zone once skipped a whole day. */
function offsetsOfDay(wall: WallTime, zone: string): { from: WallTime; least: number; most: number } {
  const from = Math.floor(wall / DAY) * DAY;
  const offsets = [-2, -1, 0, 1, 2, 3].map((days) => offsetAt(from + days * DAY, zone));
  return { from, least: Math.min(...offsets), most: Math.max(...offsets) };
}
