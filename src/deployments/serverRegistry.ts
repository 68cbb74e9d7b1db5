import pLimit from "p-limit";
import type { JsonObject } from "../json";
import type { DeploymentRecord } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { type Deployment, deleteDeployment, readDeploymentByName, someDeploymentNames } from "../prefect/api/deployments";
import { listWorkPools, listWorkQueues } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { asDeclared, bringDeployment, DEPLOYMENT_FIELDS, makeDeployment } from "../prefect/declaredDeployment";
import { readBlocks, readVariables } from "../prefect/dispatch/job";
import { changedFields } from "../prefect/managedFields";
import { asGiven, type GivenSchedule, scheduleDifferences } from "../prefect/schedules";
import type { Place, PrefectYaml } from "../prefectYaml";
import { MASK } from "../secret";
import { UserError } from "../userError";
import { type Change, type DeploymentChange, differences } from "./diff";
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
      const [pools, blocks, variables] = await Promise.all([poolsFor(client, file), readBlocks(client, used), readVariables(client, used)]);
      return { pools, blocks, variables, origin };
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
      for (const name of names) await read(name);
      // One that the program declares is its resource, and not what `deploy` put there.
      const deployed = [...there].filter(([name]) => !Object.hasOwn(manifest.deployments, name));
      const known = deployed.map(([name, { work_pool_name }]) => ({ name, workPool: work_pool_name ?? "none" }));
      const others = known.length < new Set(names).size ? await someDeploymentNames(client) : [];
      return planRemoval(names, known, { declared: manifest.deployments, stack, origin, others });
    },
    remove: async (names) => {
      for (const name of names) {
        const found = there.get(name);
        if (found) await deleteDeployment(client, found.id);
      }
    },
  };
}

/** Every pool, with its queues where the file names one. */
async function poolsFor(client: Client, { deployments }: PrefectYaml): Promise<Place["pools"]> {
  const withQueue = new Set(deployments.flatMap(({ config }) => (config.work_pool?.work_queue_name ? config.work_pool.name : [])));
  const pools: Place["pools"] = {};
  for (const { name, base_job_template } of await listWorkPools(client)) {
    const queues = withQueue.has(name) ? await listWorkQueues(client, name) : [];
    pools[name] = { baseJobTemplate: base_job_template, queues: Object.fromEntries(queues.map((queue) => [queue.name, {}])) };
  }
  return pools;
}

function changeOf(record: DeploymentRecord, there: Deployment | undefined): DeploymentChange & { warnings: string[] } {
  const { name, definition } = record;
  const workPool = definition.workPool.name;
  if (!there) return { name, change: "create", workPool, changes: [], warnings: [] };
  const wanted = declaration(record);
  const { schedules, ...fields } = wanted;
  const { from, to } = schedules ? scheduleDifferences(schedules as GivenSchedule[], there.schedules) : { from: {}, to: {} };
  const changes = differences({ ...asDeclared(fields, there), schedules: from }, { ...fields, schedules: to }).map(withoutSecret);
  const left = schedules === undefined ? there.schedules.length : 0;
  return {
    name,
    change: changes.length > 0 ? "update" : "same",
    workPool,
    changes,
    warnings:
      left > 0
        ? [`the file has no schedules for it, and those on the server (${left}) go on: as with Prefect they are taken away there`]
        : [],
  };
}

/** `prefect deploy` writes a block's secret into job variables in clear: what stands there now may be one. */
function withoutSecret(change: Change): Change {
  const held = change.path.startsWith("jobVariables.env") || JSON.stringify(change.to ?? null).includes("prefect.blocks.");
  return held && change.path.startsWith("jobVariables") && change.from !== undefined ? { ...change, from: MASK } : change;
}

async function write(client: Client, wanted: JsonObject, there: Deployment | undefined): Promise<void> {
  if (!there) {
    await makeDeployment(client, wanted);
    return;
  }
  const changed = changedFields(DEPLOYMENT_FIELDS, asDeclared(wanted, there), wanted);
  await bringDeployment(client, there, wanted, changed, wanted.schedules !== undefined);
}

/**
 * Every field: what a file does not say is not so. But a pause that it does not speak of is left as someone set it on the server, and so
 * are schedules where it has none (https://docs.prefect.io/v3/deploy/infrastructure-concepts/prefect-yaml has that for no change), and a
 * parameter schema that nobody could read.
 */
function declaration({ name, definition, kept }: DeploymentRecord): JsonObject {
  const { workPool, collisionStrategy, parameterSchema, schedules } = definition;
  const grace = kept.gracePeriodSeconds;
  return {
    deploymentName: name,
    description: definition.description ?? null,
    version: kept.version ?? null,
    ...(kept.paused === undefined ? {} : { paused: kept.paused }),
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
    ...(schedules ? { schedules: asGiven(schedules as unknown as Parameters<typeof asGiven>[0]) } : {}),
  };
}
