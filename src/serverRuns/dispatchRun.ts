import { setTimeout as sleep } from "node:timers/promises";
import type { RunRecord } from "../ledger";
import { isTerminal } from "../model/run";
import { patchFlowRun, proposeState, readFlowRun, readStates, type ServerRun } from "../prefect/api/flowRuns";
import { elsewhere } from "../runs/elsewhere";
import type { RunsContext } from "../runs/runsContext";
import { state } from "../runs/states";
import { submitScheduled, takeUp } from "../runs/submit";
import { UserError } from "../userError";
import {
  claimsIn,
  endBehind,
  forgetInfrastructure,
  isOurs,
  type PendingName,
  type Proposed,
  proposePending,
  putBack,
  standingOf,
  transitionsOf,
  writeState,
} from "./claim";
import { type Dispatch, type Dispatched, type Dispatching, MAX_PAUSE, stateOf } from "./dispatching";
import { readJob, type ServerJob } from "./job";
import { isOpenAttempt, recordRun } from "./record";
import { watch } from "./watchRun";

/** How old the data of a run may be before it is read again, in milliseconds. */
const FRESH = 1_000;
/** If this much time passes between claim and start, in milliseconds, someone else may have taken the run. */
const ASLEEP = 10_000;

const NEVER_STARTED = { type: "CANCELLED", name: "Cancelled", message: "it was cancelled before it was started" } as const;

type Refused = Exclude<Proposed, { standing: "ours" }>;

/**
 * Take a flow run from its claim to its end, or continue after an earlier process of this ledger.
 *
 * The ledger has the exact submission and the claim's id before the run is claimed. So a dispatcher that crashed at any point recognizes
 * its own claims. `claim.ts` explains why no two dispatchers start the same run.
 */
export async function dispatchRun(parts: Dispatching, seen: ServerRun, readAt = Date.now()): Promise<Dispatched> {
  const { client, tell } = parts;
  const known = await parts.ledger.read(seen.id);
  const run = known || Date.now() - readAt > FRESH ? await readFlowRun(client, seen.id) : seen;
  if (!run) return { kind: "refused", state: undefined, reason: "it no longer exists on the server" };
  const claimed = known !== undefined && isOpenAttempt(known) && standingOf(run.state, transitionsOf(known)) !== "other";
  const begun = known !== undefined && isOpenAttempt(known) && known.run.state.type !== "SCHEDULED";
  if (!claimed && !begun && run.state_type !== "SCHEDULED") {
    if (known && isOpenAttempt(known)) {
      const wasClaimed =
        run.state_type === "CANCELLING" && (await readStates(client, run.id)).some((one) => isOurs(one, transitionsOf(known)));
      // Its dispatcher claimed it and crashed. Somebody must end it on the server.
      if (wasClaimed) await proposeState(client, run.id, NEVER_STARTED);
      await leaveAlone(parts, known, `it was ${run.state_type} by then`);
    }
    return { kind: "refused", state: run.state ?? undefined, reason: `it is ${run.state_type}` };
  }
  const isFirst = known === undefined && run.run_count === 0 && run.state_name === "Scheduled";
  const history = isFirst || claimed || begun ? [] : await readStates(client, run.id);
  const end = endBehind(history);
  if (end) {
    await writeState(client, run.id, end);
    return { kind: "refused", state: end, reason: `it is ${end.type}: a late claim had scheduled it again` };
  }
  let record: RunRecord;
  let context: RunsContext;
  let job: ServerJob;
  try {
    const read = () => readJob(client, run, parts.stack, parts.poolsBeside);
    job = await read();
    context = parts.contextOf(job, read);
    const host = known && isOpenAttempt(known) ? elsewhere(context, known.run) : undefined;
    if (host !== undefined) {
      parts.turn?.done();
      return { kind: "left", host };
    }
    const claims = claimsIn(history, known ? transitionsOf(known) : []);
    const recorded = claimed || begun ? known : await recordRun(context, job, { ...parts, known, claims });
    if (!recorded) return await dispatchRun(parts, run, 0);
    record = recorded;
  } catch (error) {
    // A run that has begun continues, even if its deployment was deleted.
    if (!(error instanceof UserError) || error.exitCode === 5 || begun) throw error;
    return crashUnsubmitted(parts, run, error.message);
  }
  const dispatch: Dispatch = { parts, context, run, job };
  // It has its slot already: those behind it need not wait for its end.
  if (begun) parts.turn?.done();
  else {
    if (job.deployment.global_concurrency_limit !== null) await parts.turn?.mine;
    const claim = await proposePending(client, record, "Pending");
    parts.turn?.done();
    if (claim.standing !== "ours") return refused(dispatch, record, claim);
    tell({ kind: "claimed", run });
    parts.voice?.submitting(job, record);
    await forgetInfrastructure(client, run.id, run.infrastructure_pid);
  }
  const submitted = await submit(dispatch, record, begun || claimed);
  return "kind" in submitted ? submitted : watch(dispatch, submitted);
}

