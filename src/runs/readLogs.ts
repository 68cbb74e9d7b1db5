import { setTimeout as sleep } from "node:timers/promises";
import { type FlowRun, isTerminal } from "../model/flowRun";
import type { LogLine } from "../targets/target";
import { mustRead } from "./follow";
import { newOutput } from "./newOutput";
import { observe } from "./observe";
import type { RunsContext } from "./runsContext";

/**
 * The output of a run's current attempt. It reads and records; it never submits or stops.
 * @param options.follow continue until the run has ended and all its lines have come
 */
export async function readLogs(
  context: RunsContext,
  id: string,
  { follow = false, signal, onLine }: { follow?: boolean; signal?: AbortSignal; onLine: (line: LogLine) => void },
): Promise<FlowRun> {
  let cursor: string | undefined;
  let complete = false;
  for (;;) {
    const [record = await mustRead(context, id)] = await observe(context, [await mustRead(context, id)]);
    const { run } = record;
    const target = await context.target(record);
    if (run.infrastructureId !== undefined) {
      for await (const page of newOutput(target, run.infrastructureId, cursor)) {
        for (const line of page.lines) onLine(line);
        cursor = page.cursor;
        complete = page.complete;
      }
    }
    const over = complete || (isTerminal(run.state) && run.infrastructureId === undefined);
    if (!follow || over || signal?.aborted) return run;
    await sleep(target.pace.longest, undefined, signal ? { signal } : {}).catch(() => {});
  }
}
