import { useEffect, useState } from "preact/hooks";
import type { RunsFilter, StateType, Strip } from "../../src/ui/wire";
import { get } from "../server/request";
import { useResource } from "../server/useResource";
import { StateIcon, stateClass, typeText } from "../states/StateMark";
import { clockText } from "../time/formats";
import { barsOf, countsOf } from "./dayCounts";
import { queryOf, STATE_TYPES } from "./filters";

interface DayStripProps {
  filters: RunsFilter;
  /** Another number: the counts changed. */
  turn: number;
  /** The states that the list shows; none: all. */
  chosen: readonly StateType[];
  onToggle(state: StateType): void;
  onSpan(since: string, until: string): void;
}

const HEIGHT = 36;

/** The day moves on, also while no run changes. */
const MINUTE = 60_000;

/** The last day by state, as bars of a quarter of an hour. Its legend filters by state. */
export function DayStrip({ filters, turn, chosen, onToggle, onSpan }: DayStripProps) {
  // Of all states: the number of the others shows whether to look at them.
  const query = queryOf({ ...filters, state: [] }).toString();
  const { data: strip, reload } = useResource(`strip?${query}`, (signal) => get<Strip>(`/api/strip?${query}`, { signal }));
  useEffect(() => {
    if (turn > 0) reload();
  }, [turn, reload]);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), MINUTE);
    return () => clearInterval(timer);
  }, [reload]);
  // The last one stays while another filter loads: nothing jumps.
  const [last, setLast] = useState<Strip>();
  useEffect(() => {
    if (strip) setLast(strip);
  }, [strip]);
  const shown = strip ?? last;
  const counts = shown ? countsOf(shown) : {};
  return (
    <section class="day" aria-label="The last day">
      <svg
        class="strip"
        viewBox={`0 0 ${(shown?.buckets.length ?? 96) * 10} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Runs of the last day by state: ${summary(counts)}`}
        data-testid="day-strip"
      >
        {shown && <Bars strip={shown} chosen={chosen} onSpan={onSpan} />}
      </svg>
      <div class="strip-axis quiet" aria-hidden="true">
        <span>24 h ago</span>
        <span>12 h ago</span>
        <span>now</span>
      </div>
      <fieldset class="states">
        <legend class="hidden">State</legend>
        {STATE_TYPES.map((type) => (
          <button
            key={type}
            type="button"
            class={`chip ${stateClass(type)}`}
            aria-pressed={chosen.includes(type)}
            data-testid={`filter-${type}`}
            onClick={() => onToggle(type)}
          >
            <StateIcon type={type} />
            {typeText(type)} <span class="number quiet">{counts[type] ?? 0}</span>
          </button>
        ))}
      </fieldset>
    </section>
  );
}

function Bars({ strip, chosen, onSpan }: Pick<DayStripProps, "chosen" | "onSpan"> & { strip: Strip }) {
  const bars = barsOf(strip);
  return (
    <>
      {strip.buckets.map(({ at, counts }, index) => {
        const end = new Date(Date.parse(at) + strip.bucketSeconds * 1000);
        const text = summary(counts);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the pointer; the time filter does the same
          <g key={at} class="bucket" onClick={() => onSpan(at, end.toISOString())}>
            <title>{`${clockText(Date.parse(at)).slice(11, 16)}–${clockText(end.getTime()).slice(11, 16)}: ${text}`}</title>
            <rect class="ground" x={index * 10} y="0" width="10" height={HEIGHT} />
            {bars[index]?.map(({ type, from, height }) => (
              <rect
                key={type}
                class={`${stateClass(type)} ${chosen.length === 0 || chosen.includes(type) ? "" : "faint"}`}
                x={index * 10 + 1}
                y={((1 - from - height) * HEIGHT).toFixed(2)}
                width="8"
                height={(height * HEIGHT).toFixed(2)}
              />
            ))}
          </g>
        );
      })}
    </>
  );
}

function summary(counts: Partial<Record<StateType, number>>): string {
  const parts = STATE_TYPES.flatMap((type) => (counts[type] ? [`${counts[type]} ${typeText(type).toLowerCase()}`] : []));
  return parts.length === 0 ? "no runs" : parts.join(", ");
}
