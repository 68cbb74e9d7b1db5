import type { Attempt } from "../../src/ui/wire";
import { clock } from "../time/clock";
import { clockText, durationText } from "../time/formats";
import { phaseBars } from "./phaseBars";
import { PHASES } from "./texts";

/** The phases of an attempt, each with its time, its length, and what it waited for. */
export function Timeline({ attempt }: { attempt: Attempt }) {
  const goesOn = attempt.phases.some(({ to }) => to === null);
  const bars = phaseBars(attempt.phases, goesOn ? clock.value : 0);
  if (bars.length === 0) return <p class="quiet">Nothing has happened yet.</p>;
  return (
    <ol class="timeline" data-testid="timeline">
      {bars.map(({ phase, from, width, milliseconds }) => (
        <li
          key={`${phase.name} ${phase.from}`}
          class={`phase phase-${phase.name} ${phase.to === null ? "now" : ""}`}
          data-phase={phase.name}
        >
          <span class="phase-name" title={PHASES[phase.name].means}>
            {PHASES[phase.name].text}
          </span>
          <time class="phase-at quiet number" dateTime={phase.from} title={`${clockText(Date.parse(phase.from))}\n${phase.from}`}>
            {clockText(Date.parse(phase.from)).slice(11)}
          </time>
          <svg class="phase-bar" aria-hidden="true">
            <rect x={`${from.toFixed(2)}%`} width={`${width.toFixed(2)}%`} height="100%" rx="2" />
          </svg>
          <span class="phase-length number">{milliseconds < 100 ? `${milliseconds} ms` : durationText(milliseconds)}</span>
          {phase.waitedFor && (
            <span class="phase-why">
              {phase.to === null ? "Waits for" : "Waited for"}: {phase.waitedFor}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
