import { quoted } from "./shown";
import { UserError } from "./userError";

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest time of a timer of node, in milliseconds: a longer one fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Parse a duration: `90` (seconds), `500ms`, `90s`, `10m`, `1h30m`.
 * @param flag the name of the flag, for the error message
 * @returns milliseconds
 * @throws {UserError} if the text is not a duration, repeats or reverses units, or is more than 24 days
 */
export function parseDuration(text: string, flag: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)?/g)];
  const whole = parts.map(([part]) => part).join("") === text && parts.length > 0;
  const plain = parts.length === 1 || parts.every(([, , unit]) => unit !== undefined);
  if (!whole || !plain) throw new UserError(`${flag} ${quoted(text)}: must be a duration, such as 90s, 10m or 1h30m`);
  const milliseconds = sumOf(parts, text, flag);
  if (milliseconds > LONGEST_TIMER) throw new UserError(`${flag} ${quoted(text)}: must be at most 24d`);
  return milliseconds;
}

/** The longest age, in milliseconds: a hundred years. */
const LONGEST_AGE = 36_500 * 86_400_000;

/**
 * Parse an age: `90d`, `12h`. Without a unit it is refused: 90 seconds for 90 days would remove too much.
 * @returns milliseconds
 * @throws {UserError} if the text is not an age with its units, repeats or reverses units, or is more than a hundred years
 */
export function parseAge(text: string, flag: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new UserError(`${flag} ${quoted(text)}: must be an age with its unit, such as 90d or 12h`);
  const milliseconds = sumOf(parts, text, flag);
  if (milliseconds > LONGEST_AGE) throw new UserError(`${flag} ${quoted(text)}: must be at most 36500d`);
  return milliseconds;
}

/** @throws {UserError} unless the units become smaller: in `1h1h`, one of the two is most likely a mistake */
function sumOf(parts: readonly RegExpExecArray[], text: string, flag: string): number {
  let sum = 0;
  let larger = Number.POSITIVE_INFINITY;
  for (const [, number, unit = "s"] of parts) {
    const size = UNITS[unit] as number;
    if (size >= larger) throw new UserError(`${flag} ${quoted(text)}: must have each unit once, the largest first, such as 1h30m`);
    larger = size;
    sum += Number(number) * size;
  }
  return sum;
}

/** Format a duration for display: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  const tenths = Math.round(Math.max(0, milliseconds) / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(tenths / 10);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d`;
}

/**
 * Read a number of seconds from an environment variable.
 * @param usual the default, in seconds
 * @returns milliseconds
 * @throws {UserError} if it is not a number of seconds
 */
export function secondsIn(env: NodeJS.ProcessEnv, name: string, usual: number): number {
  const text = env[name];
  if (text === undefined || text === "") return usual * 1000;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UserError(`${name}: must be a number of seconds, not ${quoted(text)}`);
  const longest = Math.floor(LONGEST_TIMER / 1000);
  if (Number(text) > longest) throw new UserError(`${name}: must be at most ${longest} seconds, not ${quoted(text)}`);
  return Number(text) * 1000;
}

/** A duration in words, in its largest unit: `3 hours`. @param milliseconds may be negative */
export function ageInWords(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "less than a minute";
  const [count, unit] =
    minutes < 60 ? [minutes, "minute"] : minutes < 48 * 60 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
