import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger, RunRecord } from "../../ledger";
import type { RunsContext } from "../../runs/context";
import { isTerminal } from "../../runs/flowRun";
import { cleanUp } from "../../runs/observe";
import { state } from "../../runs/states";
import { submitScheduled, takeUp } from "../../runs/submit";
import type { Outcome } from "../../targets/outcome";
import type { Target } from "../../targets/target";
import { UserError } from "../../userError";
import { type FlowRun, type FlowRunState, patchFlowRun, proposeState, readFlowRun, readStates } from "../api/flowRuns";
import { writeLogs } from "../api/logs";
import type { Client } from "../client";
import {
  claimsIn,
  endBehind,
  forgetInfrastructure,
  isOurs,
  type PendingName,
  proposePending,
  putBack,
  type Step,
  standingOf,
  transitionsOf,
  write,
} from "./claim";
import type { InfrastructureWatch } from "./infrastructureWatch";
import { type Job, type PoolsBeside, readJob } from "./job";
import { type Dispatcher, isOpen, recordRun, type StartUp } from "./record";
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
  ledger: Ledger;
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

/** How old what was read of a run may be before it is read again, in milliseconds. */
const FRESH = 1_000;
/** After a gap as long as this between claim and start, in milliseconds, the run may be somebody else's. */
const ASLEEP = 10_000;
/** Longest pause between two tries of something that fails, in milliseconds. */
const LONGEST_PAUSE = 5_000;

const NEVER_STARTED = { type: "CANCELLED", name: "Cancelled", message: "it was cancelled before it was started" } as const;

type Refused = Exclude<Step, { standing: "ours" }>;

export type DispatchEvent =
  | { kind: "claimed" | "submitted" | "left" | "ended"; run: FlowRun; message?: string; state?: string }
  | { kind: "trouble"; run: FlowRun; message: string };

/** What came of it. */
export type Dispatched =
  /** It ran from here, to this end on the server. */
  | { kind: "ended"; state: FlowRunState | undefined; record?: RunRecord }
  /** Not from here, or not now: the server's state, and why. */
  | { kind: "refused"; state: FlowRunState | undefined; reason: string }
  /** It goes on, and whoever takes it up finds it in the ledger. */
  | { kind: "left" };

/**
 * Take a flow run from its claim to its end, or from wherever an earlier process of this ledger left it.
 *
 * Its exact submission is in the ledger before it is claimed, and the claim has an id that is kept with it: so a dispatcher that died at any
 * point knows afterwards what was its own. Why no two of them start one run is told in `claim.ts`.
 */
export async function dispatchRun(parts: Dispatching, seen: FlowRun, readAt = Date.now()): Promise<Dispatched> {
  const { client, tell } = parts;
  const known = await parts.ledger.read(seen.id);
  const run = known || Date.now() - readAt > FRESH ? await readFlowRun(client, seen.id) : seen;
  if (!run) return { kind: "refused", state: undefined, reason: "it is gone from the server" };
  const claimed = known !== undefined && isOpen(known) && standingOf(run.state, transitionsOf(known)) !== "other";
  const begun = known !== undefined && isOpen(known) && known.run.state.type !== "SCHEDULED";
  if (!claimed && !begun && run.state_type !== "SCHEDULED") {
    if (known && isOpen(known)) {
      const wasClaimed =
        run.state_type === "CANCELLING" && (await readStates(client, run.id)).some((one) => isOurs(one, transitionsOf(known)));
      // Who claimed it and died is waited for.
      if (wasClaimed) await proposeState(client, run.id, NEVER_STARTED);
      await leaveAlone(parts, known, `it was ${run.state_type} by then`);
    }
    return { kind: "refused", state: run.state ?? undefined, reason: `it is ${run.state_type}` };
  }
  const isFirst = known === undefined && run.run_count === 0 && run.state_name === "Scheduled";
  const history = isFirst || claimed || begun ? [] : await readStates(client, run.id);
  const end = endBehind(history);
  if (end) {
    await write(client, run.id, end);
    return { kind: "refused", state: end, reason: `it is ${end.type}: a claim that came too late had scheduled it again` };
  }
  let record: RunRecord;
  let context: RunsContext;
  try {
    const job = await readJob(client, run, parts.stack, parts.poolsBeside);
    context = parts.contextOf(job);
    const claims = claimsIn(history, known ? transitionsOf(known) : []);
    record = claimed || begun ? known : await recordRun(context, job, { ...parts, known, claims });
  } catch (error) {
    // What was begun goes on, though its deployment may be gone.
    if (!(error instanceof UserError) || error.exitCode === 5 || begun) throw error;
    return crashUnsubmitted(parts, run, error.message);
  }
  const dispatch: Dispatch = { parts, context, run };
  if (!begun) {
    const claim = await proposePending(client, record, "Pending");
    if (claim.standing !== "ours") return refused(dispatch, record, claim);
    tell({ kind: "claimed", run });
    await forgetInfrastructure(client, run.id, run.infrastructure_pid);
  }
  const submitted = await submit(dispatch, record, begun || claimed);
  return "kind" in submitted ? submitted : watch(dispatch, submitted);
}

