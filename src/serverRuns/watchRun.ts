import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../ledger";
import type { Outcome } from "../model/outcome";
import { isTerminal, type State } from "../model/run";
import { writeLogs } from "../prefect/api/flowRunLogs";
import { proposeState, readFlowRun, readStates, type ServerRun, type ServerState } from "../prefect/api/flowRuns";
import type { Client } from "../prefect/client";
import { newOutput } from "../runs/newOutput";
import { cleanUp, recordSeen } from "../runs/observe";
import type { RunsContext } from "../runs/runsContext";
import { state } from "../runs/states";
import type { LogLine, Target } from "../targets/target";
import { putBack, standingOf, transitionsOf } from "./claim";
import { type Dispatch, type Dispatched, type Dispatching, MAX_PAUSE, stateOf } from "./dispatching";
import type { EndedObservation } from "./endWatch";
import { settlement } from "./settlement";

/** Watch until the infrastructure has ended. Stop it if the run is cancelled. Report to the server what the run itself has not reported. */
export async function watch(dispatch: Dispatch, record: RunRecord): Promise<Dispatched> {
  const { parts, context, run, job } = dispatch;
  const { client, signal, tell, voice } = parts;
  const id = record.run.infrastructureId as string;
  const target = await context.target(record);
  const over = new AbortController();
  const stopping = stopIfCancelled(parts, target, id, run, AbortSignal.any([signal, over.signal]));
  const left = new Promise<"left">((resolve) => signal.addEventListener("abort", () => resolve("left"), { once: true }));
  if (signal.aborted) return { kind: "left" };
  const ended = await Promise.race([parts.watchOf(target, record.run.workPool).untilEnded(id), left]);
  over.abort();
  const stopped = await stopping;
  if (ended === "left") {
    tell({ kind: "left", run });
    return { kind: "left" };
  }
  voice?.executed(job, record, ended.outcome);
  let present = await readFlowRun(client, run.id);
  if (standingOf(present?.state, transitionsOf(record)) === "revived" && (await putBack(client, record)))
    present = await readFlowRun(client, run.id);
  let seen = present?.state ?? undefined;
  let end = settled({ present, outcome: ended.outcome, stopped, record });
  // The run may have begun after its cancellation, and ended before it could be stopped.
  if (end.kind === "crashed" && (await wasCancelled(client, run.id)))
    end = settled({ present, outcome: ended.outcome, stopped: true, record });
  if (end.kind === "crashed") {
    if (seen?.type === "PENDING") await forwardOutput(parts, target, id, run);
    await proposeState(client, run.id, { type: "CRASHED", name: "Crashed", message: end.message });
    voice?.crashed(run, end.message);
  }
  if (end.kind === "cancelled") await proposeState(client, run.id, { type: "CANCELLED", name: "Cancelled", message: end.message });
  if (end.kind !== "settled") seen = await stateOf(client, run);
  await keepEnd(context, record, ended, seen);
  context.planned.delete(`${run.id}/${record.run.attempt}`);
  tell({ kind: "ended", run, state: seen?.type ?? "gone", ...(end.kind === "settled" ? {} : { message: end.message }) });
  return { kind: "ended", state: seen, record };
}

/** Whether the current attempt of a run was cancelled, whatever came after. */
async function wasCancelled(client: Client, id: string): Promise<boolean> {
  const states = await readStates(client, id);
  const attempt = states.slice(states.findLastIndex(({ type }) => type === "SCHEDULED") + 1);
  return attempt.some(({ type }) => type === "CANCELLING" || type === "CANCELLED");
}

/** If someone else has started the run again meanwhile, they must settle it. */
function settled({
  present,
  outcome,
  stopped,
  record,
}: {
  present: ServerRun | undefined;
  outcome: Outcome;
  stopped: boolean;
  record: RunRecord;
}) {
  const { infrastructureId } = record.run;
  if (!present?.state) return { kind: "settled" } as const;
  const { state: seen, infrastructure_pid: pid } = present;
  const isTheirs = seen.type === "PENDING" ? standingOf(seen, transitionsOf(record)) === "other" : pid !== null && pid !== infrastructureId;
  return isTheirs ? ({ kind: "settled" } as const) : settlement(outcome, seen, stopped);
}

