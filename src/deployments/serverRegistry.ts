import pLimit from "p-limit";
import type { JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { type Deployment, deleteDeployment, readDeploymentByName, someDeploymentNames } from "../prefect/api/deployments";
import { listWorkPools } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { asDeclared, bringDeployment, DEPLOYMENT_FIELDS, makeDeployment } from "../prefect/declaredDeployment";
import { readBlocks, readVariables } from "../prefect/dispatch/job";
import { changedFields } from "../prefect/managedFields";
import { asGiven } from "../prefect/schedules";
import { UserError } from "../userError";
import { type DeploymentChange, differences } from "./diff";
import type { DeploymentRegistry } from "./registry";
import { planRemoval } from "./remove";

/** How many deployments are read at a time. */
const READS = 8;

/**
 * A Prefect API. What is there is changed in place and only where it differs: a deployment that is made anew loses the runs that its
 * schedules have made. Deployments are written one by one.
 */
export function serverRegistry({ manifest, stack }: LoadedManifest, client: Client): DeploymentRegistry {
  const origin = `the Prefect API at ${client.connection.apiUrl}`;
  const there = new Map<string, Deployment>();
  const read = async (name: string) => {
    const found = await readDeploymentByName(client, name);
    if (found) there.set(name, found);
    return found;
  };
  return {
    stack,
    name: origin,
    declared: new Set(Object.keys(manifest.deployments)),
    place: async (file) => {
      const used = file.deployments.map(({ config }) => config as JsonObject);
      const [pools, blocks, variables] = await Promise.all([listWorkPools(client), readBlocks(client, used), readVariables(client, used)]);
      const byName = Object.fromEntries(pools.map((pool) => [pool.name, { baseJobTemplate: pool.base_job_template }]));
      return { pools: byName, listsQueues: false, blocks, variables, origin };
    },
    schedules: true,
    imports: true,
    compare: (records) => {
      const atATime = pLimit(READS);
      return Promise.all(records.map((record) => atATime(async () => changeOf(record, await read(record.name)))));
    },
    shown: declaration,
    write: async (records) => {
      const done: string[] = [];
      for (const record of records) {
        try {
          await write(client, declaration(record), there.get(record.name));
        } catch (error) {
          if (!(error instanceof UserError) || done.length === 0) throw error;
          throw new UserError(`${error.message}. Deployed before it: ${done.join(", ")}`, error.exitCode);
        }
        done.push(record.name);
      }
    },
    planRemoval: async (names) => {
      // What the program declares is there too, and stays.
      for (const name of names) if (!Object.hasOwn(manifest.deployments, name)) await read(name);
      const known = [...there].map(([name, { work_pool_name }]) => ({ name, workPool: work_pool_name ?? "none" }));
      const others = known.length < new Set(names).size ? await someDeploymentNames(client) : [];
      return planRemoval(names, known, { declared: manifest.deployments, stack, origin, others });
    },
    remove: async (names) => {
      for (const name of names) await deleteDeployment(client, (there.get(name) as Deployment).id);
    },
  };
}

function changeOf(record: DeploymentRecord, there: Deployment | undefined): DeploymentChange {
  const { name, definition } = record;
  const workPool = definition.workPool.name;
  if (!there) return { name, change: "create", workPool, changes: [] };
  const wanted = declaration(record);
  const changes = differences(asDeclared(wanted, there), wanted);
  return { name, change: changes.length > 0 ? "update" : "same", workPool, changes };
}

async function write(client: Client, wanted: JsonObject, there: Deployment | undefined): Promise<void> {
  if (!there) {
    await makeDeployment(client, wanted);
    return;
  }
  await bringDeployment(client, there, wanted, changedFields(DEPLOYMENT_FIELDS, asDeclared(wanted, there), wanted), true);
}

/** Every field: what a file does not say is not so. But a parameter schema that nobody could read is left as it is. */
function declaration({ name, definition, kept }: DeploymentRecord): JsonObject {
  const { workPool, collisionStrategy, parameterSchema } = definition;
  const grace = kept.gracePeriodSeconds;
  return {
    deploymentName: name,
    description: definition.description ?? null,
    version: kept.version ?? null,
    paused: kept.paused ?? false,
    workPoolName: workPool.name,
    workQueueName: workPool.queue ?? "default",
    entrypoint: definition.entrypoint ?? null,
    path: null,
    pullSteps: definition.pullSteps ?? [],
    parameters: definition.parameters ?? {},
    ...(parameterSchema ? { parameterSchema } : {}),
    enforceParameterSchema: definition.enforceParameterSchema ?? true,
    jobVariables: (workPool.jobVariables ?? {}) as JsonObject,
    tags: definition.tags ?? [],
    concurrencyLimit: definition.concurrencyLimit ?? null,
    concurrencyOptions: collisionStrategy
      ? { collision_strategy: collisionStrategy, ...(grace === undefined ? {} : { grace_period_seconds: grace }) }
      : null,
    schedules: asGiven((definition.schedules ?? []) as unknown as Parameters<typeof asGiven>[0]),
  };
}