/** One run on its way. */
interface Dispatch {
  parts: Dispatching;
  context: RunsContext;
  run: FlowRun;
}

/** It is not run from here, or not now. */
async function refused({ parts }: Dispatch, record: RunRecord, { standing, state: seen, reason }: Refused): Promise<Dispatched> {
  if (standing !== "other") await putBack(parts.client, record);
  // Of a claim that was accepted before.
  if (seen?.type === "CANCELLING" && record.run.state.type !== "SCHEDULED") await proposeState(parts.client, record.run.id, NEVER_STARTED);
  // Held back by a limit: it comes again, and keeps its record.
  if (standing !== "other" || seen?.type !== "SCHEDULED") await leaveAlone(parts, record, reason);
  return { kind: "refused", state: seen, reason };
}

/**
 * Start it, or find what was started, and write its id down here and on the server.
 * @param takenUp the claim is an earlier process's
 */
async function submit(dispatch: Dispatch, record: RunRecord, takenUp: boolean): Promise<RunRecord | Dispatched> {
  const { parts, context, run } = dispatch;
  const { client, tell, signal } = parts;
  if (record.run.infrastructureId !== undefined) return record;
  const claimedAt = Date.now();
  let refusal: Refused | undefined;
  let trouble: Error | undefined;
  const proposed = async (name: PendingName): Promise<boolean> => {
    try {
      if (takenUp || Date.now() - claimedAt > ASLEEP) {
        const state = (await readFlowRun(client, run.id))?.state ?? undefined;
        const standing = standingOf(state, transitionsOf(record));
        if (standing !== "ours") refusal = { standing, state, reason: `it is ${state?.type ?? "gone"} on the server` };
      }
      const step = refusal ?? (await proposePending(client, record, name));
      if (step.standing !== "ours") refusal = step;
      return refusal === undefined;
    } catch (error) {
      trouble = error as Error;
      return false;
    }
  };
  const onTheWay = { mayPrepare: () => proposed("Submitting"), maySubmit: () => proposed("InfrastructurePending") };
  let now = record;
  for (let pause = 200; now.run.infrastructureId === undefined; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      // Begun is brought to its end: a claim with nothing behind it would hang.
      const begun = now.run.state.type !== "SCHEDULED";
      const step = await (begun ? takeUp : submitScheduled)(context, now, new AbortController().signal, onTheWay);
      now = step.record;
    } catch (error) {
      now = (await parts.ledger.read(run.id)) ?? now;
      if (!(error instanceof UserError)) throw error;
      if (isTerminal(now.run.state)) return crashed(dispatch, error.message);
      // Whether it was taken, nobody knows: asked again until it is known.
      tell({ kind: "trouble", run, message: error.message });
    }
    if (trouble) throw trouble;
    if (refusal) return refused(dispatch, now, refusal);
    if (isTerminal(now.run.state)) return { kind: "ended", state: await stateOf(client, run) };
    if (now.run.infrastructureId !== undefined) break;
    if (signal.aborted) return { kind: "left" };
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
  tell({ kind: "submitted", run, message: now.run.infrastructureId as string });
  await patchFlowRun(client, run.id, { infrastructure_pid: now.run.infrastructureId as string });
  return now;
}

