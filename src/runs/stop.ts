import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../ledger";
import { isTerminal, type Run } from "../model/run";
import { oneLine } from "../shown";
import { UserError } from "../userError";
import { elsewhere, isWatchedThere } from "./elsewhere";
import { isInterruption } from "./isInterruption";
import { observeStopping } from "./observe";
import { describeOwner, ownerLives } from "./owner";
import { checkServersStack } from "./pool";
import type { RunsContext, Watching } from "./runsContext";
import { state } from "./states";
import type { Advance } from "./submit";

/** How many seconds a stopped command has before SIGKILL; the same as in Prefect's workers. */
export const DEFAULT_GRACE_SECONDS = 30;

/** How to cancel a run. */
export interface Cancelling extends Watching {
  /** Only request it; do not wait until it has stopped. */
  detach?: boolean;
  /** If the run's cloud has its own grace period, that one applies, with a warning. @default 30 */
  graceSeconds?: number;
}

/**
 * Cancel a run. One that was never sent is CANCELLED at once. Any other is CANCELLING until its target reports that it has stopped.
 * @returns the run once it has ended, or as it is if `detach` is set or `signal` fires
 * @throws {UserError} if it has already ended (exit code 2), or cannot be stopped from here: it then stays as it is
 */
export async function cancel(context: RunsContext, id: string, cancelling: Cancelling = {}): Promise<Run> {
  const begun = await begin(context, id);
  return context.listeners.during(cancelling.onEvent, begun.run.workPool, () => untilStopped(context, begun, cancelling));
}

async function untilStopped(
  context: RunsContext,
  begun: RunRecord,
  { signal, onEvent, detach = false, graceSeconds }: Cancelling,
): Promise<Run> {
  const { id } = begun.run;
  let record = begun;
  onEvent?.({ kind: "state", run: record.run });
  if (graceSeconds !== undefined && !isTerminal(record.run.state)) {
    const { ownGrace } = await context.target(record);
    if (ownGrace) onEvent?.({ kind: "warning", message: `a grace period of ${graceSeconds} s is not possible: ${ownGrace}` });
  }
  let reasonTold: string | undefined;
  while (!isTerminal(record.run.state)) {
    const step = await confirmStopped(context, record, graceSeconds, signal).catch((error) => {
      if (!isInterruption(error, signal)) throw error;
    });
    if (!step) return ((await context.ledger.read(id)) ?? record).run;
    record = step.record;
    if (step.kind === "held" && step.reason !== reasonTold) {
      reasonTold = step.reason;
      onEvent?.({ kind: "waiting", run: record.run, reason: step.reason });
    }
    if (isTerminal(record.run.state)) break;
    if ((detach && step.kind === "moved") || signal?.aborted) return record.run;
    const { pace } = await context.target(record);
    await sleep(pace.first, undefined, signal ? { signal } : {}).catch(() => {});
    record = (await context.ledger.read(id)) ?? record;
  }
  onEvent?.({ kind: "state", run: record.run });
  return record.run;
}

/** First record the request: whoever finds the run later continues it. But a run that cannot be stopped from here stays as it is. */
async function begin(context: RunsContext, id: string): Promise<RunRecord> {
  for (;;) {
    const record = await context.ledger.read(id);
    if (!record) throw new Error(`run ${id} is not in the ledger`);
    const { run } = record;
    if (isTerminal(run.state)) {
      throw new UserError(
        `run ${oneLine(run.name)} (${run.id}) has already ended: it is ${run.state.type} since ${run.state.timestamp}. There is nothing to cancel`,
      );
    }
    await refuseUnstoppable(context, record);
    if (run.state.type === "CANCELLING") return record;
    const now = context.now();
    const change =
      run.state.type === "SCHEDULED"
        ? { state: state("CANCELLED", now, "cancelled before it was submitted"), endedAt: now.toISOString() }
        : { state: state("CANCELLING", now, "cancellation was requested") };
    const changed = await context.ledger.change(run.id, run.version, change);
    if (changed) return changed;
  }
}

/** What `--dry-run` checks. @throws {UserError} if `cancel` would refuse a run that has not ended */
export async function checkCancel(context: RunsContext, id: string): Promise<void> {
  const record = await context.ledger.read(id);
  if (record && !isTerminal(record.run.state)) await refuseUnstoppable(context, record);
}

async function refuseUnstoppable(context: RunsContext, record: RunRecord): Promise<void> {
  const { type } = record.run.state;
  await refuseUnwatched(context, record);
  if (type === "CANCELLING") return;
  await checkServersStack(context, record);
  // It cannot be opened for another stack's work pool, or for a pool that no longer exists.
  if (type !== "SCHEDULED") await context.target(record);
}

/** Only a process on its own host can stop a run of `process:push`. Without one, the request would wait for nobody knows how long. */
async function refuseUnwatched(context: RunsContext, record: RunRecord): Promise<void> {
  const { run } = record;
  const host = elsewhere(context, run);
  if (host === undefined || run.state.type === "SCHEDULED" || (await isWatchedThere(context, record))) return;
  throw new UserError(
    `run ${oneLine(run.name)} (${run.id}) runs on host ${host}, and nobody watches it there: \`pushpool cancel ${run.id}\` there stops it`,
    5,
  );
}

/**
 * Advance a CANCELLING run: ask the target to stop what was started, and record its answer. If the run's submitter still lives, first wait
 * for what it starts.
 */
export async function confirmStopped(
  context: RunsContext,
  record: RunRecord,
  graceSeconds = DEFAULT_GRACE_SECONDS,
  signal?: AbortSignal,
): Promise<Advance> {
  const { run, owner } = record;
  const host = elsewhere(context, run);
  if (host !== undefined) return { kind: "held", record, reason: `it runs on host ${host}: whoever watches it there stops it` };
  const target = await context.target(record);
  if (run.infrastructureId !== undefined) {
    if (!context.stopAsked.has(run.infrastructureId)) {
      // The run may have changed since it was read: this process may have been stopped meanwhile.
      if (!(await context.ledger.isAt(run.id, run.version))) return asItIs(context, record);
      await target.stop(run.infrastructureId, { reason: `pushpool cancel ${run.id}`, graceSeconds }, signal);
      context.stopAsked.add(run.infrastructureId);
    }
    return { kind: "moved", record: await observeStopping(context, record, signal) };
  }
  if (owner !== undefined && (await ownerLives(context, owner))) {
    return { kind: "held", record, reason: `${describeOwner(owner)} is submitting it; it is stopped as soon as it exists` };
  }
  const found = await target.find(run.id, run.attempt, record.submission, signal);
  const now = context.now();
  const change =
    found === undefined
      ? { state: state("CANCELLED", now, "cancelled before anything was started"), endedAt: now.toISOString(), owner: null }
      : { infrastructureId: found, owner: null };
  const changed = await context.ledger.change(run.id, run.version, change);
  return changed ? { kind: "moved", record: changed } : asItIs(context, record);
}

async function asItIs({ ledger }: RunsContext, record: RunRecord): Promise<Advance> {
  return { kind: "moved", record: (await ledger.read(record.run.id)) ?? record };
}
