import type { Json, JsonObject } from "../json";
import type { LoadedManifest } from "../manifest";
import { MANIFEST_KIND, MANIFEST_VERSION, type PoolDefinition } from "../manifest/manifest";
import { type Flow, readDeployment, readFlow, type ServerDeployment } from "../prefect/api/deployments";
import type { ServerRun } from "../prefect/api/flowRuns";
import { readWorkPool, type WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { type Blocks, readBlocks, readVariables, referencedIds } from "../prefect/referenced";
import { oneLine } from "../shown";
import { asPoolType } from "../targets/pushType";
import { credentialsVariable } from "../template";
import { UserError } from "../userError";

/** Everything on the server that a flow run is rendered from. */
export interface Job {
  run: ServerRun;
  deployment: ServerDeployment;
  flow: Flow;
  pool: WorkPool;
  /** The same as a manifest, with the blocks and variables that the job names. Rendering and submitting work with it. */
  loaded: LoadedManifest;
}

/** Where a pool's cloud is, and how long its runs may take, by the pool's name. */
export type PoolsBeside = (pool: string) => Pick<PoolDefinition, "endpoints" | "timeoutSeconds">;

/**
 * Read what a flow run needs from the server.
 * @param stack the stack that the ledger keeps its runs under
 * @param beside what the manifest says about a pool and the server does not keep
 * @throws {UserError} if its deployment, its pool, or a block that it names is gone
 */
export async function readJob(client: Client, run: ServerRun, stack: string, beside: PoolsBeside = () => ({})): Promise<Job> {
  const gone = (what: string) => new UserError(`flow run ${oneLine(run.name)} (${run.id}): its ${what} is gone`);
  if (run.deployment_id === null)
    throw new UserError(`flow run ${oneLine(run.name)} (${run.id}) is of no deployment: there is nothing to start it by`);
  if (run.work_pool_name === null) throw gone("work pool");
  const [deployment, flow, pool] = await Promise.all([
    readDeployment(client, run.deployment_id),
    readFlow(client, run.flow_id),
    readWorkPool(client, run.work_pool_name),
  ]);
  if (!deployment) throw gone("deployment");
  if (!flow) throw gone("flow");
  if (!pool) throw gone(`work pool "${run.work_pool_name}"`);
  const { apiUrl, auth } = client.connection;
  const type = asPoolType(pool.type, pool.name);
  const used: Json[] = [pool.base_job_template, deployment.job_variables, run.job_variables ?? {}];
  const [blocks, variables] = await Promise.all([readBlocks(client, used), readVariables(client, used)]);
  const credentials = credentialsOf(credentialsVariable(type), used, blocks);
  const { endpoints, timeoutSeconds } = beside(pool.name);
  const [project = "prefect", stackName = "server"] = stack.split("/");
  return {
    run,
    deployment,
    flow,
    pool,
    loaded: {
      stack,
      origin: `the Prefect API at ${apiUrl}`,
      manifest: {
        kind: MANIFEST_KIND,
        version: MANIFEST_VERSION,
        source: { project, stack: stackName },
        // The server itself heeds pauses and limits when it gives its runs away.
        pools: {
          [pool.name]: {
            ...(endpoints ? { endpoints } : {}),
            ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
            type,
            baseJobTemplate: pool.base_job_template,
            ...(credentials === undefined ? {} : { credentials }),
          },
        },
        blocks,
        variables,
        deployments: {},
        prefect: { apiUrl, ...(auth ? { auth } : {}) },
      },
    },
  };
}

/**
 * The block that runs are submitted with: what the template's credentials variable refers to, as merged.
 * @param used template, the deployment's job variables, the run's
 */
function credentialsOf(variable: string | undefined, [template, ...jobVariables]: Json[], blocks: Blocks): string | undefined {
  if (variable === undefined) return undefined;
  const properties = ((template as JsonObject | undefined)?.variables as JsonObject | undefined)?.properties as JsonObject | undefined;
  const standard = (properties?.[variable] as JsonObject | undefined)?.default;
  const chosen = [standard, ...jobVariables.map((variables) => (variables as JsonObject | null)?.[variable])].findLast(
    (value) => value !== undefined,
  );
  const [id] = referencedIds(chosen ?? null);
  return Object.entries(blocks).find(([, block]) => block.id === id && block.missing === undefined)?.[0];
}
