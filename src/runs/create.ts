import { v7 as uuid } from "uuid";
import type { Json, JsonObject } from "../json";
import { readJson } from "../jsonText";
import type { Ledger, RunRecord } from "../ledger";
import type { FirstSlot, NewRun } from "../ledger/ledger";
import type { LoadedManifest } from "../manifest";
import type { DeploymentInManifest } from "../manifest/manifest";
import type { Run } from "../model/run";
import { oneLine } from "../shown";
import type { Submission } from "../targets/target";
import { asWritten } from "../template";
import { UserError } from "../userError";
import { checkRequest } from "./checkRequest";
import { findDeployment } from "./findDeployment";
import { refusePaused } from "./namedPool";
import { planJob, type Resolved, type RunRequest, resolveRequest } from "./plan";
import { keyOf } from "./pool";
import { isPausedHere } from "./poolNotes";
import { requestDigest } from "./requestDigest";
import { madeUpName } from "./runNames";
import type { RunsContext } from "./runsContext";
import { state } from "./states";
import { withoutSecrets } from "./storedSecrets";

/** What `--dry-run` shows: everything that would be recorded and sent. Secrets are masked. */
export interface RunPlan {
  stack: string;
  deployment: string;
  workPool: string;
  workQueue: string;
  /** Only if they are not the work pool's. */
  credentials?: "ambient";
  parameters: Json;
  jobConfiguration: Json;
  submission: Json;
  warnings: string[];
}

/** Plan a run without recording it. */
export async function planRun(context: RunsContext, request: RunRequest): Promise<RunPlan> {
  const { run, jobConfiguration, submission } = await plan(context, request);
  return {
    stack: run.stack,
    deployment: run.deployment,
    workPool: run.workPool,
    workQueue: run.workQueue,
    ...(submission.credentials === undefined ? {} : { credentials: submission.credentials }),
    parameters: run.parameters,
    jobConfiguration: masked(jobConfiguration),
    submission: masked(submission.request),
    warnings: submission.warnings,
  };
}

/** What {@link createRun} answers. `created` is false if an idempotency key returned an earlier run. */
export interface Created {
  run: Run;
  created: boolean;
  warnings: string[];
}

/**
 * Check, render and record a run with its exact submission. Nothing is sent. A known idempotency key returns the earlier run.
 * @throws {UserError} if the request is invalid, or the key was used with another request; nothing is recorded then
 */
export async function createRun(context: RunsContext, request: RunRequest): Promise<Created> {
  const { record, created, warnings } = await recordDraft(context, await draftRun(context, request));
  if (created) remember(context, record);
  return { run: record.run, created, warnings };
}

/** A run that is checked and rendered, and not recorded yet. */
export interface Draft {
  given: NewRun;
  /** With its secrets. */
  submission: Submission;
  /** Its deployment as it is now. */
  deployment: DeploymentInManifest;
}

/** @throws {UserError} if the request is invalid */
export async function draftRun(context: RunsContext, request: RunRequest): Promise<Draft> {
  const { run, poolType, submission, definition } = await plan(context, request);
  const { scheduledFor } = request;
  const { deployment, jobVariables } = run;
  const digest = requestDigest(
    scheduledFor === undefined
      ? {
          deployment,
          parameters: request.parameters ?? {},
          jobVariables,
          ...(request.workPool === undefined ? {} : { workPool: request.workPool }),
        }
      : // An occurrence stays the same, whatever its schedule says now.
        { deployment, scheduledFor },
  );
  const stored = (await withoutSecrets({ ...submission }, context.digestKey)) as { [key: string]: Json };
  return { given: { run, poolType, requestDigest: digest, submission: stored }, submission, deployment: definition };
}

/**
 * Record a draft.
 * @param slot see {@link Ledger.createRun}
 * @throws {UserError} if its idempotency key was used with another request; nothing is recorded then
 */
export async function recordDraft(
  context: RunsContext,
  { given, submission }: Draft,
  slot?: FirstSlot,
): Promise<{ record: RunRecord; created: boolean; warnings: string[] }> {
  const { record, created } = await context.ledger.createRun(given, slot);
  if (!created) {
    refuseOtherRequest(record, given.requestDigest);
    return { record, created, warnings: [] };
  }
  // A run that took its slot is sent at once: nobody looks for it.
  if (slot === undefined || record.owner !== slot.change.owner) context.planned.set(`${record.run.id}/${record.run.attempt}`, submission);
  return { record, created, warnings: submission.warnings };
}

