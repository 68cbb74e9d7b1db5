import type { JsonObject } from "../json";
import type { DeploymentInManifest } from "../manifest/manifest";
import { flowNames, listDeployments, readDeploymentByName, type ServerDeployment } from "../prefect/api/deployments";
import { filterFlowRuns, type ServerRun } from "../prefect/api/flowRuns";
import { readWorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { shownRun } from "../serverRuns/followOnServer";
import { runLine } from "./commandLines";
import { type KnownDeployment, nextOf, recent, scheduleInfos, variablesOf } from "./deploymentFacts";
import type { DeploymentDetail, DeploymentRow, RecentRun } from "./wire";

/** The most deployments that are listed. */
const MAX_DEPLOYMENTS = 1_000;
/** How many runs are read to find the recent ones of all deployments. */
const RECENT = 200;

/** The deployments of a Prefect server, by name. */
export async function serverDeployments(client: Client): Promise<DeploymentRow[]> {
  const found = await listDeployments(client, MAX_DEPLOYMENTS);
  const flows = await flowNames(client, [...new Set(found.map(({ flow_id }) => flow_id))]);
  const runs = await recentRuns(client, {}, RECENT);
  const byDeployment = Map.groupBy(runs, ({ deployment_id }) => deployment_id);
  return found
    .map((one) => rowOf(`${flows.get(one.flow_id) ?? "?"}/${one.name}`, one, byDeployment.get(one.id) ?? []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One deployment of a Prefect server; `undefined` if it has none of that name. */
export async function serverDeployment(
  client: Client,
  name: string,
  prefectUrl: (path: string) => string | undefined,
): Promise<DeploymentDetail | undefined> {
  const found = await readDeploymentByName(client, name);
  if (!found) return undefined;
  const [runs, pool] = await Promise.all([
    recentRuns(client, { deployments: { id: { any_: [found.id] } } }, 50),
    found.work_pool_name === null ? undefined : readWorkPool(client, found.work_pool_name),
  ]);
  const { id: _, flow_id: __, parameter_openapi_schema: schema, schedules: ___, ...definition } = found;
  const url = prefectUrl(`/deployments/deployment/${found.id}`);
  return {
    ...rowOf(name, found, runs),
    recentRuns: runs.map(shown),
    definition: definition as unknown as DeploymentDetail["definition"],
    parameterSchema: schema as DeploymentDetail["parameterSchema"],
    defaults: found.parameters as DeploymentDetail["defaults"],
    tags: found.tags,
    scheduleList: scheduleInfos(knownOf(name, found), Date.now()),
    poolVariables: pool === undefined ? [] : variablesOf(pool.base_job_template, found.job_variables),
    ...(url === undefined ? {} : { prefectUrl: url }),
    commands: { run: runLine({ deployment: name }) },
  };
}

async function recentRuns(client: Client, filter: JsonObject, limit: number): Promise<ServerRun[]> {
  // Not what schedules will create later.
  const due = { flow_runs: { expected_start_time: { before_: new Date(Date.now() + 5_000).toISOString() } } };
  return filterFlowRuns(client, { ...filter, ...due, sort: "EXPECTED_START_TIME_DESC", limit });
}

function rowOf(name: string, found: ServerDeployment, runs: readonly ServerRun[]): DeploymentRow {
  const schedules = scheduleInfos(knownOf(name, found), Date.now());
  const next = found.paused ? undefined : nextOf(schedules);
  return {
    name,
    workPool: found.work_pool_name ?? "",
    ...(schedules.length === 0 ? {} : { paused: found.paused || schedules.every(({ active }) => !active) }),
    schedules: schedules.length,
    ...(next === undefined ? {} : { nextRun: next }),
    lastRuns: runs.slice(0, 30).map(shown),
    from: "server",
    ...(found.work_pool_name === null ? { error: "it has no work pool" } : {}),
  };
}

function knownOf(name: string, { schedules }: ServerDeployment): KnownDeployment {
  const definition = { workPool: { name: "" }, schedules } as unknown as DeploymentInManifest;
  return { name, definition, from: "server", kept: {}, deployedAt: undefined };
}

function shown(run: ServerRun): RecentRun {
  return recent(shownRun(run, { deployment: "", stack: "", workPool: "" }));
}
