import type { Json, JsonObject } from "../json";
import {
  createDeployment,
  createSchedules,
  type Deployment,
  deleteDeployment,
  deleteSchedule,
  ensureFlow,
  patchDeployment,
  patchSchedule,
  readDeployment,
  readDeploymentByName,
} from "../prefect/api/deployments";
import type { Client } from "../prefect/client";
import { asGiven, type GivenSchedule, sameSchedules, scheduleBodies, scheduleFaults, scheduleSteps } from "../prefect/schedules";
import { UserError } from "../userError";
import { changedFields, changeOf, type Fields, longTexts, refreshed } from "./managedFields";
import { type CheckFailure, holdsUnknown, type Operations } from "./operations";
import { apiMoved, configureConnection, openClient } from "./prefectConnection";

/**
 * Prefect takes no empty job variables in a change: it leaves the old ones. An empty `env` means nothing, whatever the template says of
 * it, and takes their place.
 */
const NO_JOB_VARIABLES: JsonObject = { env: {} };
const isNone = (value: Json) => JSON.stringify(value ?? {}) === "{}" || JSON.stringify(value) === JSON.stringify(NO_JOB_VARIABLES);

const FIELDS: Fields = {
  description: { api: "description", reset: null },
  version: { api: "version", reset: null },
  paused: { api: "paused", reset: false },
  workPoolName: { api: "work_pool_name", reset: null },
  workQueueName: { api: "work_queue_name", reset: "default" },
  entrypoint: { api: "entrypoint", reset: null },
  path: { api: "path", reset: null },
  pullSteps: { api: "pull_steps", reset: [] },
  parameters: { api: "parameters", reset: {} },
  parameterSchema: { api: "parameter_openapi_schema", reset: {} },
  enforceParameterSchema: { api: "enforce_parameter_schema", reset: true },
  jobVariables: { api: "job_variables", reset: NO_JOB_VARIABLES, same: (given, there) => isNone(given) && isNone(there) },
  tags: { api: "tags", reset: [] },
  concurrencyLimit: { api: "concurrency_limit", reset: null },
  // The server fills a grace period in.
  concurrencyOptions: { api: "concurrency_options", reset: null, same: (given, there) => saysAll(given, there) },
};
/** Apart, for their changes are calls of their own; and the pool's id, so that a pool made anew gets its deployments back. */
const OTHERS: Fields = { schedules: { api: "schedules", reset: [] }, workPoolId: { api: "work_pool_id", reset: null } };

/** A deployment on a Prefect API. Its id is Prefect's. */
export const operations: Operations = {
  configure: configureConnection,

  async check(_olds, news) {
    const failures: CheckFailure[] = [];
    const { deploymentName: name, schedules, concurrencyLimit: limit } = news;
    if (!holdsUnknown(name) && (typeof name !== "string" || !/^[^/%&<>]+\/[^/%&<>]+$/.test(name))) {
      const reason = `deploymentName must be FLOW/DEPLOYMENT, each without % & < >, not ${JSON.stringify(name)}`;
      failures.push({ property: "deploymentName", reason });
    }
    if (limit !== undefined && limit !== null && !holdsUnknown(limit) && !(Number.isInteger(limit) && Number(limit) >= 1)) {
      const reason = `concurrencyLimit must be a whole number of at least 1, not ${JSON.stringify(limit)}`;
      failures.push({ property: "concurrencyLimit", reason });
    }
    if (schedules !== undefined && schedules !== null && !holdsUnknown(schedules))
      failures.push(...scheduleFaults(schedules).map((reason) => ({ property: "schedules", reason })));
    return { inputs: news, failures };
  },

  async diff(_id, olds, news) {
    const replaces = olds.deploymentName === news.deploymentName ? [] : ["deploymentName"];
    const changed = changedFields({ ...FIELDS, ...OTHERS }, olds, news);
    return { changes: replaces.length > 0 || changed.length > 0 || apiMoved(olds), replaces };
  },

  async create(inputs) {
    const name = inputs.deploymentName as string;
    const client = await openClient();
    const there = await readDeploymentByName(client, name);
    if (there) return { id: there.id, outs: await adopt(client, there, inputs) };

    const [flowName = "", deploymentName = ""] = name.split("/");
    const flow = await ensureFlow(client, flowName);
    const given = Object.keys(FIELDS).filter((field) => inputs[field] !== undefined);
    const schedules = inputs.schedules ? { schedules: scheduleBodies(inputs.schedules as GivenSchedule[]) } : {};
    const made = await createDeployment(
      client,
      { name: deploymentName, flowId: flow.id, ...about(inputs) },
      { ...changeOf(FIELDS, given, inputs), ...schedules },
    );
    return { id: made.id, outs: outsOf(client, made, inputs) };
  },

  async read(id, props) {
    const client = await openClient();
    const there = await readDeployment(client, id);
    if (!there) return {};
    return { id, props: { ...asProps(props, there), ...outsOf(client, there, {}) } };
  },

  async update(id, olds, news) {
    const client = await openClient();
    const there = await readDeployment(client, id);
    if (!there) {
      const at = client.connection.apiUrl;
      throw new UserError(`${about(news).about} is no longer at ${at}: \`pulumi refresh\`, then it is made again`, 5);
    }
    const moved = olds.workPoolId === news.workPoolId ? [] : ["workPoolName"];
    const changed = new Set([...changedFields(FIELDS, olds, news), ...moved.filter((field) => news[field] !== undefined)]);
    await bring(client, there, news, [...changed], changedFields(OTHERS, olds, news).includes("schedules"));
    return { outs: outsOf(client, there, news) };
  },

  async delete(id) {
    await deleteDeployment(await openClient(), id);
  },
};

