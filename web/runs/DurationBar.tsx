import type { RunRow } from "../../src/ui/wire";
import { stateClass } from "../states/StateMark";
import { elapsedOf } from "../time/Elapsed";
import { barShare, durationText } from "../time/formats";

/** The whole bar: an hour. A fixed scale, so that no bar changes because of another run. */
const LONGEST = 3_600_000;

/** How long a run took, as text and as a bar on a logarithmic scale. Empty before it starts. */
export function DurationBar({ run }: { run: Pick<RunRow, "state" | "startedAt" | "endedAt"> }) {
  if (!run.startedAt) return <span class="duration" />;
  const elapsed = elapsedOf({ from: run.startedAt, to: run.endedAt });
  return (
    <span class="duration">
      <svg class={`bar ${stateClass(run.state.type)}`} aria-hidden="true">
        <rect width={`${(barShare(elapsed, LONGEST) * 100).toFixed(1)}%`} height="100%" rx="1.5" />
      </svg>
      <span class="number">{durationText(elapsed)}</span>
    </span>
  );
}
