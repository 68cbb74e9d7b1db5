import type { StateType, Strip } from "../../src/ui/wire";
import { STATE_TYPES } from "./filters";

/** How many runs of each state a strip has. */
export function countsOf({ buckets }: Strip): Partial<Record<StateType, number>> {
  const counts: Partial<Record<StateType, number>> = {};
  for (const bucket of buckets) {
    for (const type of STATE_TYPES) if (bucket.counts[type]) counts[type] = (counts[type] ?? 0) + bucket.counts[type];
  }
  return counts;
}

/** From the bottom of a bar: runs that ended well, then unfinished ones, then those that need a look. */
const STACKED: readonly StateType[] = [
  "COMPLETED",
  "RUNNING",
  "PENDING",
  "SCHEDULED",
  "PAUSED",
  "CANCELLING",
  "CANCELLED",
  "FAILED",
  "CRASHED",
];

/** A part of a bar; all three from 0 to 1. */
export interface BarPart {
  type: StateType;
  from: number;
  height: number;
}

/** The bars, one for each bucket. The fullest bucket is of height 1; any run is visible, however few there are. */
export function barsOf({ buckets }: Strip): BarPart[][] {
  const totals = buckets.map(({ counts }) => STACKED.reduce((sum, type) => sum + (counts[type] ?? 0), 0));
  const fullest = Math.max(1, ...totals);
  return buckets.map(({ counts }, at) => {
    const total = totals[at] ?? 0;
    const whole = total === 0 ? 0 : Math.max(0.12, Math.sqrt(total / fullest));
    let from = 0;
    return STACKED.flatMap((type) => {
      const count = counts[type] ?? 0;
      if (count === 0) return [];
      const height = (count / total) * whole;
      from += height;
      return [{ type, from: from - height, height }];
    });
  });
}