/** How many recorded runs are remembered for their submission. */
const REMEMBERED = 64;

function remember({ created }: RunsContext, record: RunRecord): void {
  created.set(record.run.id, record);
  const [oldest] = created.keys();
  if (oldest !== undefined && created.size > REMEMBERED) created.delete(oldest);
}

async function plan(context: RunsContext, asked: RunRequest) {
  checkRequest(asked);
  await context.ledger.shared?.measureTime();
  const { resolved, manifest, stack } = await resolve(context, asked);
  const { jobVariables = {}, jobVariableTexts = {} } = asked;
  const request = {
    ...asked,
    deployment: resolved.name,
    jobVariables: asWritten(resolved.pool.baseJobTemplate, jobVariables, jobVariableTexts) as JsonObject,
  };
  const { workPool } = resolved;
  const by = {
    ...(request.credentials === undefined ? {} : { credentials: request.credentials }),
    ...(request.workPool === undefined ? {} : { workPool }),
    ...keyOf(manifest, workPool, request.credentials),
  };
  const target = await context.target({ poolType: resolved.pool.type, run: { stack, workPool }, submission: by });
  const now = context.now();
  const identity = { id: uuid({ msecs: now.getTime() }), name: request.name ?? madeUpName(), attempt: 1 };
  const { jobConfiguration, submission: planned } = planJob({ manifest, request, resolved, run: identity, target, context });
  const run: Run = {
    ...identity,
    stack,
    deployment: request.deployment,
    workPool,
    workQueue: resolved.workQueue,
    parameters: resolved.parameters,
    jobVariables: request.jobVariables,
    tags: [...new Set([...(resolved.deployment.tags ?? []), ...(request.tags ?? [])])],
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    state: state("SCHEDULED", now, request.scheduledFor && `scheduled for ${request.scheduledFor}`),
    createdAt: now.toISOString(),
    version: 1,
  };
  return { run, poolType: resolved.pool.type, definition: resolved.deployment, jobConfiguration, submission: { ...planned, ...by } };
}

/** If a name is not in a stored manifest, the stack may have it by now: read the manifest again once before refusing. */
async function resolve(context: RunsContext, request: RunRequest): Promise<LoadedManifest & { resolved: Resolved }> {
  const loaded = await context.manifest();
  try {
    return await resolveIn(context, loaded, request);
  } catch (error) {
    if (!(error instanceof UserError) || !loaded.reload) throw error;
    return resolveIn(context, await context.manifest({ fresh: true }), request);
  }
}

async function resolveIn({ ledger }: RunsContext, loaded: LoadedManifest, request: RunRequest) {
  const found = await findDeployment({ ledger, ...loaded }, request.deployment);
  const resolved = resolveRequest(loaded.manifest, loaded.origin, request, found);
  if (request.workPool !== undefined) {
    const isPaused = resolved.pool.isPaused || (await isPausedHere(ledger, loaded.stack, resolved.workPool));
    if (isPaused && !(await isRepeated(ledger, loaded.stack, resolved, request.idempotencyKey))) refusePaused(resolved.workPool, isPaused);
  }
  return { ...loaded, resolved };
}

/** How many runs of a deployment on a paused pool are looked through for an idempotency key, newest first. */
const LOOKED_THROUGH = 10_000;

/** Whether the key already has a run on this pool: a repeated request returns it, and starts nothing. */
async function isRepeated(ledger: Ledger, stack: string, { name, workPool }: Resolved, key: string | undefined): Promise<boolean> {
  if (key === undefined) return false;
  const earlier = await ledger.list({ stack, deployment: name, workPool, limit: LOOKED_THROUGH });
  return earlier.some(({ run }) => run.idempotencyKey === key);
}

function refuseOtherRequest(record: RunRecord, digest: string): void {
  if (record.requestDigest === digest) return;
  const { idempotencyKey, id, name } = record.run;
  throw new UserError(
    `--idempotency-key "${idempotencyKey}" was already used for run ${oneLine(name)} (${id}) with other parameters, job variables or work pool: nothing was sent. Use another key, or repeat the request exactly`,
    2,
    { fields: [{ path: "/idempotencyKey", message: "was already used for another request: use another key" }] },
  );
}

/** As JSON, in which every secret is masked. */
function masked(value: unknown): Json {
  return readJson(JSON.stringify(value));
}
