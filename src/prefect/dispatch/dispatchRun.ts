import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../../ledger";
import type { RunsContext } from "../../runs/context";
import { isTerminal, type State } from "../../runs/flowRun";
import { cleanUp } from "../../runs/observe";
import { state } from "../../runs/states";
import { submitScheduled, takeUp } from "../../runs/submit";
import type { Target } from "../../targets/target";
import { UserError } from "../../userError";
import { type FlowRun, type FlowRunState, patchFlowRun, proposeState, readFlowRun } from "../api/flowRuns";
import { writeLogs } from "../api/logs";
import type { Client } from "../client";
import type { InfrastructureWatch } from "./infrastructureWatch";
import { type Job, type PoolsBeside, readJob } from "./job";
import { type Dispatcher, followingTransition, isOwnClaim, recordRun, type StartUp, transitionOf } from "./record";
import { settlement } from "./settlement";

/** What dispatching works with. */
export interface Dispatching {
  client: Client;
  dispatcher: Dispatcher;
  startUp: StartUp;
  /** What the ledger files these runs under: `<project>/<stack>`. */
  stack: string;
  /** What a manifest says of the pools beside what the server keeps. */
  poolsBeside?: PoolsBeside;
  contextOf(job: Job): RunsContext;
  watchOf(target: Target): InfrastructureWatch;
  /** Resolves when the state of a run on the server is one of these, or `signal` fires. */
  untilState(id: string, types: readonly string[], signal: AbortSignal): Promise<void>;
  /** How long a run that is being cancelled has to end by itself before its infrastructure is stopped, in seconds. */
  graceSeconds: number;
  /** No more is begun when it fires; what is begun is brought to where another process can take it up. */
  signal: AbortSignal;
  tell(event: DispatchEvent): void;
}

export type DispatchEvent =
  | { kind: "claimed" | "submitted" | "left" | "ended"; run: FlowRun; message?: string; state?: string }
  | { kind: "trouble"; run: FlowRun; message: string };

/** What came of it. */
export type Dispatched =
  /** It ran from here, to this end on the server. */
  | { kind: "ended"; state: FlowRunState | undefined }
  /** Not from here, or not now: the server's state, and why. */
  | { kind: "refused"; state: FlowRunState | undefined; reason: string }
  /** It goes on, and whoever takes it up finds it in the ledger. */
  | { kind: "left" };

/**
 * Take a flow run from its claim to its end, or from wherever an earlier process of this ledger left it.
 *
 * Its exact submission is in the ledger before it is claimed, and the claim has an id that is kept with it: so a dispatcher that died at any
 * point knows afterwards what was its own, and two of them never start one run.
 */
export async function dispatchRun(parts: Dispatching, run: FlowRun): Promise<Dispatched> {
  const { client, tell } = parts;
  let job: Job;
  let record: RunRecord;
  let context: RunsContext;
  try {
    job = await readJob(client, run, parts.stack, parts.poolsBeside);
    context = parts.contextOf(job);
    record = await recordRun(context, job, parts.dispatcher, parts.startUp);
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode === 5) throw error;
    return crashUnsubmitted(parts, run, error.message);
  }
  if (record.run.state.type === "SCHEDULED") {
    const verdict = await proposeState(client, run.id, { type: "PENDING", name: "Pending" }, transitionOf(record));
    const seen = "state" in verdict ? verdict.state : undefined;
    if (verdict.kind !== "accepted" && !isOwnClaim(seen, record)) {
      // Held back by a limit: it comes again, and keeps its record.
      if (seen?.type !== "SCHEDULED") await leaveAlone(context, record, verdict.reason);
      return { kind: "refused", state: seen, reason: verdict.reason };
    }
    tell({ kind: "claimed", run });
  }
  const submitted = await submit(parts, context, record, run);
  if ("kind" in submitted) return submitted;
  return watch(parts, context, submitted, run);
}

