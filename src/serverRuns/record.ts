import { v4 as uuid } from "uuid";
import { canonicalJson } from "../canonicalJson";
import type { Json, JsonObject, ValueObject } from "../json";
import type { RunRecord } from "../ledger";
import type { PoolDefinition } from "../manifest/manifest";
import { isTerminal, type Run } from "../model/run";
import { plainJob } from "../plainNumbers";
import { placedNowhere } from "../runs/elsewhere";
import { requestDigest } from "../runs/requestDigest";
import type { RunsContext } from "../runs/runsContext";
import { state } from "../runs/states";
import { withoutSecrets } from "../runs/storedSecrets";
import type { Submission } from "../targets/target";
import { prepareJob, resolveJob, unlikePrefect, validateJob } from "../template";
import { transitionsOf } from "./claim";
import type { ServerJob } from "./job";

/** The name of a dispatcher, in the form of Prefect's workers. */
export interface DispatcherName {
  id: string;
  name: string;
}

/** How the process of a flow run is started. */
export type StartUp =
  /** `prefect flow-run execute`, as Prefect's workers do: it pulls the code, runs the flow, and listens for a cancellation. */
  | "execute"
  /**
   * `python -m prefect.engine` directly, which `execute` starts in the end. It pulls the code and runs the flow too, with one less start of
   * Python. Nobody in the container listens for a cancellation, so the dispatcher stops it. The flow gets SIGTERM and is CRASHED for a
   * moment, until the dispatcher reports the cancellation. Its `on_cancellation` hooks are not called.
   */
  | "engine";

/**
 * Render a flow run's job and record it with its exact submission, before anything is claimed or sent. A run that is only recorded is
 * rendered again, because its deployment or pool may have changed.
 *
 * The submission has the id of the transition for this dispatcher's claim of the run. So the dispatcher recognizes its own claim after a
 * crash.
 * @param claims how often anyone has claimed the run before: this gives the number of the attempt
 * @returns `undefined` if another process of the ledger changed it meanwhile
 * @throws {UserError} with the path of a value that cannot be rendered or used; then nothing is written
 */
export async function recordRun(
  context: RunsContext,
  job: ServerJob,
  { dispatcher, startUp, known, claims }: { dispatcher: DispatcherName; startUp: StartUp; known: RunRecord | undefined; claims: number },
): Promise<RunRecord | undefined> {
  const { run } = job;
  const unclaimed = known !== undefined && isOpenAttempt(known) && known.run.attempt > claims;
  const attempt = unclaimed ? known.run.attempt : Math.max(known?.run.attempt ?? 0, claims) + 1;
  const planned = async (number: number) => (await planServerJob(context, job, { attempt: number, dispatcher, startUp })).submission;
  // The claim of an earlier process may still be under way. This process uses the same id.
  const transition = (unclaimed && transitionsOf(known)[0]) || uuid();
  const store = async (submission: Submission) =>
    (await withoutSecrets({ ...submission, prefect: { transition } } as unknown as ValueObject, context.digestKey)) as JsonObject;
  const keep = (record: RunRecord, submission: Submission) => {
    context.planned.set(`${run.id}/${record.run.attempt}`, submission);
    return record;
  };
  const submission = await planned(attempt);
  if (!known) {
    const created = await create(context, job, attempt, await store(submission));
    return created && keep(created, submission);
  }
  if (unclaimed && canonicalJson(known.submission) === canonicalJson(await store(submission))) return keep(known, submission);
  const next = unclaimed ? await planned(attempt + 1) : submission;
  const again = await context.ledger.change(run.id, known.run.version, {
    state: state("SCHEDULED", context.now(), `attempt ${next.attempt}`, run.state_name ?? "Scheduled"),
    nextAttempt: { submission: await store(next), attempt: next.attempt },
    startedAt: null,
    endedAt: null,
    infrastructureId: null,
    outcome: null,
    owner: null,
    ...placedNowhere(context),
  });
  return again && keep(again, next);
}