/** The run is not ours to start, or not yet. */
async function refused({ parts }: Dispatch, record: RunRecord, { standing, state: seen, reason }: Refused): Promise<Dispatched> {
  if (standing !== "other") await putBack(parts.client, record);
  // The server had already accepted our claim.
  if (seen?.type === "CANCELLING" && record.run.state.type !== "SCHEDULED") await proposeState(parts.client, record.run.id, NEVER_STARTED);
  // A limit refused the claim: the server will offer it again, and it keeps its record.
  const isHeld = standing === "other" && seen?.type === "SCHEDULED" && record.run.state.type === "SCHEDULED";
  if (!isHeld) await leaveAlone(parts, record, reason);
  return { kind: "refused", state: seen, reason };
}

/**
 * Start it, or find what was started. Write the id of the infrastructure to the ledger and the server.
 * @param takenUp whether an earlier process made the claim
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
  for (let pause = 200; now.run.infrastructureId === undefined; pause = Math.min(pause * 2, MAX_PAUSE)) {
    try {
      // This continues even after the dispatcher was asked to end: a claim without infrastructure would hang.
      const begun = now.run.state.type !== "SCHEDULED";
      const step = await (begun ? takeUp : submitScheduled)(context, now, new AbortController().signal, onTheWay);
      // Another process of this ledger is submitting it. The ledger shows its progress.
      now = step.kind === "held" ? ((await parts.ledger.read(run.id)) ?? step.record) : step.record;
    } catch (error) {
      now = (await parts.ledger.read(run.id)) ?? now;
      if (!(error instanceof UserError)) throw error;
      if (isTerminal(now.run.state)) return crashed(dispatch, error.message);
      // It is unknown whether the cloud accepted it: ask again until it is known.
      tell({ kind: "trouble", run, message: error.message });
    }
    if (trouble) throw trouble;
    if (refusal) return refused(dispatch, now, refusal);
    if (isTerminal(now.run.state)) return { kind: "ended", state: await stateOf(client, run) };
    if (now.run.attempt !== record.run.attempt)
      return { kind: "refused", state: await stateOf(client, run), reason: "another process of this ledger has run it" };
    if (now.run.infrastructureId !== undefined) break;
    if (signal.aborted) return { kind: "left" };
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
  tell({ kind: "submitted", run, infrastructureId: now.run.infrastructureId as string });
  parts.voice?.submitted(run);
  await patchFlowRun(client, run.id, { infrastructure_pid: now.run.infrastructureId as string });
  return now;
}

async function crashed({ parts, run }: Dispatch, reason: string): Promise<Dispatched> {
  const message = `it could not be submitted: ${reason}`;
  parts.voice?.notSubmitted(run, reason);
  await proposeState(parts.client, run.id, { type: "CRASHED", name: "Crashed", message });
  const end = await stateOf(parts.client, run);
  parts.tell({ kind: "ended", run, state: end?.type ?? "gone", message });
  return { kind: "ended", state: end };
}

/**
 * A run that cannot be rendered cannot run anywhere. Claim it, so that nobody else tries at the same time, and end it as CRASHED with the
 * reason.
 */
async function crashUnsubmitted({ client, tell, voice }: Dispatching, run: ServerRun, message: string): Promise<Dispatched> {
  const claim = await proposeState(client, run.id, { type: "PENDING", name: "Pending" });
  if (claim.kind !== "accepted") return { kind: "refused", state: "state" in claim ? claim.state : undefined, reason: claim.reason };
  voice?.notSubmitted(run, message);
  await proposeState(client, run.id, { type: "CRASHED", name: "Crashed", message: `it could not be submitted: ${message}` });
  tell({ kind: "ended", run, state: "CRASHED", message });
  return { kind: "ended", state: await stateOf(client, run) };
}

/** End it in the ledger. The server knows who has it. */
async function leaveAlone({ ledger }: Dispatching, { run }: RunRecord, reason: string): Promise<void> {
  const now = new Date();
  const notHere = state("CANCELLED", now, `not run from here: ${reason}`, "NotClaimed");
  // The submitter may have released it since, which is a change too. So use the current version.
  const present = await ledger.read(run.id);
  if (present?.run.attempt === run.attempt && present.run.infrastructureId === undefined && isOpenAttempt(present))
    await ledger.change(run.id, present.run.version, { state: notHere, endedAt: now.toISOString() });
}
