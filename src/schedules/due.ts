/** What becomes of occurrences that nobody was there for: none of them is run, the latest one, or all. */
export const MISSED_POLICIES = ["skip", "last", "all"] as const;
export type MissedPolicy = (typeof MISSED_POLICIES)[number];

/** An occurrence this late, in milliseconds, was missed; one that is less late is due, and run whatever the policy. */
export const LATE = 60_000;
/** So many missed ones of a schedule are made up for at most, with the policy `all`: the latest of them. */
export const MOST_MISSED = 100;

export interface Due {
  /** The ones to run, in order, in milliseconds since the epoch. */
  run: number[];
  /** The ones that are not. */
  missed: number[];
}

/**
 * Decide what to run of a schedule's occurrences since it was last looked at.
 * @param occurrences in order, none later than `now`
 * @param most the schedule's `max_scheduled_runs`: so many missed ones at most
 */
export function dueOf(occurrences: readonly number[], now: number, policy: MissedPolicy, most: number | null = null): Due {
  const recent = occurrences.filter((time) => time > now - LATE);
  const late = occurrences.slice(0, occurrences.length - recent.length);
  const wanted = {
    skip: 0,
    // One that is due stands for those before it.
    last: recent.length > 0 ? 0 : 1,
    all: Math.min(MOST_MISSED, most ?? MOST_MISSED),
  }[policy];
  const split = Math.max(0, late.length - wanted);
  return { run: [...late.slice(split), ...recent], missed: late.slice(0, split) };
}