/** Render a flow run's job, and convert it to the exact request of one attempt. */
export async function planServerJob(
  context: RunsContext,
  job: ServerJob,
  { attempt, dispatcher, startUp }: { attempt: number; dispatcher: DispatcherName; startUp: StartUp },
): Promise<{ jobConfiguration: ValueObject; submission: Submission }> {
  const { type, timeoutSeconds = null } = poolOf(job);
  const target = await context.target({ poolType: type, run: { stack: job.loaded.stack, workPool: job.pool.name } });
  const jobConfiguration = configurationOf(context, job, dispatcher, startUp);
  const planned = target.plan(jobConfiguration, { id: job.run.id, attempt, pool: job.pool.name, timeoutSeconds });
  const warnings = unlikePrefect({
    schema: (job.pool.base_job_template.variables ?? {}) as JsonObject,
    deployment: job.deployment.job_variables,
    run: job.run.job_variables ?? {},
  });
  return { jobConfiguration, submission: { ...planned, warnings: [...warnings, ...planned.warnings] } };
}

function poolOf({ loaded, pool }: ServerJob): PoolDefinition {
  return loaded.manifest.pools[pool.name] as PoolDefinition;
}

/**
 * Whether an attempt continues, or is still to begin. An attempt with an outcome has ended, even if its run has not: the run may be paused,
 * or retried later.
 */
export function isOpenAttempt({ run }: RunRecord): boolean {
  return !isTerminal(run.state) && run.outcome === undefined;
}

/** @returns `undefined` if another process of the ledger recorded it first */
async function create(context: RunsContext, job: ServerJob, attempt: number, submission: JsonObject): Promise<RunRecord | undefined> {
  const { run, pool } = job;
  const { parameters } = run;
  const jobVariables = run.job_variables ?? {};
  const deployment = `${job.flow.name}/${job.deployment.name}`;
  const kept: Run = {
    id: run.id,
    name: run.name,
    stack: job.loaded.stack,
    deployment,
    workPool: pool.name,
    workQueue: run.work_queue_name ?? "default",
    parameters,
    jobVariables,
    tags: run.tags,
    attempt,
    state: state("SCHEDULED", context.now(), undefined, run.state_name ?? undefined),
    createdAt: run.created,
    version: 1,
  };
  const digest = requestDigest({ deployment, parameters, jobVariables });
  const { record, created } = await context.ledger.createRun({ run: kept, poolType: poolOf(job).type, requestDigest: digest, submission });
  if (!created) return undefined;
  // A change is synced to the disk. Without that, a power cut could lose the record of a claim, and the run would hang.
  return (await context.ledger.change(run.id, record.run.version, { owner: null })) ?? record;
}

function configurationOf(context: RunsContext, job: ServerJob, dispatcher: DispatcherName, startUp: StartUp): ValueObject {
  const { run, deployment, flow, pool, loaded } = job;
  const { blocks, variables, prefect } = loaded.manifest;
  const rendered = validateJob(
    resolveJob({
      baseJobTemplate: poolOf(job).baseJobTemplate,
      deploymentJobVariables: deployment.job_variables,
      flowRunJobVariables: run.job_variables ?? {},
      blocks,
      variables,
      env: context.env,
    }),
  );
  const prepared = prepareJob(rendered, {
    prefect: true,
    env: context.env,
    flowRun: { id: run.id, name: run.name, parameters: run.parameters, tags: run.tags },
    flow: { id: flow.id, name: flow.name },
    deployment: { id: deployment.id, name: deployment.name },
    workPool: { id: pool.id, name: pool.name },
    worker: dispatcher,
    ...(startUp === "engine" ? { defaultCommand: "python -m prefect.engine" } : {}),
    prefectEnv: { PREFECT_API_URL: prefect?.apiUrl ?? "" },
  });
  return plainJob({ ...prepared, env: { ...authOf(job), ...(prepared.env as ValueObject) } });
}

/** The API key with which the flow run reports; a secret until it is submitted. The job's own key overrides it. */
function authOf({ loaded }: ServerJob): ValueObject {
  const auth = loaded.manifest.prefect?.auth;
  if (auth === undefined) return {};
  const isAuthString =
    typeof auth === "object" && auth !== null && "reveal" in auth && String((auth as { reveal(): Json }).reveal()).includes(":");
  return { [isAuthString ? "PREFECT_API_AUTH_STRING" : "PREFECT_API_KEY"]: auth };
}
