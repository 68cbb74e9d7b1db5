import { randomUUID } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../json";
import type { ServerDeployment } from "../prefect/api/deployments";
import { createFlowRunOnPool, filterFlowRuns, type ServerRun } from "../prefect/api/flowRuns";
import { listWorkPools, listWorkQueues, readWorkPool, type WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { noSuchPool, refusePaused } from "../runs/namedPool";
import type { RunRequest } from "../runs/plan";
import { oneLine } from "../shown";
import { checkJobVariables, checkRequiredVariables, layered, unusedVariables } from "../template";
import { UserError } from "../userError";

/** The work pool that a request names, and its queue for the run. */
export interface NamedPool {
  pool: WorkPool;
  queue: string;
  /** Warnings about the deployment's job variables, for the user. */
  warnings: string[];
}

/**
 * Look up the work pool that a request names instead of the deployment's. The run gets that pool's queue of the same name as the deployment's
 * queue, else its default queue.
 *
 * A Prefect server checks nothing of a run that it did not derive from its deployment. So the deployment's job variables are checked here.
 * @param given the run's own job variables
 * @throws {UserError} if it does not exist, is paused, or does not accept the deployment's job variables
 */
export async function namedPool(
  client: Client,
  { workPool, deployment: name, idempotencyKey }: { workPool: string; deployment: string; idempotencyKey: string | undefined },
  deployment: ServerDeployment,
  given: (pool: WorkPool) => JsonObject,
): Promise<NamedPool> {
  const pool = await readWorkPool(client, workPool);
  if (!pool)
    throw noSuchPool(
      workPool,
      client.connection.apiUrl,
      (await listWorkPools(client)).map((one) => one.name),
    );
  if (pool.is_paused && !(await isRepeated(client, deployment, idempotencyKey))) refusePaused(pool.name, pool.is_paused);
  const own = deployment.work_queue_name ?? "default";
  if (pool.name === deployment.work_pool_name) return { pool, queue: own, warnings: [] };
  const { base_job_template: template } = pool;
  const { job_variables: jobVariables } = deployment;
  if (Object.keys(template).length > 0) {
    checkJobVariables(template, jobVariables, `deployments.${name}.workPool.jobVariables`, "pass");
    checkRequiredVariables(template, layered({}, [jobVariables, given(pool)]), "job variable");
  }
  const queues = own === "default" ? [] : await listWorkQueues(client, pool.name);
  return {
    pool,
    queue: queues.some((queue) => queue.name === own) ? own : "default",
    warnings: unusedVariables(pool.name, template, jobVariables),
  };
}

/** Whether the key already has a run: the server returns it for a repeated request, and starts nothing. */
async function isRepeated(client: Client, { id }: ServerDeployment, key: string | undefined): Promise<boolean> {
  if (key === undefined) return false;
  const filter = { flow_runs: { idempotency_key: { any_: [key] }, deployment_id: { any_: [id] } }, limit: 1 };
  return (await filterFlowRuns(client, filter)).length > 0;
}

/**
 * Create a run of a deployment on another work pool. The server's own request for the runs of a deployment accepts no work pool, so this
 * request contains everything itself.
 * @throws {UserError} if the server is too old for it, or if only the server could fill in the parameters (exit code 2)
 */
export async function createOnNamedPool(
  client: Client,
  name: string,
  deployment: ServerDeployment,
  { pool, queue }: NamedPool,
  { request, jobVariables }: { request: RunRequest; jobVariables: JsonObject },
): Promise<{ run: ServerRun; created: boolean }> {
  const parameters = { ...deployment.parameters, ...request.parameters };
  const left = Object.entries(parameters).find(([, value]) => isFilledByServer(value));
  if (left)
    throw new UserError(
      `--pool "${oneLine(request.workPool ?? "")}": the Prefect server fills in parameter "${oneLine(left[0])}" of deployment "${name}" only on the deployment's own work pool: give the parameter a value, as -p ${oneLine(left[0])}=VALUE`,
    );
  const made = await createFlowRunOnPool(
    client,
    deployment,
    {
      idempotency_key: request.idempotencyKey ?? randomUUID(),
      ...(request.name === undefined ? {} : { name: request.name }),
      parameters,
      job_variables: jobVariables,
      tags: [...new Set([...deployment.tags, ...(request.tags ?? [])])],
      work_pool_name: pool.name,
      work_queue_name: queue === "default" ? null : queue,
    },
    `flow run of "${name}"`,
  );
  if (!made)
    throw new UserError(
      `--pool "${pool.name}": the Prefect server at ${client.connection.apiUrl} is too old to run deployment "${name}" on another work pool than "${deployment.work_pool_name}". Nothing was sent; upgrade the server, or deploy to work pool "${pool.name}"`,
    );
  return made;
}

/**
 * The server returns the run of a known key, whatever the request contains.
 * @throws {UserError} if that run is on another work pool
 */
export function refuseOtherPool({ id, name, work_pool_name: workPool }: ServerRun, key: string | undefined, wanted: string): void {
  if (workPool === wanted) return;
  throw new UserError(
    `--idempotency-key "${key}" was already used for run ${oneLine(name)} (${id}) on work pool "${workPool}": nothing was sent. Use another key, or repeat the request exactly`,
  );
}

/** Whether a parameter is a template or a variable of the server: an object with `__prefect_kind`, at any depth. */
function isFilledByServer(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some(isFilledByServer);
  if (!isJsonObject(value)) return false;
  return Object.hasOwn(value, "__prefect_kind") || Object.values(value).some(isFilledByServer);
}
