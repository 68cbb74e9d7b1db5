import { v4 as uuid } from "uuid";
import { canonicalJson } from "../canonicalJson";
import type { Json, JsonObject, ValueObject } from "../json";
import type { RunRecord } from "../ledger";
import type { PoolDefinition } from "../manifest/manifest";
import { type FlowRun, isTerminal } from "../model/flowRun";
import { plainJob } from "../plainNumbers";
import type { RunsContext } from "../runs/context";
import { requestDigest } from "../runs/requestDigest";
import { state } from "../runs/states";
import { withoutSecrets } from "../runs/storedSecrets";
import type { Submission } from "../targets/target";
import { prepareJob, resolveJob, unlikePrefect, validateJob } from "../template";
import { transitionsOf } from "./claim";
import type { Job } from "./job";

/** Who dispatches, as Prefect names its workers. */
export interface DispatcherName {
  id: string;
  name: string;
}

/** How a flow run's process is started. */
export type StartUp =
  /** `prefect flow-run execute`, as Prefect's workers do: it pulls the code, runs the flow, and listens for a cancellation. */
  | "execute"
  /**
   * `python -m prefect.engine` at once, which is what that starts in the end: it pulls the code and runs the flow too, one Python sooner. Nobody
   * in the container listens for a cancellation, so the dispatcher stops it: the flow gets SIGTERM, is CRASHED for the moment until that is told, and its `on_cancellation` hooks are not called.
   */
  | "engine";

/**
 * Render a flow run's job and write it down with its exact submission, before anything is claimed or sent. What was begun already is taken as
 * it is; one that was only written down is rendered again, since what it is made of may be another by now.
 *
 * With the submission lies the id of the transition by which this dispatcher claims it, so that after a crash it knows its own claim again.
 * @param claims how often the run was claimed before, by anyone: its attempts are numbered by that
 * @returns `undefined` if another process of the ledger changed it meanwhile
 * @throws {UserError} naming the path of what cannot be rendered or honoured: nothing is written then
 */
export async function recordRun(
  context: RunsContext,
  job: Job,
  { dispatcher, startUp, known, claims }: { dispatcher: DispatcherName; startUp: StartUp; known: RunRecord | undefined; claims: number },
): Promise<RunRecord | undefined> {
  const { run } = job;
  const unclaimed = known !== undefined && isOpen(known) && known.run.attempt > claims;
  const attempt = unclaimed ? known.run.attempt : Math.max(known?.run.attempt ?? 0, claims) + 1;
  const planned = async (number: number) => (await planJob(context, job, { attempt: number, dispatcher, startUp })).submission;
  // The claim of an earlier process may still be on its way: it is this one's too.
  const transition = (unclaimed && transitionsOf(known)[0]) || uuid();
  const store = (submission: Submission) =>
    withoutSecrets({ ...submission, prefect: { transition } } as unknown as ValueObject, context.digestKey) as JsonObject;
  const keep = (record: RunRecord, submission: Submission) => {
    context.planned.set(`${run.id}/${record.run.attempt}`, submission);
    return record;
  };
  const submission = await planned(attempt);
  if (!known) {
    const created = await create(context, job, attempt, store(submission));
    return created && keep(created, submission);
  }
  if (unclaimed && canonicalJson(known.submission) === canonicalJson(store(submission))) return keep(known, submission);
  const next = unclaimed ? await planned(attempt + 1) : submission;
  const again = await context.ledger.change(run.id, known.run.version, {
    state: state("SCHEDULED", context.now(), `attempt ${next.attempt}`, run.state_name ?? "Scheduled"),
    nextAttempt: { submission: store(next), attempt: next.attempt },
    startedAt: null,
    endedAt: null,
    infrastructureId: null,
    outcome: null,
    owner: null,
  });
  return again && keep(again, next);
}

/** Render a flow run's job, and turn it into the exact request of one attempt. */
export async function planJob(
  context: RunsContext,
  job: Job,
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

function poolOf({ loaded, pool }: Job): PoolDefinition {
  return loaded.manifest.pools[pool.name] as PoolDefinition;
}

/** Whether an attempt goes on, or is still to begin. One with an outcome is over, though its run may not be: it was paused, or put back to be retried. */
export function isOpen({ run }: RunRecord): boolean {
  return !isTerminal(run.state) && run.outcome === undefined;
}

/** @returns `undefined` if another process of the ledger recorded it first */
async function create(context: RunsContext, job: Job, attempt: number, submission: JsonObject): Promise<RunRecord | undefined> {
  const { run, pool } = job;
  const { parameters } = run;
  const jobVariables = run.job_variables ?? {};
  const deployment = `${job.flow.name}/${job.deployment.name}`;
  const kept: FlowRun = {
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
  // A change brings it to the disk: a claim that nobody knows of after a power cut would hang.
  return (await context.ledger.change(run.id, record.run.version, { owner: null })) ?? record;
}

function configurationOf(context: RunsContext, job: Job, dispatcher: DispatcherName, startUp: StartUp): ValueObject {
  const { run, deployment, flow, pool, loaded } = job;
  const { blocks, variables, prefect } = loaded.manifest;
  const rendered = validateJob(
    resolveJob({
      baseJobTemplate: pool.base_job_template,
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

/** The key by which the flow run reports to the API, secret until it is submitted; the job's own wins over it. */
function authOf({ loaded }: Job): ValueObject {
  const auth = loaded.manifest.prefect?.auth;
  if (auth === undefined) return {};
  const isAuthString =
    typeof auth === "object" && auth !== null && "reveal" in auth && String((auth as { reveal(): Json }).reveal()).includes(":");
  return { [isAuthString ? "PREFECT_API_AUTH_STRING" : "PREFECT_API_KEY"]: auth };
}
