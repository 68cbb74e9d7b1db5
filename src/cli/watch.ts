import { setTimeout as sleep } from "node:timers/promises";
import { exitCodeOf, exitCodeOfCommand, type FlowRun, type Following, isTerminal, type RunEvent, type Runs } from "../runs";
import { formatDuration, parseDuration } from "./duration";
import { chooseView } from "./runView";
import { note, printJson, taken } from "./screen";

/** How soon a second Ctrl-C has to come to cancel the run, in milliseconds. */
const TWICE = 1500;
const DETACHED = 130;

/**
 * Follow a run on the screen to its end and set the exit code. Ctrl-C once lets it go on without us; twice quickly cancels it.
 */
export async function watchOnScreen(
  runs: Runs,
  run: FlowRun,
  { json = false, timeout, warnings = [] }: { json?: boolean; timeout?: string; warnings?: string[] },
): Promise<void> {
  const following: Following = timeout === undefined ? {} : { timeoutMs: parseDuration(timeout, "--timeout") };
  const view = chooseView(json);
  const show = (event: RunEvent) => view.show(event);
  const interrupt = new Interrupt();
  for (const message of warnings) show({ kind: "warning", message });
  try {
    const seen = await runs.followRun(run.id, { ...following, signal: interrupt.first, onEvent: show });
    view.close();
    if (isTerminal(seen.state)) return tellEnd(seen, json);
    if (!interrupt.first.aborted) return tellStillRunning(seen, json, timeout);

    tellDetached(seen, json);
    if (!(await interrupt.again(TWICE))) {
      process.exitCode = DETACHED;
      return;
    }
    note("cancelling");
    const ended = await runs.cancelRun(run.id, { onEvent: show });
    tellEnd(ended, json);
  } finally {
    view.close();
    interrupt.close();
  }
}

function tellEnd(run: FlowRun, json: boolean): void {
  process.exitCode = exitCodeOf(run);
  if (json) {
    printJson({ event: "result", exitCode: process.exitCode, run });
    return;
  }
  const code = exitCodeOfCommand(run);
  const details = [
    code === undefined ? undefined : `exit code ${code}`,
    taken(run) === undefined ? undefined : formatDuration(taken(run) as number),
  ];
  const shown = details.filter((detail) => detail !== undefined);
  note(`${run.name} is ${run.state.type}${shown.length > 0 ? ` (${shown.join(", ")})` : ""}`);
}

function tellStillRunning(run: FlowRun, json: boolean, timeout: string | undefined): void {
  process.exitCode = exitCodeOf(run);
  if (json) {
    printJson({ event: "result", exitCode: process.exitCode, run });
    return;
  }
  note(
    `still ${run.state.type} after --timeout ${timeout}; it goes on. \`pushpool wait ${run.id}\` follows it, \`pushpool cancel ${run.id}\` stops it`,
  );
}

function tellDetached(run: FlowRun, json: boolean): void {
  if (json) {
    printJson({ event: "detached", run });
    return;
  }
  const goesOn = run.state.type === "SCHEDULED" ? "it was not submitted yet" : "it goes on";
  note(
    `detached from ${run.name}: ${goesOn}. \`pushpool wait ${run.id}\` comes back to it, \`pushpool cancel ${run.id}\` stops it (or Ctrl-C again, now)`,
  );
}

/** Ctrl-C, the first and a second one. */
class Interrupt {
  readonly #first = new AbortController();
  readonly #second = new AbortController();
  readonly #onSignal = () => (this.#first.signal.aborted ? this.#second.abort() : this.#first.abort());

  constructor() {
    process.on("SIGINT", this.#onSignal);
  }

  get first(): AbortSignal {
    return this.#first.signal;
  }

  /** Whether a second one comes within so many milliseconds of the call, or had come. */
  async again(within: number): Promise<boolean> {
    await sleep(within, undefined, { signal: this.#second.signal }).catch(() => {});
    return this.#second.signal.aborted;
  }

  close(): void {
    process.off("SIGINT", this.#onSignal);
  }
}
