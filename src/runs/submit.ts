import { spellings } from "../deploymentName";
import type { JsonObject } from "../json";
import type { RunRecord } from "../ledger";
import type { FirstSlot, SlotLimits } from "../ledger/ledger";
import { secretFromParts } from "../manifest";
import type { DeploymentInManifest } from "../manifest/manifest";
import type { Run } from "../model/run";
import { isWithin, type Moment, momentNow } from "../moment";
import type { InfrastructureId, Submission } from "../targets/target";
import { LedgerError, UserError } from "../userError";
import { type Created, type Draft, recordDraft } from "./create";
import { elsewhere, placedHere } from "./elsewhere";
import { observe } from "./observe";
import { asOwner, describeOwner, ownerLives, stillOwns } from "./owner";
import { checkServersStack, poolOf } from "./pool";
import { clearPoolError, notePoolError, poolNotes } from "./poolNotes";
import type { RunsContext } from "./runsContext";
import { state } from "./states";
import { holdsSecrets, withSecrets } from "./storedSecrets";
import { whyElsewhere, whyFull, whyPaused, whyPausedHere } from "./whyWaiting";

/** How long what the ledger said needs no other question, in milliseconds: the answer to one may be as old. */
const JUST_NOW = 25;

/** The result of trying to advance a run: it moved (or another process moved it), or it waits for a reason. */
export type Advance = { kind: "moved"; record: RunRecord } | { kind: "held"; record: RunRecord; reason: string };

/**
 * Called during a submission, by callers that have more than the ledger to check. If it returns `false`, nothing is started: the run stays
 * PENDING without an owner, and the caller must end it.
 */
export interface OnTheWay {
  /** Before creating what the submission needs. */
  mayPrepare?(): Promise<boolean>;
  /** Before sending it. */
  maySubmit?(): Promise<boolean>;
}

/**
 * Submit a SCHEDULED run, unless it must wait.
 * @throws {UserError} if it cannot be sent; it then stays SCHEDULED (nothing was sent) or is CRASHED with the reason
 */
export async function submitScheduled(
  context: RunsContext,
  record: RunRecord,
  signal: AbortSignal,
  onTheWay: OnTheWay = {},
): Promise<Advance> {
  const { run } = record;
  const host = elsewhere(context, run);
  if (host !== undefined) return { kind: "held", record, reason: whyElsewhere(host) };
  const admission = await admit(context, run, () => deploymentOf(context, record));
  if ("paused" in admission) return hold(context, record, admission.paused, "Scheduled");
  const { limits, deployment, poolError } = admission;

  const submission = await submissionOf(context, record);
  return asOwner(context, run.id, async (owner) => {
    const pending = submitting(context, record, owner);
    let answer = await context.ledger.acquireSlot(run.id, run.version, limits, pending);
    if (answer.kind === "full") {
      // Those that hold the slots may have ended while nobody watched.
      await observe(context, await context.ledger.slotHolders(run.stack, run.workPool, run.deployment), signal);
      answer = await context.ledger.acquireSlot(run.id, run.version, limits, pending);
    }
    const claimedAt = momentNow();
    switch (answer.kind) {
      case "full": {
        const reason = whyFull(run, answer);
        if (answer.of === "deployment" && deployment?.collisionStrategy === "CANCEL_NEW") return cancelNew(context, record, reason);
        return hold(context, record, reason, "AwaitingConcurrencySlot");
      }
      case "changed":
        return moved(context, record);
      case "acquired":
        return send(context, { record: answer.record, claimedAt, submission, poolError }, signal, onTheWay);
    }
  });
}

/**
 * Record a run and submit it at once: as {@link recordDraft} and {@link submitScheduled}, with one write less.
 * @param onRecorded called before anything is sent
 * @returns `recorded` if it was only recorded: it must wait, or it is an earlier one with its idempotency key
 * @throws {UserError} as both of them
 */
export async function submitDraft(
  context: RunsContext,
  draft: Draft,
  signal: AbortSignal,
  onRecorded: (made: Created) => void,
): Promise<Advance | { kind: "recorded"; record: RunRecord }> {
  const { given, submission } = draft;
  const { run } = given;
  const record = async (slot?: FirstSlot) => {
    const made = await recordDraft(context, draft, slot);
    onRecorded({ run: made.record.run, created: made.created, warnings: made.warnings });
    return made.record;
  };
  // A reason to refuse it refuses it again after it is recorded.
  const admission = await admit(context, run, async () => draft.deployment).catch(() => undefined);
  if (!admission || "paused" in admission) return { kind: "recorded", record: await record() };
  const { limits, poolError } = admission;
  return asOwner(context, run.id, async (owner) => {
    const recorded = await record({ limits, change: submitting(context, given, owner) });
    if (recorded.owner !== owner) return { kind: "recorded", record: recorded };
    return send(context, { record: recorded, claimedAt: momentNow(), submission, poolError }, signal, {});
  });
}

