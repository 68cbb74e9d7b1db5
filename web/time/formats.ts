/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d`: the same as in the command line's output. @param milliseconds negative counts as 0 */
export function durationText(milliseconds: number): string {
  const tenths = Math.round(Math.max(0, milliseconds) / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(tenths / 10);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`; in the future `in 5 min`. */
export function relativeText(time: number, now: number): string {
  const distance = Math.abs(now - time);
  if (distance < 5 * SECOND) return "just now";
  const [count, unit] =
    distance < MINUTE
      ? [Math.floor(distance / SECOND), "s"]
      : distance < HOUR
        ? [Math.floor(distance / MINUTE), "min"]
        : distance < 2 * DAY
          ? [Math.floor(distance / HOUR), "h"]
          : [Math.floor(distance / DAY), "d"];
  return time > now ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

/** By time zone: to make one takes longer than to use it for all lines of a log in sight. */
const clocks = new Map<string | undefined, Intl.DateTimeFormat>();

/** `2026-03-09 07:05:03` in a time zone. @param zone the reader's own by default */
export function clockText(time: number, zone?: string): string {
  let format = clocks.get(zone);
  if (!format) {
    // The Swedish format is ISO 8601's.
    format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });
    clocks.set(zone, format);
  }
  return format.format(time);
}

/** `07:05:03.250` in a time zone: for the lines of a log. */
export function timeOfDay(time: number, zone?: string): string {
  const clock = clockText(time, zone).slice(11);
  return `${clock}.${String(new Date(time).getMilliseconds()).padStart(3, "0")}`;
}

/** `2026-03-09 07:05:03 UTC`. */
export function utcText(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Long enough to be seen, and never longer than the whole: a share between 0.02 and 1 on a scale where tenfold is one step. */
export function barShare(milliseconds: number, longest: number): number {
  const scale = (value: number) => Math.log10(1 + Math.max(0, value) / SECOND);
  return longest <= 0 ? 0.02 : Math.min(1, Math.max(0.02, scale(milliseconds) / scale(longest)));
}
