import type { Phase } from "../../src/ui/wire";

/** A phase on the scale of its attempt; both from 0 to 100. */
export interface PhaseBar {
  phase: Phase;
  from: number;
  width: number;
  milliseconds: number;
}

/** Even an instant is visible. */
const NARROWEST = 0.4;

/** Phases on one scale of time, from the start of the first to the end of the last, or until now. */
export function phaseBars(phases: readonly Phase[], now: number): PhaseBar[] {
  const spans = phases.map((phase) => {
    const from = Date.parse(phase.from);
    return { phase, from, to: Math.max(from, phase.to === null ? now : Date.parse(phase.to)) };
  });
  const start = Math.min(...spans.map(({ from }) => from));
  const whole = Math.max(1, Math.max(...spans.map(({ to }) => to)) - start);
  return spans.map(({ phase, from, to }) => {
    const width = Math.min(100, Math.max(NARROWEST, ((to - from) / whole) * 100));
    return { phase, from: Math.min(100 - width, ((from - start) / whole) * 100), width, milliseconds: to - from };
  });
}