/** What its pool and its deployment say about a run that is to be submitted. */
type Admission =
  | { paused: string }
  | {
      limits: SlotLimits;
      deployment: DeploymentInManifest | undefined;
      /** The last refusal of its pool's cloud, as it is noted. */
      poolError: string | undefined;
    };

/** Whether a run may start: under which limits, or why it waits. @throws {UserError} if the manifest does not have its work pool */
async function admit(context: RunsContext, run: Run, deploymentOf: () => Promise<DeploymentInManifest | undefined>): Promise<Admission> {
  const pool = await poolOf(context, { run });
  if (pool.isPaused) return { paused: whyPaused(run) };
  const { isPaused, error: poolError } = await poolNotes(context.ledger, run.stack, run.workPool);
  if (isPaused) return { paused: whyPausedHere(run) };
  const deployment = await deploymentOf();
  const limits: SlotLimits = {
    pool: pool.concurrencyLimit ?? null,
    queue: pool.queues?.[run.workQueue]?.concurrencyLimit ?? null,
    deployment: deployment?.concurrencyLimit ?? null,
  };
  return { limits, deployment, poolError };
}

/** How a run becomes PENDING. */
function submitting(context: RunsContext, record: Pick<RunRecord, "run" | "poolType">, owner: string): FirstSlot["change"] {
  return { state: state("PENDING", context.now(), undefined, "Submitting"), owner, ...placedHere(context, record, owner) };
}

/** Continue a run whose submission another process began: if that process is gone, find what it started, or start it. */
export async function takeUp(context: RunsContext, record: RunRecord, signal: AbortSignal, onTheWay: OnTheWay = {}): Promise<Advance> {
  const { run } = record;
  const host = elsewhere(context, run);
  if (host !== undefined) return { kind: "held", record, reason: whyElsewhere(host) };
  if (record.owner !== undefined && (await ownerLives(context, record.owner))) {
    return { kind: "held", record, reason: `${describeOwner(record.owner)} is submitting it` };
  }
  // First what may be refused: a refusal leaves the run as it is.
  await checkServersStack(context, record);
  const target = await context.target(record);
  return asOwner(context, run.id, async (owner) => {
    const claimed = await context.ledger.change(run.id, run.version, { owner, ...placedHere(context, record, owner) });
    if (!claimed) return moved(context, record);
    const claimedAt = momentNow();
    const found = await target.find(run.id, run.attempt, record.submission, signal, true);
    if (found !== undefined) return recordInfrastructure(context, claimed, found);
    const [submission, { error }] = [await submissionOf(context, claimed), await poolNotes(context.ledger, run.stack, run.workPool)];
    return send(context, { record: claimed, claimedAt, submission, poolError: error }, signal, onTheWay);
  });
}

/** A run that this process may send, and what it knew then. */
interface Claimed {
  record: RunRecord;
  /** When the ledger answered, by the steady clock. */
  claimedAt: Moment;
  submission: Submission;
  /** The last refusal of its work pool's cloud, as it was noted. */
  poolError: string | undefined;
}

async function send(
  context: RunsContext,
  { record, claimedAt, submission, poolError }: Claimed,
  signal: AbortSignal,
  { mayPrepare, maySubmit }: OnTheWay,
): Promise<Advance> {
  const { run, poolType } = record;
  // Not the record's submission: that would have to be parsed.
  const target = await context.target({ poolType, run, submission });
  if (mayPrepare && !(await mayPrepare())) return moved(context, record);
  // A fault of the ledger is not a refusal: the run stays as it is, and is taken up.
  const refused = async (error: unknown): Promise<never> => {
    if (error instanceof LedgerError) throw error;
    if (error instanceof UserError && error.exitCode === 5 && !signal.aborted) {
      const refusal = { at: context.now().toISOString(), message: error.message };
      await notePoolError(context.ledger, run.stack, run.workPool, refusal);
    }
    await giveUp(context, record, error, signal);
    throw error;
  };
  const prepared = await target.prepare(submission, signal).catch(refused);
  // It was cancelled meanwhile: whoever cancelled it ends it.
  const isJustClaimed = isWithin(JUST_NOW, claimedAt);
  if (!isJustClaimed && !(await context.ledger.isAt(run.id, run.version))) return moved(context, record);
  if (maySubmit && !(await maySubmit())) return moved(context, record);
  // This process was stopped meanwhile, and others have taken the run up. The last question before it is sent: its answer ages.
  if (record.owner !== undefined && !(await stillOwns(context, record.owner))) return moved(context, record);
  let recorded: RunRecord | undefined;
  const started = async (id: InfrastructureId) => {
    // Who loses here to a change of the run, or to a fault of the ledger, records it below.
    recorded = await recordAt(context, record, id).catch(() => undefined);
  };
  const infrastructureId = await target.submit(prepared, signal, started).catch(refused);
  const step = await recordInfrastructure(context, recorded ?? record, infrastructureId);
  // Nobody sends it again: a process that starts many runs must not keep all their submissions.
  context.planned.delete(`${run.id}/${run.attempt}`);
  context.tidying.after(context, record, target);
  await clearPoolError(context.ledger, run.stack, run.workPool, poolError);
  return step;
}

