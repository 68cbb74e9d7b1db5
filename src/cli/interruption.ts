import { constants } from "node:os";
import { note } from "./screen";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Run an operation that can be interrupted: by Ctrl-C, by SIGTERM, or by closing the terminal. The first signal asks the operation to finish its
 * current steps. The second ends the process and its child processes at once, with exit code 128 plus the signal number.
 * @param quiet print nothing for the first signal
 * @param lost what the second signal leaves undone, and what to do about it
 */
export async function interruptible<T>(
  { quiet, lost }: { quiet: boolean; lost: string },
  work: (interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    if (interrupted.signal.aborted) {
      note(`pushpool: aborted: ${lost}`);
      process.exit(128 + constants.signals[signal]);
    }
    interrupted.abort();
    if (!quiet) note("interrupted: the current steps are finished first. Ctrl-C again aborts them");
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
