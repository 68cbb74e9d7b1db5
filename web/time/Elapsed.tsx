import { clock } from "./clock";
import { durationText } from "./formats";

interface ElapsedProps {
  /** ISO 8601. */
  from: string;
  /** Absent or null: it continues. */
  to?: string | null | undefined;
}

/** How long something took, or takes until now. */
export function Elapsed({ from, to }: ElapsedProps) {
  return <span class="elapsed">{durationText(elapsedOf({ from, to }))}</span>;
}

/** Milliseconds. Until it ends, the caller renders this each second. */
export function elapsedOf({ from, to }: ElapsedProps): number {
  return Math.max(0, (to ? Date.parse(to) : clock.value) - Date.parse(from));
}
