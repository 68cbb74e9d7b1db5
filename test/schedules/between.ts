import type { Occurrences } from "../../src/schedules";

/** The times after `after`, up to `until`. */
export function between(occurrences: Occurrences, after: number, until: number): number[] {
  const found: number[] = [];
  for (const time of occurrences.after(after)) {
    if (time > until) break;
    found.push(time);
  }
  return found;
}
