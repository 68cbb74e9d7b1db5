import { spellings } from "../deploymentName";
import type { JsonObject } from "../json";
import type { RunRecord } from "../ledger";
import type { SlotAnswer, SlotLimits } from "../ledger/ledger";
import { secretFromParts } from "../manifest";
import type { DeploymentDefinition } from "../manifest/manifest";
import type { FlowRun } from "../model/flowRun";
import type { Submission } from "../targets/target";
import { UserError } from "../userError";
import type { RunsContext } from "./context";
import { observe } from "./observe";
import { asOwner, describeOwner, ownerLives } from "./owner";
import { poolOf } from "./pool";
import { state } from "./states";
import { holdsSecrets, withSecrets } from "./storedSecrets";

/** The limit that leaves no room for a run. */
export type Full = Pick<Extract<SlotAnswer, { kind: "full" }>, "of" | "limit">;

/** What came of trying to move a run on: it moved (or someone else moved it), or it waits and why. */
export type Advance = { kind: "moved"; record: RunRecord } | { kind: "held"; record: RunRecord; reason: string };

/**
 * Asked on the way, by who has more to see to than the ledger. On `false` nothing is started: the run stays as it is, PENDING without an
 * owner, and is the asker's to end.
 */
export interface OnTheWay {
  /** Before what the submission needs is made. */
  mayPrepare?(): Promise<boolean>;
  /** Before it is sent. */
  maySubmit?(): Promise<boolean>;
}

/**
 * Submit a SCHEDULED run, if nothing holds it.
 * @throws {UserError} if it cannot be sent; it then stays SCHEDULED (nothing was sent) or is CRASHED with the reason
 */
export async function submitScheduled(
  context: RunsContext,
  record: RunRecord,
  signal: AbortSignal,
  onTheWay: OnTheWay = {},
): Promise<Advance> {
  const { run } = record;
  const pool = await poolOf(context, record);
  if (pool.isPaused) return hold(context, record, whyPaused(run), "Scheduled");

  const submission = await submissionOf(context, record);
  const deployment = await deploymentOf(context, record);
  const limits: SlotLimits = {
    pool: pool.concurrencyLimit ?? null,
    queue: pool.queues?.[run.workQueue]?.concurrencyLimit ?? null,
    deployment: deployment?.concurrencyLimit ?? null,
  };
  return asOwner(context, run.id, async (owner) => {
    const pending = { state: state("PENDING", context.now(), undefined, "Submitting"), owner };
    let answer = await context.ledger.acquireSlot(run.id, run.version, limits, pending);
    if (answer.kind === "full") {
      // Those who hold the slots may have ended with nobody watching.
      await observe(context, await context.ledger.slotHolders(run.stack, run.workPool, run.deployment));
      answer = await context.ledger.acquireSlot(run.id, run.version, limits, pending);
    }
    switch (answer.kind) {
      case "full": {
        const reason = whyFull(run, answer);
        if (answer.of === "deployment" && deployment?.collisionStrategy === "CANCEL_NEW") return cancelNew(context, record, reason);
        return hold(context, record, reason, "AwaitingConcurrencySlot");
      }
      case "changed":
        return moved(context, record);
      case "acquired":
        return send(context, answer.record, submission, signal, onTheWay);
    }
  });
}

/** Go on with a run that another process had begun to submit: if that one is gone, find what it started or start it. */
export async function takeUp(context: RunsContext, record: RunRecord, signal: AbortSignal, onTheWay: OnTheWay = {}): Promise<Advance> {
  const { run } = record;
  if (record.owner !== undefined && ownerLives(record.owner)) {
    return { kind: "held", record, reason: `${describeOwner(record.owner)} is submitting it` };
  }
  return asOwner(context, run.id, async (owner) => {
    const claimed = await context.ledger.change(run.id, run.version, { owner });
    if (!claimed) return moved(context, record);
    const target = await context.target(record);
    const found = await target.find(run.id, run.attempt, record.submission);
    if (found !== undefined) return recordInfrastructure(context, claimed, found);
    return send(context, claimed, await submissionOf(context, claimed), signal, onTheWay);
  });
}

