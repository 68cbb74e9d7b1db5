import type { GlobalOptions } from "../globalOptions";
import { printJson, printLog } from "../screen";
import { withRun } from "../session";
import { readerGone } from "../streams";

/** `pushpool logs RUN [-f]` */
export async function action([ref = ""]: string[], flags: GlobalOptions & { follow?: boolean }): Promise<void> {
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  process.once("SIGINT", onSignal);
  try {
    await withRun(flags, ref, async (runs, { id }) => {
      await runs.readLogs(id, {
        follow: flags.follow ?? false,
        signal: AbortSignal.any([interrupted.signal, readerGone]),
        onLine: (line) => {
          if (flags.json) printJson(line);
          else printLog(line);
        },
      });
    });
    if (interrupted.signal.aborted) process.exitCode = 130;
  } finally {
    process.off("SIGINT", onSignal);
  }
}
