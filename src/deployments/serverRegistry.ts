import pLimit from "p-limit";
import { spellings } from "../deploymentName";
import type { Json, JsonObject } from "../json";
import type { DeploymentRecord, Ledger } from "../ledger";
import type { LoadedManifest } from "../manifest";
import { deleteOwnedAutomations } from "../prefect/api/automations";
import {
  deleteDeployment,
  flowNames,
  listDeployments,
  readDeploymentByName,
  type ServerDeployment,
  someDeploymentNames,
} from "../prefect/api/deployments";
import { listWorkPools, listWorkQueues } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { asDeclared } from "../prefect/declaredDeployment";
import { readBlocks, readVariables } from "../prefect/referenced";
import { renameFaults, scheduleDifferences } from "../prefect/serverSchedules";
import type { DeployPlace, PrefectYaml } from "../prefectYaml";
import { toProgram } from "../schedules";
import { MASK } from "../secret";
import { type Change, differences } from "./deploymentDiff";
import { fileOrigin } from "./fileOrigin";
import type { Comparison, DeploymentRegistry, ToDeploy } from "./registry";
import { planRemoval } from "./remove";
import { serverAutomations } from "./serverAutomations";
import { declaration, wantedOf, wholeSchedules } from "./serverDeclaration";
import { type DeploymentWrite, writeSteps } from "./serverWrite";
import { ownerOf } from "./writeAutomations";

/** How many deployments to read at a time. */
const READS = 8;
/** How many of a server's deployments to search for those that came from a file. */
const MAX_SEARCHED = 2_000;
/** The label that names the file from which a deployment came. */
const FILE_LABEL = "pushpool.file";

/**
 * The registry of a Prefect API. It changes existing deployments in place, and only where they differ: creating one again would delete the
 * scheduled runs. It writes deployments one by one.
 *
 * @param ledger notes what was deployed from this workspace, and from which file
 */
export function serverRegistry(
  { manifest, stack }: LoadedManifest,
  client: Client,
  ledger?: Ledger,
  env: NodeJS.ProcessEnv = {},
): DeploymentRegistry {
  const { apiUrl, auth, isCloud } = client.connection;
  const key = auth === undefined ? undefined : String(auth.reveal());
  const origin = `the Prefect API at ${apiUrl}`;
  // No stack can have this name. All stacks with this API share its notes.
  const noted = `prefect ${apiUrl}`;
  const there = new Map<string, ServerDeployment>();
  const before = new Map<string, DeploymentRecord>();
  const queues = new Map<string, ReadonlySet<string>>();
  const automations = serverAutomations(client);
  const read = async (name: string) => {
    const found = await readDeploymentByName(client, name);
    if (found) there.set(name, found);
    return found;
  };
  const stepOf = (record: ToDeploy): DeploymentWrite => {
    const { name, definition, file } = record;
    const found = there.get(name);
    const triggered = automations.writeOf(name);
    const { name: pool, queue } = definition.workPool;
    const { fields, schedules } = found
      ? wantedOf(record, found, before.get(name))
      : { fields: declaration(record), schedules: wholeSchedules(record) };
    return {
      name,
      wanted: fields,
      ...(schedules ? { schedules } : {}),
      ...(found ? { there: found } : {}),
      labels: { [FILE_LABEL]: fileOrigin(file, env) },
      makesQueue: queue !== undefined && queues.get(pool)?.has(queue) === false,
      ...(triggered ? { automations: triggered } : {}),
      ...(isCloud && record.said.sla ? { slas: slasIn(record) } : {}),
    };
  };
  return {
    stack,
    name: origin,
    declared: new Set(Object.keys(manifest.deployments)),
    place: async (file) => {
      const { build, push } = file.actions;
      const used: Json[] = [...file.deployments.map(({ config }) => config as JsonObject), build, push];
      const [pools, blocks, variables] = await Promise.all([poolsFor(client, file), readBlocks(client, used), readVariables(client, used)]);
      for (const [name, pool] of Object.entries(pools)) if (pool.queues) queues.set(name, new Set(Object.keys(pool.queues)));
      return { pools, blocks, variables, origin };
    },
    prefectEnv: {
      PREFECT_API_URL: apiUrl,
      ...(key === undefined ? {} : { [key.includes(":") ? "PREFECT_API_AUTH_STRING" : "PREFECT_API_KEY"]: key }),
    },
    versions: isCloud ? "info" : "text",
    schedules: true,
    automations: true,
    slas: isCloud,
    imports: true,
    compare: async (records) => {
      for (const record of (await ledger?.deployments(
        noted,
        records.map(({ name }) => name),
      )) ?? [])
        before.set(record.name, record);
      const atATime = pLimit(READS);
      await Promise.all(records.map(({ name }) => atATime(() => read(name))));
      await automations.read(records, there);
      return records.map((record) => {
        const [found, last] = [there.get(record.name), before.get(record.name)];
        return automations.compare(record, changeOf(record, found, last, isCloud), found?.id, last);
      });
    },
    shown: (record) => {
      const { wanted, schedules, slas } = stepOf(record);
      const own = automations.shown(record, there.get(record.name)?.id);
      return {
        ...wanted,
        ...(schedules ? { schedules: schedules.map(toProgram) } : {}),
        ...(own.length > 0 ? { automations: own } : {}),
        ...(slas ? { slas } : {}),
      };
    },
    write: async (records, { unchanged, allOrNothing }) => {
      const refused = await writeSteps(client, records.map(stepOf), allOrNothing);
      const failed = new Set(refused.map(({ name }) => name));
      const written = allOrNothing && refused.length > 0 ? [] : [...records, ...unchanged].filter(({ name }) => !failed.has(name));
      const put = written.map(({ said: _, ...record }) => {
        const ids = automations.idsOf(record.name);
        return ids.length > 0 ? { ...record, kept: { ...record.kept, automations: ids } } : record;
      });
      await ledger?.changeDeployments(noted, { put });
      return refused;
    },
    cameFrom: async (file) => {
      const notes = ((await ledger?.deployments(noted)) ?? []).filter((record) => record.file === file).map(({ name }) => name);
      const known = await Promise.all(notes.map(async (name) => ((await read(name)) ? [name] : [])));
      const label = fileOrigin(file, env);
      const labelled = (await listDeployments(client, MAX_SEARCHED)).filter(({ labels }) => labels?.[FILE_LABEL] === label);
      const flows = await flowNames(client, [...new Set(labelled.map(({ flow_id }) => flow_id))]);
      return [...new Set([...known.flat(), ...labelled.map(({ flow_id, name }) => `${flows.get(flow_id)}/${name}`)])].sort();
    },
    planRemoval: async (names) => {
      for (const name of names) {
        const [exact, other] = spellings(name);
        if (!(await read(exact))) await read(other);
      }
      // A deployment that the program declares belongs to its resource, not to `deploy`.
      const deployed = [...there].filter(([name]) => !Object.hasOwn(manifest.deployments, name));
      const known = deployed.map(([name, { work_pool_name }]) => ({ name, workPool: work_pool_name ?? "none" }));
      const others = known.length < new Set(names).size ? await someDeploymentNames(client) : [];
      return planRemoval(names, known, { declared: manifest.deployments, stack, origin, others });
    },
    remove: async (names) => {
      for (const name of names) {
        const found = there.get(name);
        if (!found) continue;
        // First: without their deployment, nothing would find them again.
        await deleteOwnedAutomations(client, ownerOf(found.id));
        await deleteDeployment(client, found.id);
      }
      await ledger?.changeDeployments(noted, { remove: names });
    },
  };
}

