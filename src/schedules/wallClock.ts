/** What the clocks of a time zone show, as the milliseconds that a UTC clock showing the same would have. */
export type WallTime = number;

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

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
export function instantOf(wall: WallTime, zone: string): number {
  const before = wall - offsetAt(wall - DAY, zone);
  const after = wall - offsetAt(wall + DAY, zone);
  const shown = [before, after].filter((instant) => wallTimeOf(instant, zone) === wall);
  return shown.length > 0 ? Math.min(...shown) : after;
}
