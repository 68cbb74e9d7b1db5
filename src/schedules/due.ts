/** Which occurrences to run later, if no dispatcher ran at their time: none, the latest, or all. */
export const MISSED_POLICIES = ["skip", "last", "all"] as const;
export type MissedPolicy = (typeof MISSED_POLICIES)[number];

/** From this delay on, in milliseconds, an occurrence was missed. One that is less late is due, and runs under every policy. */
export const LATE = 60_000;
/** The maximum of missed occurrences that the policy `all` runs: the latest ones. */
export const MAX_MISSED = 100;

export interface Due {
  /** The occurrences to run, in order, in milliseconds since the epoch. */
  run: number[];
  /** The occurrences that are skipped. */
  missed: number[];
}

/**
 * Decide which occurrences of a schedule to run, of those since the last check.
 * @param occurrences in order, none later than `now`
 * @param most the schedule's `max_scheduled_runs`, which limits the missed ones
 */
export function dueOf(occurrences: readonly number[], now: number, policy: MissedPolicy, most: number | null = null): Due {
  const recent = occurrences.filter((time) => time > now - LATE);
  const late = occurrences.slice(0, occurrences.length - recent.length);
  const wanted = {
    skip: 0,
    // A due occurrence also covers the missed ones before it.
    last: recent.length > 0 ? 0 : 1,
    all: Math.min(MAX_MISSED, most ?? MAX_MISSED),
  }[policy];
  const split = Math.max(0, late.length - wanted);
  return { run: [...late.slice(split), ...recent], missed: late.slice(0, split) };
}