/** All pools, and their queues if the file names any. */
async function poolsFor(client: Client, { deployments }: PrefectYaml): Promise<DeployPlace["pools"]> {
  const withQueue = new Set(deployments.flatMap(({ config }) => (config.work_pool?.work_queue_name ? config.work_pool.name : [])));
  const pools: DeployPlace["pools"] = {};
  for (const { name, base_job_template } of await listWorkPools(client)) {
    const queues = withQueue.has(name) ? { queues: await queuesOf(client, name) } : {};
    pools[name] = { baseJobTemplate: base_job_template, ...queues };
  }
  return pools;
}

async function queuesOf(client: Client, pool: string): Promise<Record<string, object>> {
  return Object.fromEntries((await listWorkQueues(client, pool)).map(({ name }) => [name, {}]));
}

/** @param takesSlas whether the API has service level agreements. It cannot list them, so what was deployed last counts. */
function changeOf(
  record: ToDeploy,
  there: ServerDeployment | undefined,
  before: DeploymentRecord | undefined,
  takesSlas: boolean,
): Comparison {
  const { name, definition } = record;
  const workPool = definition.workPool.name;
  if (!there) return { name, change: "create", workPool, changes: [], warnings: [] };
  const { fields, schedules: given, left } = wantedOf(record, there, before);
  const [problem] = given ? renameFaults(given, there.schedules) : [];
  const { from, to } = given ? scheduleDifferences(given, there.schedules) : { from: {}, to: {} };
  const [had, has] = takesSlas && record.said.sla ? [{ sla: before ? slasIn(before) : [] }, { sla: slasIn(record) }] : [{}, {}];
  const changes = differences({ ...asDeclared(fields, there), ...had, schedules: from }, { ...fields, ...has, schedules: to }).map(
    withoutSecret,
  );
  const going = given === undefined ? there.schedules.length : 0;
  return {
    name,
    change: changes.length > 0 ? "update" : "same",
    workPool,
    changes,
    warnings: [
      ...(going > 0 ? [`the file sets no schedules, so those on the server (${going}) stay: \`schedules: []\` removes them`] : []),
      ...(left.length > 0 ? [`the file does not set ${left.join(", ")}: the server's values stay`] : []),
    ],
    ...(problem === undefined ? {} : { problem }),
  };
}

/** The service level agreements of a deployment, as they are sent. */
function slasIn({ kept }: DeploymentRecord): JsonObject[] {
  return Array.isArray(kept.sla) ? (kept.sla as JsonObject[]) : [];
}

/** `prefect deploy` writes a block's secret into job variables as plain text: the server's value may be one. */
function withoutSecret(change: Change): Change {
  const held = change.path.startsWith("jobVariables.env") || JSON.stringify(change.to ?? null).includes("prefect.blocks.");
  return held && change.path.startsWith("jobVariables") && change.from !== undefined ? { ...change, from: MASK } : change;
}
