import type { RecentRun } from "../../src/ui/wire";
import { Link } from "../parts/Link";
import { runPath } from "../routes";
import { hasEnded } from "../run/texts";
import { stateClass, typeText } from "../states/StateMark";
import { barShare, clockText, durationText } from "../time/formats";

interface RecentRunsProps {
  /** Newest first. */
  runs: readonly RecentRun[];
  /** Height of the bars, in pixels. @default 20 */
  height?: number;
}

const HOUR = 3_600_000;

/**
 * Recent runs, the newest at the right: a bar for each, by its duration and state. One that ended badly has a mark below it. The bars are a
 * shortcut for a mouse. The list of runs has the same links, large enough to touch, and the keyboard reaches them.
 */
export function RecentRuns({ runs, height = 20 }: RecentRunsProps) {
  if (runs.length === 0) return <span class="quiet">none yet</span>;
  return (
    <span class="recent">
      {runs.toReversed().map((run) => {
        const text = `${run.name}: ${typeText(run.state.type)}, ${clockText(Date.parse(run.createdAt))}`;
        const elapsed = run.startedAt ? Date.parse(run.endedAt ?? new Date().toISOString()) - Date.parse(run.startedAt) : 0;
        const isBad = run.state.type === "FAILED" || run.state.type === "CRASHED";
        const tall = Math.max(3, barShare(elapsed, HOUR) * height);
        return (
          <Link
            key={run.id}
            to={runPath(run.id)}
            class="recent-run"
            tabIndex={-1}
            title={`${text}${run.startedAt ? `, ${durationText(elapsed)}` : ""}`}
            aria-label={text}
          >
            <svg class={stateClass(run.state.type)} width="7" height={height + 5} aria-hidden="true">
              <rect x="1" y={height - tall} width="5" height={tall} rx="1" class={hasEnded(run.state) ? "" : "open"} />
              {isBad && <path d={`M1.5 ${height + 1.5}l4 3m0-3l-4 3`} />}
            </svg>
          </Link>
        );
      })}
    </span>
  );
}
