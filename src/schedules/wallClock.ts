import { distinct } from "./distinct";

/** What the clocks of a time zone show, as the milliseconds that a UTC clock showing the same would have. */
export type WallTime = number;

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether it is a name of the time zone database, as America/New_York; case counts. */
export function isTimeZone(name: string): boolean {
  // An offset is none, and each part begins with a capital.
  if (!/^[A-Z][^/]*(?:\/[A-Z][^/]*)*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * How far a zone's clocks are ahead of UTC at an instant, in milliseconds.
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

/** Around an instant, the wall times that can mean it begin and end so far from it, in milliseconds. */
export function offsetsAround(instant: number, zone: string): { least: number; most: number } {
  const offsets = [-DAY, 0, DAY].map((shift) => offsetAt(instant + shift, zone));
  return { least: Math.min(...offsets), most: Math.max(...offsets) };
}

/**
 * The instant that a wall time means. Of two (clocks go back) the first; where there is none (clocks go forward) it is reckoned with the
 * offset that comes after, an hour before what the clocks then show: both as Prefect's schedules do it (on Python up to 3.12).
 */
function instantOf(wall: WallTime, zone: string): number {
  const before = wall - offsetAt(wall - DAY, zone);
  const after = wall - offsetAt(wall + DAY, zone);
  const shown = [before, after].filter((instant) => wallTimeOf(instant, zone) === wall);
  return shown.length > 0 ? Math.min(...shown) : after;
}

/**
 * The instants that wall times mean, in order, none twice: where the clocks change, wall times in order are not instants in order.
 * @param walls in order
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
    // Whatever comes later means no earlier instant than this.
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

/** The offsets that the days around a wall time have; a zone has left out a whole day, so that two days on each side count. */
function offsetsOfDay(wall: WallTime, zone: string): { from: WallTime; least: number; most: number } {
  const from = Math.floor(wall / DAY) * DAY;
  const offsets = [-2, -1, 0, 1, 2, 3].map((days) => offsetAt(from + days * DAY, zone));
  return { from, least: Math.min(...offsets), most: Math.max(...offsets) };
}