/** Record what was started, whatever else has happened to the run meanwhile. */
async function recordInfrastructure(context: RunsContext, record: RunRecord, infrastructureId: InfrastructureId): Promise<Advance> {
  for (let present: RunRecord | undefined = record; present; present = await context.ledger.read(record.run.id)) {
    const { run } = present;
    if (run.attempt !== record.run.attempt || run.infrastructureId !== undefined) return { kind: "moved", record: present };
    const changed = await recordAt(context, present, infrastructureId);
    if (changed) return { kind: "moved", record: changed };
  }
  throw new Error(`run ${record.run.id} is no longer in the ledger`);
}

/** The same for a run as it was seen. @returns `undefined` if it has changed since */
function recordAt(context: RunsContext, { run }: RunRecord, infrastructureId: InfrastructureId): Promise<RunRecord | undefined> {
  const pending = run.state.type === "PENDING" ? { state: state("PENDING", context.now(), undefined, "InfrastructurePending") } : {};
  // If a power cut loses this write, the submission on the disk finds the infrastructure again: see takeUp.
  return context.ledger.change(run.id, run.version, { ...pending, infrastructureId, owner: null }, "soon");
}

/**
 * Handle a failed submission. If it was refused for good and nothing exists, the run is CRASHED with the reason. Otherwise (interrupted, or
 * unclear whether it was accepted) it stays PENDING without an owner, and the next watcher asks the target.
 */
async function giveUp(context: RunsContext, record: RunRecord, error: unknown, signal: AbortSignal): Promise<void> {
  const { run } = record;
  if (!(error instanceof UserError) || signal.aborted || !(await isSurelyNotThere(context, record))) return;
  const now = context.now();
  // The ledger refuses this if the run was cancelled meanwhile: whoever cancelled it ends it.
  await context.ledger.change(run.id, run.version, {
    state: state("CRASHED", now, `it could not be submitted: ${error.message}`),
    endedAt: now.toISOString(),
  });
}

async function isSurelyNotThere(context: RunsContext, record: RunRecord): Promise<boolean> {
  try {
    return (await (await context.target(record)).find(record.run.id, record.run.attempt, record.submission)) === undefined;
  } catch {
    return false;
  }
}

/** Record why a SCHEDULED run waits, if the reason is new. */
export async function hold(context: RunsContext, record: RunRecord, reason: string, name: string): Promise<Advance> {
  const { run } = record;
  if (run.state.name === name && run.state.message === reason) return { kind: "held", record, reason };
  const held = await context.ledger.change(run.id, run.version, { state: state("SCHEDULED", context.now(), reason, name) });
  return held ? { kind: "held", record: held, reason } : moved(context, record);
}

/** Prefect's collision strategy CANCEL_NEW: over the limit, a run ends instead of waiting. Nothing was sent. */
async function cancelNew(context: RunsContext, record: RunRecord, reason: string): Promise<Advance> {
  const now = context.now();
  const change = { state: state("CANCELLED", now, `${reason}; its collisionStrategy is CANCEL_NEW`), endedAt: now.toISOString() };
  const cancelled = await context.ledger.change(record.run.id, record.run.version, change);
  return cancelled ? { kind: "moved", record: cancelled } : moved(context, record);
}

async function moved(context: RunsContext, record: RunRecord): Promise<Advance> {
  return { kind: "moved", record: (await context.ledger.read(record.run.id)) ?? record };
}

/** The run's deployment as it is now; `undefined` if it was removed, which the run does not mind. */
async function deploymentOf(context: RunsContext, { run }: RunRecord): Promise<DeploymentInManifest | undefined> {
  const { manifest } = await context.manifest();
  const [name, other] = spellings(run.deployment);
  if (Object.hasOwn(manifest.deployments, name)) return manifest.deployments[name];
  const stored = await context.ledger.deployments(run.stack, [name, other]);
  return (stored.find((record) => record.name === name) ?? stored[0])?.definition;
}

async function submissionOf(context: RunsContext, { run, submission }: RunRecord): Promise<Submission> {
  const planned = context.planned.get(`${run.id}/${run.attempt}`);
  if (planned) return planned;
  if (!holdsSecrets(submission)) return submission as unknown as Submission;
  const { manifest } = await context.manifest();
  const whole = await withSecrets(submission, (parts) => secretFromParts(manifest, parts), context.digestKey);
  return whole as JsonObject as unknown as Submission;
}