/**
 * Stop the infrastructure if the run is cancelled. A run that has begun under `prefect flow-run execute` notices its cancellation itself,
 * and may take the grace period to end. A run that has not begun does not notice it. It must be stopped at once, because the server accepts
 * RUNNING after CANCELLED.
 * @returns whether it was stopped from here
 */
async function stopIfCancelled(parts: Dispatching, target: Target, id: string, run: ServerRun, signal: AbortSignal): Promise<boolean> {
  let asked = false;
  for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, MAX_PAUSE)) {
    try {
      // It may already have been cancelled when this process took over.
      if (run.state_type !== "CANCELLING" && run.state_type !== "CANCELLED")
        await parts.untilState(run.id, ["CANCELLING", "CANCELLED"], signal);
      if (signal.aborted) return asked;
      const now = await readFlowRun(parts.client, run.id);
      if (now?.start_time && !asked && parts.startUp === "execute") await sleep(parts.graceSeconds * 1000, undefined, { signal });
      if (signal.aborted) return asked;
      asked = true;
      await target.stop(id, { reason: `cancellation of flow run ${run.id}`, graceSeconds: parts.graceSeconds });
      return true;
    } catch (error) {
      if (signal.aborted) return asked;
      parts.tell({ kind: "trouble", run, message: `it could not be stopped yet: ${(error as Error).message}` });
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }
  return asked;
}

/** Python's logging levels, by Cloud Logging's severities. */
const LEVELS: Record<string, number> = { DEBUG: 10, INFO: 20, NOTICE: 20, WARNING: 30, ERROR: 40, CRITICAL: 50, ALERT: 50, EMERGENCY: 50 };

/** Write the output of a crashed run to Prefect's log. A run that got further has written its own log there. */
async function forwardOutput({ client, tell }: Dispatching, target: Target, id: string, run: ServerRun): Promise<void> {
  try {
    let lines: LogLine[] = [];
    for await (const page of newOutput(target, id)) lines = [...lines, ...page.lines].slice(-500);
    await writeLogs(
      client,
      lines.map(({ at, stream, severity, text }) => ({
        name: "prefect.flow_runs.pushpool",
        level: LEVELS[severity ?? ""] ?? (stream === "stderr" ? 40 : 20),
        message: text,
        timestamp: at,
        flow_run_id: run.id,
      })),
    );
  } catch (error) {
    tell({ kind: "trouble", run, message: `its output could not be passed on: ${(error as Error).message}` });
  }
}

/** Record the end of an attempt in the ledger too, and clean up. */
async function keepEnd(
  context: RunsContext,
  { run: { id, attempt } }: RunRecord,
  ended: EndedObservation,
  seen: ServerState | undefined,
): Promise<void> {
  let kept: RunRecord | undefined;
  while (!kept) {
    const present = await context.ledger.read(id);
    // Another process of this ledger may have started it again.
    if (present?.run.attempt !== attempt) return;
    kept = await withEnd(context, present, ended, seen);
  }
  await cleanUp(context, kept);
}

/**
 * The last state on the server counts, because an exit code shows only a crash. If the server no longer has the run, `pushpool cancel` may
 * have stopped it here. Then the ledger says how it ended.
 * @returns `undefined` if another process has changed the run meanwhile
 */
async function withEnd(
  context: RunsContext,
  present: RunRecord,
  ended: EndedObservation,
  seen: ServerState | undefined,
): Promise<RunRecord | undefined> {
  const { id, version, state: kept } = present.run;
  const { outcome, endedAt } = ended;
  const keep = (end: State) => context.ledger.change(id, version, { state: end, outcome, endedAt, owner: null });
  if (seen) return keep(state(seen.type, new Date(seen.timestamp), seen.message ?? undefined, seen.name));
  if (isTerminal(kept)) return present;
  if (kept.type === "CANCELLING") return recordSeen(context, present, ended);
  return keep(state("CRASHED", new Date(endedAt), "it is no longer on the server"));
}
