import { v5 as derived, v4 as uuid } from "uuid";
import type { Json, JsonObject, ValueObject } from "../../json";
import type { RunRecord } from "../../ledger";
import type { RunsContext } from "../../runs/context";
import { isTerminal, type FlowRun as Kept } from "../../runs/flowRun";
import { requestDigest } from "../../runs/requestDigest";
import { state } from "../../runs/states";
import { withoutSecrets } from "../../runs/storedSecrets";
import { prepareJob, resolveJob, validateJob } from "../../template";
import type { FlowRunState } from "../api/flowRuns";
import type { Job } from "./job";

/** Who dispatches, as Prefect names its workers. */
export interface Dispatcher {
  id: string;
  name: string;
}

/** How a flow run's process is started. */
export type StartUp =
  /** `prefect flow-run execute`, as Prefect's workers do: it pulls the code, runs the flow, and listens for a cancellation. */
  | "execute"
  /** `python -m prefect.engine` at once: 2 to 3 seconds sooner; pull steps are not run. */
  | "engine";

/**
 * Render a flow run's job and write it down with its exact submission, before anything is claimed or sent. One that is in the ledger
 * already is taken as it is, unless it has ended there: the server has scheduled it again, and it gets another attempt.
 *
 * With the submission lies the id of the transition by which this dispatcher claims it, so that after a crash it knows its own claim again.
 * @throws {UserError} naming the path of what cannot be rendered or honoured: nothing is written then
 */
export async function recordRun(context: RunsContext, job: Job, dispatcher: Dispatcher, startUp: StartUp): Promise<RunRecord> {
  const { run, pool } = job;
  const known = await context.ledger.read(run.id);
  // An attempt with an outcome is over, though the run is not: it was paused, or put back to be retried.
  if (known && !isTerminal(known.run.state) && known.run.outcome === undefined) return known;
  const attempt = (known?.run.attempt ?? 0) + 1;
  const poolType = job.loaded.manifest.pools[pool.name]?.type;
  if (poolType === undefined) throw new Error(`no pool ${pool.name}`);
  const target = await context.target({ poolType, run: { stack: job.loaded.stack, workPool: pool.name } });
  const submission = target.plan(configurationOf(context, job, dispatcher, startUp), {
    id: run.id,
    attempt,
    pool: pool.name,
    timeoutSeconds: job.loaded.manifest.pools[pool.name]?.timeoutSeconds ?? null,
  });
  const stored = withoutSecrets(
    { ...submission, prefect: { transition: uuid() } } as unknown as ValueObject,
    context.digestKey,
  ) as JsonObject;
  const now = context.now();
  if (known) {
    const again = await context.ledger.change(run.id, known.run.version, {
      state: state("SCHEDULED", now, `attempt ${attempt}`, run.state?.name ?? "Scheduled"),
      nextAttempt: { submission: stored },
      startedAt: null,
      endedAt: null,
      infrastructureId: null,
      outcome: null,
      owner: null,
    });
    if (!again) throw new Error(`flow run ${run.id} was changed in the ledger meanwhile`);
    context.planned.set(`${run.id}/${attempt}`, submission);
    return again;
  }
  const parameters = run.parameters;
  const jobVariables = run.job_variables ?? {};
  const deployment = `${job.flow.name}/${job.deployment.name}`;
  const kept: Kept = {
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
    state: state("SCHEDULED", now, undefined, run.state?.name),
    createdAt: run.created,
    version: 1,
  };
  const digest = requestDigest({ deployment, parameters, jobVariables });
  const { record } = await context.ledger.createRun({ run: kept, poolType, requestDigest: digest, submission: stored });
  context.planned.set(`${run.id}/${attempt}`, submission);
  return record;
}

/** The id of the transition by which this ledger claims the present attempt. */
export function transitionOf({ submission }: RunRecord): string | undefined {
  const prefect = submission.prefect as { transition?: Json } | undefined;
  return typeof prefect?.transition === "string" ? prefect.transition : undefined;
}

/** The ids of the transitions that follow the claim: derived from it, so that they are known again as well. */
export function followingTransition(claim: string | undefined, name: "Submitting" | "InfrastructurePending"): string | undefined {
  return claim === undefined ? undefined : derived(name, claim);
}

/** Whether a state on the server was written by this attempt's claim, or by what this dispatcher did next. */
export function isOwnClaim(state: FlowRunState | undefined, record: RunRecord): boolean {
  const claim = transitionOf(record);
  const transition = state?.state_details?.transition_id;
  if (claim === undefined || transition === undefined || transition === null || state?.type !== "PENDING") return false;
  return [claim, followingTransition(claim, "Submitting"), followingTransition(claim, "InfrastructurePending")].includes(transition);
}

function configurationOf(context: RunsContext, job: Job, dispatcher: Dispatcher, startUp: StartUp): ValueObject {
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
  return { ...prepared, env: { ...authOf(job), ...(prepared.env as ValueObject) } };
}

/** The key by which the flow run reports to the API, secret until it is submitted; the job's own wins over it. */
function authOf({ loaded }: Job): ValueObject {
  const auth = loaded.manifest.prefect?.auth;
  if (auth === undefined) return {};
  const isAuthString =
    typeof auth === "object" && auth !== null && "reveal" in auth && String((auth as { reveal(): Json }).reveal()).includes(":");
  return { [isAuthString ? "PREFECT_API_AUTH_STRING" : "PREFECT_API_KEY"]: auth };
}