async function send(
  context: RunsContext,
  record: RunRecord,
  submission: Submission,
  signal: AbortSignal,
  { mayPrepare, maySubmit }: OnTheWay,
): Promise<Advance> {
  const { run } = record;
  const target = await context.target(record);
  if (mayPrepare && !(await mayPrepare())) return moved(context, record);
  try {
    const prepared = await target.prepare(submission, signal);
    // Cancelled meanwhile: whoever cancels ends it.
    if (!(await context.ledger.isAt(run.id, run.version))) return moved(context, record);
    if (maySubmit && !(await maySubmit())) return moved(context, record);
    const step = await recordInfrastructure(context, record, await target.submit(prepared, signal));
    context.tidying.after(context, record, target);
    return step;
  } catch (error) {
    await giveUp(context, record, error, signal);
    throw error;
  }
}

/** Whatever else has happened to the run meanwhile, what was started for it is written down. */
async function recordInfrastructure(context: RunsContext, record: RunRecord, infrastructureId: string): Promise<Advance> {
  for (let present: RunRecord | undefined = record; present; present = await context.ledger.read(record.run.id)) {
    const { run } = present;
    if (run.attempt !== record.run.attempt || run.infrastructureId !== undefined) return { kind: "moved", record: present };
    const pending = run.state.type === "PENDING" ? { state: state("PENDING", context.now(), undefined, "InfrastructurePending") } : {};
    // Lost by a power cut, it is found again by the submission that is on the disk: see takeUp.
    const changed = await context.ledger.change(run.id, run.version, { ...pending, infrastructureId, owner: null }, "soon");
    if (changed) return { kind: "moved", record: changed };
  }
  throw new Error(`run ${record.run.id} has gone from the ledger`);
}

/**
 * A submission failed. Refused for good and nothing there: the run is CRASHED with the reason. Otherwise (interrupted, or it cannot be
 * known whether it was accepted) it stays PENDING, without an owner, and the next watcher asks the target.
 */
async function giveUp(context: RunsContext, record: RunRecord, error: unknown, signal: AbortSignal): Promise<void> {
  const { run } = record;
  if (!(error instanceof UserError) || signal.aborted || !(await isSurelyNotThere(context, record))) return;
  const now = context.now();
  // Refused by the ledger if the run was cancelled meanwhile: whoever cancels ends it.
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

export function whyPaused({ workPool }: FlowRun): string {
  return `work pool "${workPool}" is paused`;
}

export function whyFull(run: FlowRun, full: Full): string {
  const of = {
    pool: `work pool "${run.workPool}"`,
    queue: `work queue "${run.workQueue}" of work pool "${run.workPool}"`,
    deployment: `deployment "${run.deployment}"`,
  }[full.of];
  return `${of} runs ${full.limit} at a time (concurrencyLimit) and has as many`;
}

/** Write down why a SCHEDULED run waits, if that is new. */
export async function hold(context: RunsContext, record: RunRecord, reason: string, name: string): Promise<Advance> {
  const { run } = record;
  if (run.state.name === name && run.state.message === reason) return { kind: "held", record, reason };
  const held = await context.ledger.change(run.id, run.version, { state: state("SCHEDULED", context.now(), reason, name) });
  return held ? { kind: "held", record: held, reason } : moved(context, record);
}

/** Prefect's collision strategy CANCEL_NEW: over the limit a run is not held but ends. Nothing of it was sent. */
async function cancelNew(context: RunsContext, record: RunRecord, reason: string): Promise<Advance> {
  const now = context.now();
  const change = { state: state("CANCELLED", now, `${reason}; its collisionStrategy is CANCEL_NEW`), endedAt: now.toISOString() };
  const cancelled = await context.ledger.change(record.run.id, record.run.version, change);
  return cancelled ? { kind: "moved", record: cancelled } : moved(context, record);
}

async function moved(context: RunsContext, record: RunRecord): Promise<Advance> {
  return { kind: "moved", record: (await context.ledger.read(record.run.id)) ?? record };
}

/** The run's deployment as it is now; it may be gone, and the run is whole without it. */
async function deploymentOf(context: RunsContext, { run }: RunRecord): Promise<DeploymentDefinition | undefined> {
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
  return withSecrets(submission, (parts) => secretFromParts(manifest, parts), context.digestKey) as JsonObject as unknown as Submission;
}
