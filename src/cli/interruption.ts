import { constants } from "node:os";
import { note } from "./screen";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Run an operation that can be interrupted: by Ctrl-C, by SIGTERM, and by a terminal that is closed. The first of them asks the operation to
 * finish what is under way. The second ends the process at once, with 128 plus the signal's number; child processes end with it.
 * @param quiet say nothing of the first one
 * @param lost what the second one leaves undone, and what to do about it
 */
export async function interruptible<T>(
  { quiet, lost }: { quiet: boolean; lost: string },
  work: (interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    if (interrupted.signal.aborted) {
      note(`pushpool: broken off: ${lost}`);
      process.exit(128 + constants.signals[signal]);
    }
    interrupted.abort();
    if (!quiet) note("interrupted: what is under way is finished first. Ctrl-C again breaks it off");
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
