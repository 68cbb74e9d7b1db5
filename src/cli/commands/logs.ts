import type { GlobalOptions } from "../program";
import { note, print, printJson } from "../screen";
import { withRuns } from "../session";

/** `pushpool logs RUN [-f]` */
export async function action([ref = ""]: string[], flags: GlobalOptions & { follow?: boolean }): Promise<void> {
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  process.once("SIGINT", onSignal);
  try {
    await withRuns(flags, async (runs) => {
      const run = await runs.findRun(ref);
      await runs.readLogs(run.id, {
        follow: flags.follow ?? false,
        signal: interrupted.signal,
        onLine: (line) => {
          if (flags.json) printJson(line);
          else if (line.stream === "stdout") print(line.text);
          else note(line.text);
        },
      });
    });
    if (interrupted.signal.aborted) process.exitCode = 130;
  } finally {
    process.off("SIGINT", onSignal);
  }
}
