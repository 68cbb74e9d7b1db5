import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration, parseDuration } from "../duration";
import { exitCodeOf, exitCodeOfCommand, type Following, isTerminal, type Run, type RunEvent, type Runs, type Watching } from "../runs";
import { chooseView } from "./runView";
import { noteLine, print, printJson, taken } from "./screen";

/** How soon a second Ctrl-C must follow to cancel the run, in milliseconds. */
const TWICE = 1500;
const DETACHED = 130;

/**
 * Submit a run without watching it. Prints its id, and the reason if it has to wait.
 * @param submit passes its events to `onEvent`
 */
export async function submitAndLeave(submit: (watching: Watching) => Promise<Run>, json = false): Promise<void> {
  const submitted = await submit({
    onEvent: (event) => {
      if (event.kind === "waiting")
        noteLine(`not submitted yet: ${event.reason}. \`pushpool wait ${event.run.id}\` submits it as soon as possible`);
      if (event.kind === "warning") noteLine(`warning: ${event.message}`);
    },
  });
  if (json) printJson({ run: submitted });
  else print(submitted.id);
}

/**
 * Show a run until its end, and set the exit code. One Ctrl-C detaches from the run, which continues. A second one soon after cancels the run. A
 * third one stops waiting for the cancellation.
 */
export async function watchOnScreen(
  runs: Runs,
  run: Run,
  { json = false, timeout, warnings = [] }: { json?: boolean; timeout?: string; warnings?: string[] },
): Promise<void> {
  const following: Following = timeout === undefined ? {} : { timeoutMs: parseDuration(timeout, "--timeout") };
  const start = Date.now();
  let view = chooseView(json, start);
  const show = (event: RunEvent) => view.show(event);
  const interrupt = new Interrupt();
  for (const message of warnings) show({ kind: "warning", message });
  try {
    const seen = await runs.followRun(run.id, { ...following, signal: interrupt.signals[0], onEvent: show });
    view.close();
    if (isTerminal(seen.state)) return tellEnd(seen, json);
    if (!interrupt.signals[0].aborted) return tellStillRunning(seen, json, timeout);

    tellDetached(seen, json);
    if (!(await interrupt.again(TWICE))) {
      process.exitCode = DETACHED;
      return;
    }
    // The run may have ended in the meantime. Then there is nothing to cancel.
    const [now = seen] = await runs.observeRuns([seen]);
    if (isTerminal(now.state)) return tellEnd(now, json);
    if (!json) noteLine("cancelling; Ctrl-C again stops waiting for it");
    view = chooseView(json, start);
    const left = await runs.cancelRun(run.id, { onEvent: show, signal: interrupt.signals[2] });
    view.close();
    if (isTerminal(left.state)) return tellEnd(left, json);
    tellDetached(left, json);
    process.exitCode = DETACHED;
  } finally {
    view.close();
    interrupt.close();
  }
}

function tellEnd(run: Run, json: boolean): void {
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
  noteLine(`${run.name} is ${run.state.type}${shown.length > 0 ? ` (${shown.join(", ")})` : ""}`);
}

function tellStillRunning(run: Run, json: boolean, timeout: string | undefined): void {
  process.exitCode = exitCodeOf(run);
  if (json) {
    printJson({ event: "result", exitCode: process.exitCode, run });
    return;
  }
  noteLine(
    `still ${run.state.type} after --timeout ${timeout}; the run continues. \`pushpool wait ${run.id}\` follows it, \`pushpool cancel ${run.id}\` stops it`,
  );
}

function tellDetached(run: Run, json: boolean): void {
  if (json) {
    printJson({ event: "detached", exitCode: DETACHED, run });
    return;
  }
  if (run.state.type === "CANCELLING") {
    noteLine(`detached from ${run.name}: it was asked to stop. \`pushpool wait ${run.id}\` waits until it has stopped`);
    return;
  }
  const status = run.state.type === "SCHEDULED" ? "it was not submitted yet" : "the run continues";
  noteLine(
    `detached from ${run.name}: ${status}. \`pushpool wait ${run.id}\` follows it again, \`pushpool cancel ${run.id}\` stops it (or Ctrl-C again, now)`,
  );
}

/** Handles up to three Ctrl-C: to detach, to cancel, and to stop waiting for the cancellation. */
class Interrupt {
  readonly #presses = [new AbortController(), new AbortController(), new AbortController()] as const;
  readonly signals = [this.#presses[0].signal, this.#presses[1].signal, this.#presses[2].signal] as const;
  readonly #onSignal = () => this.#presses.find(({ signal }) => !signal.aborted)?.abort();

  constructor() {
    process.on("SIGINT", this.#onSignal);
  }

  /** Whether a second Ctrl-C has come or comes within this time, in milliseconds. */
  async again(within: number): Promise<boolean> {
    const [, second] = this.signals;
    await sleep(within, undefined, { signal: second }).catch(() => {});
    return second.aborted;
  }

  close(): void {
    process.off("SIGINT", this.#onSignal);
  }
}
