import { DAY_SECONDS, modulo } from "./calendar";

/**
 * Times of one day: every sum of a unit and an offset, in seconds since midnight. Both lists are sorted, and no offset reaches the next unit.
 * So the sums are sorted too, and are not stored.
 */
export interface Slot {
  /** Days since 1970-01-01. */
  day: number;
  units: readonly number[];
  offsets: readonly number[];
}

/** Slots in the order of their days, from a given day on. Several slots may have the same day. */
export type Slots = (fromDay: number) => Iterable<Slot>;

/** The times of slots from `start` on, in seconds since 1970-01-01, in the local time of the slots. */
export function* timesFrom(slots: Slots, start: number): Generator<number> {
  const first = Math.floor(start / DAY_SECONDS);
  for (const { day, units, offsets } of slots(first)) {
    const midnight = day * DAY_SECONDS;
    const longest = offsets.at(-1) ?? 0;
    for (const unit of units) {
      if (midnight + unit + longest < start) continue;
      for (const offset of offsets) if (midnight + unit + offset >= start) yield midnight + unit + offset;
    }
  }
}

/** The number of times in a slot. */
export function countFrom({ day, units, offsets }: Slot, start: number): number {
  const rest = start - day * DAY_SECONDS;
  if (rest <= 0) return units.length * offsets.length;
  return units.reduce((count, unit) => count + offsets.filter((offset) => unit + offset >= rest).length, 0);
}

/**
 * The times that BYSETPOS selects, as Python's `list[index]`: position 1 is the first time, and -1 the last.
 * @returns seconds since 1970-01-01, sorted, without duplicates
 */
export function selectPositions(days: readonly number[], times: readonly number[], positions: readonly number[]): number[] {
  const picked = new Set<number>();
  if (times.length === 0) return [];
  for (const position of positions) {
    const from = position < 0 ? position : position - 1;
    const day = days.at(Math.floor(from / times.length));
    const time = times[modulo(from, times.length)];
    if (day !== undefined && time !== undefined) picked.add(day * DAY_SECONDS + time);
  }
  return [...picked].sort((a, b) => a - b);
}
