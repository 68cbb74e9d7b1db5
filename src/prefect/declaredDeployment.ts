import { sameJson } from "../canonicalJson";
import type { Json, JsonObject } from "../json";
import type { DeclaredSchedule } from "../schedules";
import {
  createDeployment,
  createSchedules,
  deleteSchedule,
  ensureFlow,
  patchDeployment,
  patchSchedule,
  readDeployment,
  type ServerDeployment,
} from "./api/deployments";
import { isBefore32 } from "./api/server";
import type { Client } from "./client";
import { changeOf, longTexts, type ManagedFields, refreshed } from "./managedFields";
import { scheduleSteps, toApi } from "./serverSchedules";

/**
 * Prefect ignores empty job variables in a change and keeps the old ones. An empty `env` replaces them, and means nothing in any template.
 */
const NO_JOB_VARIABLES: JsonObject = { env: {} };
const isNone = (value: Json) => JSON.stringify(value ?? {}) === "{}" || JSON.stringify(value) === JSON.stringify(NO_JOB_VARIABLES);

/** How a declared deployment's fields map to the API's. The `deploymentName` (FLOW/DEPLOYMENT) is not one of them. */
export const DEPLOYMENT_FIELDS: ManagedFields = {
  description: { api: "description", reset: null },
  version: { api: "version", reset: null },
  // Prefect Cloud stores it with each version, and does not return it.
  versionInfo: { api: "version_info", reset: null, same: () => true },
  paused: { api: "paused", reset: false },
  workPoolName: { api: "work_pool_name", reset: null },
  workQueueName: { api: "work_queue_name", reset: "default" },
  entrypoint: { api: "entrypoint", reset: null },
  path: { api: "path", reset: null },
  // The server returns `null` or the given value for no steps.
  pullSteps: { api: "pull_steps", reset: [], same: (given, there) => sameJson(given ?? [], there ?? []) },
  parameters: { api: "parameters", reset: {} },
  parameterSchema: { api: "parameter_openapi_schema", reset: {} },
  enforceParameterSchema: { api: "enforce_parameter_schema", reset: true },
  jobVariables: { api: "job_variables", reset: NO_JOB_VARIABLES, same: (given, there) => isNone(given) && isNone(there) },
  tags: { api: "tags", reset: [] },
  concurrencyLimit: { api: "concurrency_limit", reset: null },
  // The server fills in a grace period.
  concurrencyOptions: { api: "concurrency_options", reset: null, same: (given, there) => saysAll(given, there) },
};

/**
 * Create a deployment and, if it does not exist, its flow.
 * @param labels the server keeps them with the deployment; they cannot change later
 * @param onFlow called if the flow had to be created
 */
export async function makeDeployment(
  client: Client,
  inputs: JsonObject,
  {
    schedules,
    labels,
    onFlow = () => {},
  }: { schedules?: readonly DeclaredSchedule[]; labels?: JsonObject; onFlow?: (id: string) => void } = {},
): Promise<ServerDeployment> {
  const [flowName = "", name = ""] = String(inputs.deploymentName).split("/");
  const flow = await ensureFlow(client, flowName);
  if (flow.isNew) onFlow(flow.id);
  const given = Object.keys(DEPLOYMENT_FIELDS).filter((field) => inputs[field] !== undefined);
  return createDeployment(
    client,
    { name, flowId: flow.id, ...aboutDeployment(inputs) },
    { ...changeOf(DEPLOYMENT_FIELDS, given, inputs), ...(schedules ? { schedules: toApi(schedules) } : {}), ...(labels ? { labels } : {}) },
  );
}

/**
 * Change a deployment by PATCH, schedule by schedule. Creating it again would delete its schedules and their runs.
 * @param changed the fields to change
 * @param schedules the wanted schedules; absent: leave them alone
 */
export async function bringDeployment(
  client: Client,
  there: ServerDeployment,
  news: JsonObject,
  changed: string[],
  schedules: readonly DeclaredSchedule[] | undefined,
): Promise<void> {
  const change = changeOf(DEPLOYMENT_FIELDS, changed, news);
  if (change.job_variables !== undefined && isNone(change.job_variables)) change.job_variables = NO_JOB_VARIABLES;
  // Prefect checks job variables against the pool only if the change names it. A pool without its queue means the default queue.
  const pool = change.work_pool_name === undefined ? there.work_pool_name : change.work_pool_name;
  if (change.job_variables !== undefined && pool !== null) change.work_pool_name = pool;
  if (change.work_pool_name && change.work_queue_name === undefined)
    change.work_queue_name = (news.workQueueName ?? (change.work_pool_name === there.work_pool_name && there.work_queue_name)) || "default";
  if (changed.includes("version") && news.versionInfo !== undefined) change.version_info = news.versionInfo;
  if (changed.length > 0) await patchDeployment(client, there.id, change, aboutDeployment(news));
  if (!schedules) return;
  // A server before 3.2 may have created them again.
  const present = isBefore32(client) ? ((await readDeployment(client, there.id)) ?? there) : there;
  const steps = scheduleSteps(schedules, present.schedules);
  const { about } = aboutDeployment(news);
  // Two schedules may swap slugs, but the server allows each slug once.
  const slugs = new Map(present.schedules.map(({ id, slug }) => [slug, id]));
  for (const { id, change } of steps.patch) {
    const holder = change.slug === undefined ? undefined : slugs.get(change.slug);
    if (holder === undefined || holder === id) continue;
    const parameters = present.schedules.find((schedule) => schedule.id === holder)?.parameters ?? {};
    await patchSchedule(client, there.id, holder, { slug: `renamed-${holder}`, parameters }, about);
  }
  for (const { id, change } of steps.patch) await patchSchedule(client, there.id, id, change, about);
  if (steps.create.length > 0) await createSchedules(client, there.id, steps.create, about);
  // Last: if a step is refused, nothing was removed. A removed schedule could not get its id and its runs back.
  for (const id of steps.remove) await deleteSchedule(client, there.id, id);
}

/** The given fields, without schedules, with the server's current values. */
export function asDeclared(props: JsonObject, there: ServerDeployment): JsonObject {
  const limit = there.global_concurrency_limit?.limit ?? null;
  return refreshed(DEPLOYMENT_FIELDS, props, { ...there, concurrency_limit: limit } as unknown as JsonObject);
}

function saysAll(given: Json, there: Json): boolean {
  if (given === null || there === null) return given === there;
  return Object.entries(given).every(([key, value]) => (there as JsonObject)[key] === value);
}

/** The start of messages about a deployment, and the strings that they must mask. */
export function aboutDeployment(inputs: JsonObject): { about: string; redact: string[] } {
  return { about: `deployment "${String(inputs.deploymentName)}"`, redact: longTexts(inputs.jobVariables) };
}