/** By changes, and only of what differs: made anew it would lose its schedules and the runs that they have made. */
async function adopt(client: Client, there: Deployment, inputs: JsonObject): Promise<JsonObject> {
  if (inputs.adoptExisting !== true) {
    throw new UserError(
      `${about(inputs).about} is already there, at ${client.connection.apiUrl}: set adoptExisting: true to take it over, or give another name`,
      5,
    );
  }
  const given = Object.fromEntries(Object.entries(inputs).filter(([key]) => Object.hasOwn(FIELDS, key)));
  await bring(client, there, inputs, changedFields(FIELDS, asProps(given, there), given), inputs.schedules !== undefined);
  return outsOf(client, there, inputs);
}

async function bring(client: Client, there: Deployment, news: JsonObject, changed: string[], schedules: boolean): Promise<void> {
  const change = changeOf(FIELDS, changed, news);
  if (change.job_variables !== undefined && isNone(change.job_variables)) change.job_variables = NO_JOB_VARIABLES;
  // Prefect checks job variables against the pool only where the change names it, and a pool without its queue means the default one.
  const pool = change.work_pool_name === undefined ? there.work_pool_name : change.work_pool_name;
  if (change.job_variables !== undefined && pool !== null) change.work_pool_name = pool;
  if (change.work_pool_name && change.work_queue_name === undefined)
    change.work_queue_name = (news.workQueueName ?? there.work_queue_name) || "default";
  if (changed.length > 0) await patchDeployment(client, there.id, change, about(news));
  if (!schedules) return;
  const steps = scheduleSteps((news.schedules ?? []) as GivenSchedule[], there.schedules);
  for (const id of steps.remove) await deleteSchedule(client, there.id, id);
  for (const { id, change: of } of steps.patch) await patchSchedule(client, there.id, id, of, about(news).about);
  if (steps.create.length > 0) await createSchedules(client, there.id, steps.create, about(news).about);
}

/** What was given, as the server has it now. */
function asProps(props: JsonObject, there: Deployment): JsonObject {
  const limit = there.global_concurrency_limit?.limit ?? null;
  const now = refreshed(FIELDS, props, { ...there, concurrency_limit: limit } as unknown as JsonObject);
  const given = props.schedules as GivenSchedule[] | undefined;
  if (given && !sameSchedules(given, there.schedules)) now.schedules = asGiven(there.schedules);
  return now;
}

function outsOf(client: Client, there: Deployment, inputs: JsonObject): JsonObject {
  return { ...inputs, deploymentId: there.id, flowId: there.flow_id, apiUrl: client.connection.apiUrl };
}

function saysAll(given: Json, there: Json): boolean {
  if (given === null || there === null) return given === there;
  return Object.entries(given).every(([key, value]) => (there as JsonObject)[key] === value);
}

function about(inputs: JsonObject): { about: string; redact: string[] } {
  return { about: `deployment "${String(inputs.deploymentName)}"`, redact: longTexts(inputs.jobVariables) };
}