/** Start it, or find what was started, and write its id down here and on the server. */
async function submit(parts: Dispatching, context: RunsContext, record: RunRecord, run: FlowRun): Promise<RunRecord | Dispatched> {
  const { client, tell } = parts;
  const already = record.run.infrastructureId;
  if (already !== undefined) return record;
  const end = await endedBefore(parts, context, record, run);
  if (end) return end;
  const propose = (name: "Submitting" | "InfrastructurePending") =>
    proposeState(client, run.id, { type: "PENDING", name }, followingTransition(transitionOf(record), name)).catch((error: Error) =>
      tell({ kind: "trouble", run, message: error.message }),
    );
  // What the server shows meanwhile is no reason to wait.
  const told = propose("Submitting");
  // Begun is brought to its end: a claim with nothing behind it would hang.
  const signal = new AbortController().signal;
  let now = record;
  try {
    for (let pause = 200; now.run.infrastructureId === undefined; pause = Math.min(pause * 2, 5_000)) {
      const step = now.run.state.type === "SCHEDULED" ? await submitScheduled(context, now, signal) : await takeUp(context, now, signal);
      now = step.record;
      if (isTerminal(now.run.state)) break;
      if (now.run.infrastructureId === undefined) await sleep(pause);
    }
  } catch (error) {
    await told;
    if (!(error instanceof UserError)) throw error;
    await proposeState(client, run.id, { type: "CRASHED", name: "Crashed", message: `it could not be submitted: ${error.message}` });
    return { kind: "ended", state: await stateOf(client, run) };
  }
  const { infrastructureId } = now.run;
  if (infrastructureId === undefined) return { kind: "ended", state: await stateOf(client, run) };
  tell({ kind: "submitted", run, message: infrastructureId });
  await told;
  // One after the other: a server on SQLite answers two writes to one run at a time with 503.
  await patchFlowRun(client, run.id, { infrastructure_pid: infrastructureId });
  // Refused where it runs by now, or was cancelled: both are seen to below.
  await propose("InfrastructurePending");
  return now;
}

/** A run that was claimed by an earlier process, and cancelled since: what was not started by then is not started now. */
async function endedBefore(parts: Dispatching, context: RunsContext, record: RunRecord, run: FlowRun): Promise<Dispatched | undefined> {
  const seen = run.state ?? undefined;
  if (record.run.state.type === "SCHEDULED" || seen === undefined || (seen.type !== "CANCELLING" && !isTerminal(seen as State)))
    return undefined;
  const target = await context.target(record);
  if ((await target.find(run.id, record.run.attempt)) !== undefined) return undefined;
  if (seen.type === "CANCELLING")
    await proposeState(parts.client, run.id, { type: "CANCELLED", name: "Cancelled", message: "it was cancelled before it was started" });
  await leaveAlone(context, record, `it was ${seen.type} before it was started`);
  return { kind: "ended", state: await stateOf(parts.client, run) };
}

/** Watch until the infrastructure has ended, stop it where the run is cancelled, and tell the server what the run did not. */
async function watch(parts: Dispatching, context: RunsContext, record: RunRecord, run: FlowRun): Promise<Dispatched> {
  const { client, signal, tell } = parts;
  const id = record.run.infrastructureId as string;
  const target = await context.target(record);
  const over = new AbortController();
  const stopping = stopIfCancelled(parts, target, id, run, AbortSignal.any([signal, over.signal]));
  const left = new Promise<"left">((resolve) => signal.addEventListener("abort", () => resolve("left"), { once: true }));
  if (signal.aborted) return { kind: "left" };
  const ended = await Promise.race([parts.watchOf(target).untilEnded(id), left]);
  over.abort();
  await stopping;
  if (ended === "left") {
    tell({ kind: "left", run });
    return { kind: "left" };
  }
  let seen = await stateOf(client, run);
  const end = seen === undefined ? ({ kind: "settled" } as const) : settlement(ended.outcome, seen);
  if (end.kind === "crashed") {
    if (seen?.type === "PENDING") await forwardOutput(parts, target, id, run);
    await proposeState(client, run.id, { type: "CRASHED", name: "Crashed", message: end.message });
  }
  if (end.kind === "cancelled") await proposeState(client, run.id, { type: "CANCELLED", name: "Cancelled", message: end.message });
  if (end.kind !== "settled") seen = await stateOf(client, run);
  await keepEnd(context, run.id, ended.outcome, ended.endedAt, seen);
  tell({ kind: "ended", run, state: seen?.type ?? "gone", ...(end.kind === "settled" ? {} : { message: end.message }) });
  return { kind: "ended", state: seen };
}

