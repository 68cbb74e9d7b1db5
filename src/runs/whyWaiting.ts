import type { SlotAnswer } from "../ledger/ledger";
import type { Run } from "../model/run";

// Why a run is not submitted yet, as its state and its events say it.

/** The limit because of which a run must wait. */
export type Full = Pick<Extract<SlotAnswer, { kind: "full" }>, "of" | "limit">;

export function whyPaused({ workPool }: Run): string {
  return `work pool "${workPool}" is paused`;
}

/** Someone paused it by `pushpool pools pause`, or on the run page. */
export function whyPausedHere({ workPool }: Run): string {
  return `work pool "${workPool}" is paused here: \`pushpool pools resume ${workPool}\` lets it go on`;
}

/** Only that host can start and see its processes. */
export function whyElsewhere(host: string): string {
  return `it runs on host ${host}: \`pushpool serve\` or \`pushpool wait\` there continues it`;
}

export function whyFull(run: Run, full: Full): string {
  const of = {
    pool: `work pool "${run.workPool}"`,
    queue: `work queue "${run.workQueue}" of work pool "${run.workPool}"`,
    deployment: `deployment "${run.deployment}"`,
  }[full.of];
  return `${of} runs ${full.limit} at a time (concurrencyLimit) and has as many`;
}
