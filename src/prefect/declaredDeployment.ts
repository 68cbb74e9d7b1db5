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
import { changeOf, type Fields, longTexts, refreshed } from "./managedFields";
import { scheduleSteps, toApi } from "./schedules";

/**
 * Prefect takes no empty job variables in a change: it leaves the old ones. An empty `env` means nothing, whatever the template says of
 * it, and takes their place.
 */
const NO_JOB_VARIABLES: JsonObject = { env: {} };
const isNone = (value: Json) => JSON.stringify(value ?? {}) === "{}" || JSON.stringify(value) === JSON.stringify(NO_JOB_VARIABLES);

/** How the fields of a declared deployment are those of the API. A `deploymentName` (FLOW/DEPLOYMENT) goes beside them. */
export const DEPLOYMENT_FIELDS: Fields = {
  description: { api: "description", reset: null },
  version: { api: "version", reset: null },
  paused: { api: "paused", reset: false },
  workPoolName: { api: "work_pool_name", reset: null },
  workQueueName: { api: "work_queue_name", reset: "default" },
  entrypoint: { api: "entrypoint", reset: null },
  path: { api: "path", reset: null },
  // The server gives none as null, or as it was given.
  pullSteps: { api: "pull_steps", reset: [], same: (given, there) => sameJson(given ?? [], there ?? []) },
  parameters: { api: "parameters", reset: {} },
  parameterSchema: { api: "parameter_openapi_schema", reset: {} },
  enforceParameterSchema: { api: "enforce_parameter_schema", reset: true },
  jobVariables: { api: "job_variables", reset: NO_JOB_VARIABLES, same: (given, there) => isNone(given) && isNone(there) },
  tags: { api: "tags", reset: [] },
  concurrencyLimit: { api: "concurrency_limit", reset: null },
  // The server fills a grace period in.
  concurrencyOptions: { api: "concurrency_options", reset: null, same: (given, there) => saysAll(given, there) },
};

/**
 * Make a deployment that is not there, and its flow.
 * @param labels the server keeps them with the deployment; no change of it can bring others
 * @param onFlow hears of a flow that had to be made
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
 * Change one that is there, by PATCH and schedule by schedule: made anew it would lose its schedules and the runs that they have made.
 * @param changed the fields to bring
 * @param schedules what they are to be; absent: they stay as they are
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
  // Prefect checks job variables against the pool only where the change names it, and a pool without its queue means the default one.
  const pool = change.work_pool_name === undefined ? there.work_pool_name : change.work_pool_name;
  if (change.job_variables !== undefined && pool !== null) change.work_pool_name = pool;
  if (change.work_pool_name && change.work_queue_name === undefined)
    change.work_queue_name = (news.workQueueName ?? (change.work_pool_name === there.work_pool_name && there.work_queue_name)) || "default";
  if (changed.length > 0) await patchDeployment(client, there.id, change, aboutDeployment(news));
  if (!schedules) return;
  // A server before 3.2 may have made them again.
  const present = isBefore32(client) ? ((await readDeployment(client, there.id)) ?? there) : there;
  const steps = scheduleSteps(schedules, present.schedules);
  const { about } = aboutDeployment(news);
  // Two that take each other's slugs: the server holds each slug once.
  const slugs = new Map(present.schedules.map(({ id, slug }) => [slug, id]));
  for (const { id, change } of steps.patch) {
    const holder = change.slug === undefined ? undefined : slugs.get(change.slug);
    if (holder === undefined || holder === id) continue;
    const parameters = present.schedules.find((schedule) => schedule.id === holder)?.parameters ?? {};
    await patchSchedule(client, there.id, holder, { slug: `renamed-${holder}`, parameters }, about);
  }
  for (const { id, change } of steps.patch) await patchSchedule(client, there.id, id, change, about);
  if (steps.create.length > 0) await createSchedules(client, there.id, steps.create, about);
  // Last: what is removed cannot come back with its id and its runs, should a step before be refused.
  for (const id of steps.remove) await deleteSchedule(client, there.id, id);
}

/** What was given, but for schedules, as the server has it now. */
export function asDeclared(props: JsonObject, there: ServerDeployment): JsonObject {
  const limit = there.global_concurrency_limit?.limit ?? null;
  return refreshed(DEPLOYMENT_FIELDS, props, { ...there, concurrency_limit: limit } as unknown as JsonObject);
}

function saysAll(given: Json, there: Json): boolean {
  if (given === null || there === null) return given === there;
  return Object.entries(given).every(([key, value]) => (there as JsonObject)[key] === value);
}

/** What a message about it begins with, and what one must not repeat. */
export function aboutDeployment(inputs: JsonObject): { about: string; redact: string[] } {
  return { about: `deployment "${String(inputs.deploymentName)}"`, redact: longTexts(inputs.jobVariables) };
}
