import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal, type Run } from "../model/run";
import { oneLine } from "../shown";
import type { LogLine } from "../targets/target";
import { UserError } from "../userError";
import { elsewhere } from "./elsewhere";
import { logElsewhere, mustRead } from "./follow";
import { isInterruption } from "./isInterruption";
import { newOutput } from "./newOutput";
import { observe } from "./observe";
import type { RunsContext } from "./runsContext";

/**
 * The output of a run's current attempt. It reads and records; it never submits or stops.
 * @param options.follow continue until the run has ended and all its lines have come
 * @param options.onLine may return a promise: the next line waits for it
 */
export async function readLogs(
  context: RunsContext,
  id: string,
  { follow = false, signal, onLine }: { follow?: boolean; signal?: AbortSignal; onLine: (line: LogLine) => unknown },
): Promise<Run> {
  let cursor: string | undefined;
  let complete = false;
  const read = async (): Promise<Run | undefined> => {
    const [record = await mustRead(context, id)] = await observe(context, [await mustRead(context, id)], signal);
    const { run } = record;
    const host = elsewhere(context, run);
    if (host !== undefined && run.infrastructureId !== undefined)
      throw new UserError(`the log of run ${oneLine(run.name)} is not here: ${logElsewhere(run, host)}`, 5);
    const target = await context.target(record);
    if (run.infrastructureId !== undefined) {
      for await (const page of newOutput(target, run.infrastructureId, cursor, signal)) {
        for (const line of page.lines) {
          const taken = onLine(line);
          if (taken instanceof Promise) await taken;
          if (signal?.aborted) return run;
        }
        cursor = page.cursor;
        complete = page.complete;
      }
    }
    const over = complete || (isTerminal(run.state) && run.infrastructureId === undefined);
    if (!follow || over || signal?.aborted) return run;
    await sleep(target.pace.longest, undefined, signal ? { signal } : {});
    return undefined;
  };
  try {
    for (;;) {
      const over = await read();
      if (over) return over;
    }
  } catch (error) {
    if (!isInterruption(error, signal)) throw error;
    return (await mustRead(context, id)).run;
  }
}
