const LONGEST = 10_000;

/**
 * How long to wait before the next attempt: half a second, twice as long each time, at most ten seconds. Random, so that many pages do not
 * come at once.
 * @param attempt from 0
 * @param random between 0 and 1
 */
export function backOff(attempt: number, random: number = Math.random()): number {
  return Math.min(LONGEST, 500 * 2 ** attempt) * (0.75 + random / 4);
}