/**
 * A run that has begun hears of its cancellation itself, and has the grace to end by itself; one that has not would not hear, and would come back
 * to life if it began now: the server takes a RUNNING after CANCELLED.
 */
async function stopIfCancelled(parts: Dispatching, target: Target, id: string, run: FlowRun, signal: AbortSignal): Promise<void> {
  try {
    await parts.untilState(run.id, ["CANCELLING", "CANCELLED"], signal);
    if (signal.aborted) return;
    const now = await readFlowRun(parts.client, run.id);
    if (now?.start_time !== null && now !== undefined) await sleep(parts.graceSeconds * 1000, undefined, { signal });
    if (!signal.aborted) await target.stop(id, { reason: `cancellation of flow run ${run.id}`, graceSeconds: parts.graceSeconds });
  } catch (error) {
    if (!signal.aborted) parts.tell({ kind: "trouble", run, message: (error as Error).message });
  }
}

/** What it printed before it died, for those who look in Prefect; what ran has told its own. */
async function forwardOutput({ client, tell }: Dispatching, target: Target, id: string, run: FlowRun): Promise<void> {
  try {
    const { lines } = await target.logs(id);
    await writeLogs(
      client,
      lines.slice(-500).map(({ at, stream, text }) => ({
        name: "prefect.flow_runs.pushpool",
        level: stream === "stderr" ? 40 : 20,
        message: text,
        timestamp: at,
        flow_run_id: run.id,
      })),
    );
  } catch (error) {
    tell({ kind: "trouble", run, message: `its output could not be passed on: ${(error as Error).message}` });
  }
}

/** A run that cannot be rendered is nobody's to run: it is claimed, so that no one else tries at the same time, and CRASHED with the reason. */
async function crashUnsubmitted({ client, tell }: Dispatching, run: FlowRun, message: string): Promise<Dispatched> {
  const claim = await proposeState(client, run.id, { type: "PENDING", name: "Pending" });
  if (claim.kind !== "accepted") return { kind: "refused", state: "state" in claim ? claim.state : undefined, reason: claim.reason };
  await proposeState(client, run.id, { type: "CRASHED", name: "Crashed", message: `it could not be submitted: ${message}` });
  tell({ kind: "ended", run, state: "CRASHED", message });
  return { kind: "ended", state: await stateOf(client, run) };
}

/** In the ledger it is then over: who has it on the server is told there. */
async function leaveAlone(context: RunsContext, record: RunRecord, reason: string): Promise<void> {
  const now = context.now();
  const elsewhere = state("CANCELLED", now, `not run from here: ${reason}`, "NotClaimed");
  await context.ledger.change(record.run.id, record.run.version, { state: elsewhere, endedAt: now.toISOString() });
}

/** The ledger's last word on an attempt is the server's: an exit code tells only a crash. */
async function keepEnd(
  context: RunsContext,
  id: string,
  outcome: NonNullable<RunRecord["run"]["outcome"]>,
  endedAt: string,
  seen: FlowRunState | undefined,
): Promise<void> {
  for (;;) {
    const record = await context.ledger.read(id);
    if (!record) return;
    const message = seen === undefined ? "it is no longer on the server" : (seen.message ?? undefined);
    const end = state(seen?.type ?? "CRASHED", new Date(seen?.timestamp ?? endedAt), message, seen?.name);
    const kept = await context.ledger.change(id, record.run.version, { state: end, outcome, endedAt, owner: null });
    if (!kept) continue;
    await cleanUp(context, kept);
    return;
  }
}

async function stateOf(client: Client, run: FlowRun): Promise<FlowRunState | undefined> {
  return (await readFlowRun(client, run.id))?.state ?? undefined;
}