async function crashed({ parts, run }: Dispatch, reason: string): Promise<Dispatched> {
  const message = `it could not be submitted: ${reason}`;
  await proposeState(parts.client, run.id, { type: "CRASHED", name: "Crashed", message });
  const end = await stateOf(parts.client, run);
  parts.tell({ kind: "ended", run, state: end?.type ?? "gone", message });
  return { kind: "ended", state: end };
}

/** Watch until the infrastructure has ended, stop it where the run is cancelled, and tell the server what the run did not. */
async function watch(dispatch: Dispatch, record: RunRecord): Promise<Dispatched> {
  const { parts, context, run } = dispatch;
  const { client, signal, tell } = parts;
  const id = record.run.infrastructureId as string;
  const target = await context.target(record);
  const over = new AbortController();
  const stopping = stopIfCancelled(parts, target, id, run, AbortSignal.any([signal, over.signal]));
  const left = new Promise<"left">((resolve) => signal.addEventListener("abort", () => resolve("left"), { once: true }));
  if (signal.aborted) return { kind: "left" };
  const ended = await Promise.race([parts.watchOf(target).untilEnded(id), left]);
  over.abort();
  const stopped = await stopping;
  if (ended === "left") {
    tell({ kind: "left", run });
    return { kind: "left" };
  }
  let present = await readFlowRun(client, run.id);
  if (standingOf(present?.state, transitionsOf(record)) === "revived" && (await putBack(client, record)))
    present = await readFlowRun(client, run.id);
  let seen = present?.state ?? undefined;
  const end = settled({ present, outcome: ended.outcome, stopped, record });
  if (end.kind === "crashed") {
    if (seen?.type === "PENDING") await forwardOutput(parts, target, id, run);
    await proposeState(client, run.id, { type: "CRASHED", name: "Crashed", message: end.message });
  }
  if (end.kind === "cancelled") await proposeState(client, run.id, { type: "CANCELLED", name: "Cancelled", message: end.message });
  if (end.kind !== "settled") seen = await stateOf(client, run);
  await keepEnd(context, run.id, ended.outcome, ended.endedAt, seen);
  context.planned.delete(`${run.id}/${record.run.attempt}`);
  tell({ kind: "ended", run, state: seen?.type ?? "gone", ...(end.kind === "settled" ? {} : { message: end.message }) });
  return { kind: "ended", state: seen, record };
}

/** A run that somebody else has started again meanwhile is theirs to settle. */
function settled({
  present,
  outcome,
  stopped,
  record,
}: {
  present: FlowRun | undefined;
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
 * A run that has begun hears of its cancellation itself, where `prefect flow-run execute` does that for it, and has the grace to end by itself;
 * one that has not would not hear, and would come back
 * to life if it began now: the server takes a RUNNING after CANCELLED.
 * @returns whether it was stopped from here
 */
async function stopIfCancelled(parts: Dispatching, target: Target, id: string, run: FlowRun, signal: AbortSignal): Promise<boolean> {
  let asked = false;
  for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      // It may have been so when it was taken up.
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
async function leaveAlone({ ledger }: Dispatching, { run }: RunRecord, reason: string): Promise<void> {
  const now = new Date();
  const elsewhere = state("CANCELLED", now, `not run from here: ${reason}`, "NotClaimed");
  // Of the version that is there now: that it was let go by its submitter is a change too.
  const present = await ledger.read(run.id);
  if (present?.run.attempt === run.attempt && present.run.infrastructureId === undefined && isOpen(present))
    await ledger.change(run.id, present.run.version, { state: elsewhere, endedAt: now.toISOString() });
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
