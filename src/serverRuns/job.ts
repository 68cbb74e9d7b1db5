import type { Json, JsonObject } from "../json";
import { type LoadedManifest, serverTemplate } from "../manifest";
import { MANIFEST_KIND, MANIFEST_VERSION, type PoolDefinition } from "../manifest/manifest";
import { readDeployment, readFlow, type ServerDeployment, type ServerFlow } from "../prefect/api/deployments";
import type { ServerRun } from "../prefect/api/flowRuns";
import { readWorkPool, type WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { type ReferencedBlocks, readBlocks, readVariables, referencedIds } from "../prefect/referenced";
import { oneLine } from "../shown";
import { asPoolType } from "../targets/pushType";
import { credentialsVariable } from "../template";
import { UserError } from "../userError";

/** Everything on the server from which a flow run is rendered. */
export interface ServerJob {
  run: ServerRun;
  deployment: ServerDeployment;
  flow: ServerFlow;
  pool: WorkPool;
  /** The same in the form of a manifest, with the blocks and variables that the job names. Rendering and submitting use it. */
  loaded: LoadedManifest;
}

/** The endpoints and the time limit of a pool, by the pool's name. */
export type PoolsBeside = (pool: string) => Pick<PoolDefinition, "endpoints" | "timeoutSeconds">;

/**
 * Read everything that a flow run needs from the server.
 * @param stack the stack of these runs in the ledger
 * @param beside the settings of a pool that only the manifest has, not the server
 * @throws {UserError} if its deployment, its pool, or a block that it names no longer exists
 */
export async function readJob(client: Client, run: ServerRun, stack: string, beside: PoolsBeside = () => ({})): Promise<ServerJob> {
  const gone = (what: string) => new UserError(`flow run ${oneLine(run.name)} (${run.id}): its ${what} no longer exists`);
  if (run.deployment_id === null)
    throw new UserError(`flow run ${oneLine(run.name)} (${run.id}) has no deployment, so it cannot be started`);
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
        // The server applies pauses and limits itself, before it offers its runs.
        pools: {
          [pool.name]: {
            ...(endpoints ? { endpoints } : {}),
            ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
            type,
            baseJobTemplate: serverTemplate(pool.name, pool.base_job_template),
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
 * The block for submitting runs: the one to which the credentials variable of the template refers, after the merge.
 * @param used the template, the deployment's job variables, the run's job variables
 */
function credentialsOf(variable: string | undefined, [template, ...jobVariables]: Json[], blocks: ReferencedBlocks): string | undefined {
  if (variable === undefined) return undefined;
  const properties = ((template as JsonObject | undefined)?.variables as JsonObject | undefined)?.properties as JsonObject | undefined;
  const standard = (properties?.[variable] as JsonObject | undefined)?.default;
  const chosen = [standard, ...jobVariables.map((variables) => (variables as JsonObject | null)?.[variable])].findLast(
    (value) => value !== undefined,
  );
  const [id] = referencedIds(chosen ?? null);
  return Object.entries(blocks).find(([, block]) => block.id === id && block.missing === undefined)?.[0];
}
