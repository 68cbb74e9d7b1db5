import type { Json, JsonObject } from "../../json";
import { UserError } from "../../userError";
import type { Client } from "../client";
import { isRefusal } from "../prefectRefusal";
import { isBefore32 } from "./server";

export interface ServerFlow {
  id: string;
  name: string;
}

export interface ServerDeployment {
  id: string;
  name: string;
  flow_id: string;
  version: string | null;
  description: string | null;
  paused: boolean;
  schedules: ServerSchedule[];
  concurrency_options: JsonObject | null;
  /** The limit itself is here; the reply's `concurrency_limit` is always `null`. */
  global_concurrency_limit: { limit: number } | null;
  job_variables: JsonObject;
  parameters: JsonObject;
  tags: string[];
  work_pool_name: string | null;
  work_queue_name: string | null;
  entrypoint: string | null;
  path: string | null;
  pull_steps: Json[] | null;
  parameter_openapi_schema: JsonObject | null;
  enforce_parameter_schema: boolean;
  /** Absent on servers before 3.2. */
  labels?: JsonObject;
}

export interface ServerSchedule {
  id: string;
  schedule: JsonObject;
  active: boolean;
  max_scheduled_runs: number | null;
  parameters: JsonObject;
  /** Absent before Prefect 3.2. */
  slug?: string | null;
}

/** The fields of a deployment that can be set. An absent field stays as it is. */
export interface DeploymentFields {
  version?: string | null;
  version_info?: Json;
  description?: string | null;
  paused?: boolean;
  concurrency_limit?: number | null;
  concurrency_options?: JsonObject | null;
  job_variables?: JsonObject;
  parameters?: JsonObject;
  tags?: string[];
  work_pool_name?: string | null;
  work_queue_name?: string | null;
  entrypoint?: string | null;
  path?: string | null;
  pull_steps?: Json[] | null;
  parameter_openapi_schema?: JsonObject;
  enforce_parameter_schema?: boolean;
}

export interface ScheduleFields {
  schedule?: JsonObject;
  active?: boolean;
  max_scheduled_runs?: number | null;
  parameters?: JsonObject;
  slug?: string;
}

/** Return the flow with that name; create it if it does not exist. */
export async function ensureFlow(client: Client, name: string): Promise<ServerFlow & { isNew: boolean }> {
  const { status, body } = await client.request<ServerFlow>("POST", "/flows/", { json: { name }, about: `flow "${name}"` });
  return { ...body, isNew: status === 201 };
}

/** Delete a flow, but only if it has no deployments and no runs: Prefect would delete those too. */
export async function deleteEmptyFlow(client: Client, id: string): Promise<void> {
  const json = { flows: { id: { any_: [id] } } };
  for (const what of ["deployments", "flow_runs"]) if ((await client.request<number>("POST", `/${what}/count`, { json })).body > 0) return;
  await client.request("DELETE", `/flows/${id}`, { allow: [404] });
}

/** Names of flows, by id. */
export async function flowNames(client: Client, ids: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (let from = 0; from < ids.length; from += 200) {
    const json = { flows: { id: { any_: ids.slice(from, from + 200) } }, limit: 200 };
    for (const { id, name } of (await client.request<ServerFlow[]>("POST", "/flows/filter", { json })).body) names.set(id, name);
  }
  return names;
}

/** List the server's deployments, in pages, until there are at least `enough`. */
export async function listDeployments(client: Client, enough: number): Promise<ServerDeployment[]> {
  const all: ServerDeployment[] = [];
  for (;;) {
    const json = { limit: 200, offset: all.length };
    const { body } = await client.request<ServerDeployment[]>("POST", "/deployments/filter", { json });
    all.push(...body);
    if (body.length < 200 || all.length >= enough) return all;
  }
}

export async function readFlow(client: Client, id: string): Promise<ServerFlow | undefined> {
  const { status, body } = await client.request<ServerFlow>("GET", `/flows/${id}`, { allow: [404] });
  return status === 404 ? undefined : body;
}

export async function readDeployment(client: Client, id: string): Promise<ServerDeployment | undefined> {
  const { status, body } = await client.request<ServerDeployment>("GET", `/deployments/${id}`, { allow: [404] });
  return status === 404 ? undefined : completed(body);
}

/** @param name `<flow name>/<deployment name>` */
export async function readDeploymentByName(client: Client, name: string): Promise<ServerDeployment | undefined> {
  const [flow = "", deployment = ""] = name.split("/");
  const path = `/deployments/name/${encodeURIComponent(flow)}/${encodeURIComponent(deployment)}`;
  const { status, body } = await client.request<ServerDeployment>("GET", path, { allow: [404], about: `deployment "${name}"` });
  return status === 404 ? undefined : completed(body);
}

/** Names of deployments, `<flow name>/<deployment name>`, by id. Those that no longer exist are left out. */
export async function deploymentNames(client: Client, ids: readonly string[]): Promise<Map<string, string>> {
  const found: { id: string; name: string; flow_id: string }[] = [];
  for (let from = 0; from < ids.length; from += 200) {
    const json = { deployments: { id: { any_: ids.slice(from, from + 200) } }, limit: 200 };
    found.push(...(await client.request<typeof found>("POST", "/deployments/filter", { json })).body);
  }
  const flows = await flowNames(client, [...new Set(found.map(({ flow_id }) => flow_id))]);
  return new Map(found.map(({ id, name, flow_id }) => [id, `${flows.get(flow_id) ?? "?"}/${name}`]));
}

/** Names of deployments to suggest, `<flow name>/<deployment name>`, as many as the server returns at once. */
export async function someDeploymentNames(client: Client): Promise<string[]> {
  const { body } = await client.request<{ name: string; flow_id: string }[]>("POST", "/deployments/filter", { json: {} });
  const flows = await client.request<ServerFlow[]>("POST", "/flows/filter", { json: {} });
  const flowName = new Map(flows.body.map(({ id, name }) => [id, name]));
  return body.map(({ name, flow_id }) => `${flowName.get(flow_id) ?? "?"}/${name}`);
}

/** Create a deployment. If it exists, Prefect updates it instead, and deletes its schedules and scheduled runs: look first. */
export async function createDeployment(
  client: Client,
  { name, flowId, about, redact }: { name: string; flowId: string; about: string; redact: readonly string[] },
  change: DeploymentFields & { schedules?: ScheduleFields[]; labels?: JsonObject },
): Promise<ServerDeployment> {
  const schedules = change.schedules ? { schedules: change.schedules.map((one) => known(client, one, about)) } : {};
  const json = { name, flow_id: flowId, ...change, ...schedules } as unknown as JsonObject;
  try {
    return completed((await client.request<ServerDeployment>("POST", "/deployments/", { json, about, redact })).body);
  } catch (error) {
    // Servers before 3.2 have no labels.
    if (change.labels === undefined || !isRefusal(error, 422) || !/\blabels: /.test((error as Error).message)) throw error;
    const { labels: _, ...rest } = json;
    return completed((await client.request<ServerDeployment>("POST", "/deployments/", { json: rest, about, redact })).body);
  }
}

export async function patchDeployment(
  client: Client,
  id: string,
  change: DeploymentFields,
  { about, redact }: { about: string; redact: readonly string[] },
): Promise<void> {
  const there = isBefore32(client) && NEVER_PATCHED.some((field) => field in change) ? await readDeployment(client, id) : undefined;
  if (there) await createDeployment(client, { name: there.name, flowId: there.flow_id, about, redact }, whole(there, change));
  else await client.request("PATCH", `/deployments/${id}`, { json: change as JsonObject, about, redact });
}

/**
 * Fields that a server before 3.2 does not change by PATCH. Creating the deployment again changes them: it keeps its id, and its schedules
 * are created again.
 */
const NEVER_PATCHED: readonly (keyof DeploymentFields)[] = ["pull_steps", "parameter_openapi_schema"];

function whole(there: ServerDeployment, change: DeploymentFields): DeploymentFields & { schedules: ScheduleFields[] } {
  const { name: _, id: _id, flow_id: _flow, schedules, global_concurrency_limit: limit, concurrency_options, ...rest } = there;
  const kept = Object.fromEntries(Object.entries(rest).filter(([field]) => KEPT.has(field)));
  return {
    ...kept,
    concurrency_limit: limit?.limit ?? null,
    ...(concurrency_options ? { concurrency_options } : {}),
    ...change,
    schedules: schedules.map(({ schedule, active }) => ({ schedule, active })),
  } as DeploymentFields & { schedules: ScheduleFields[] };
}

const KEPT: ReadonlySet<string> = new Set<keyof DeploymentFields>([
  "version",
  "description",
  "paused",
  "job_variables",
  "parameters",
  "tags",
  "work_pool_name",
  "work_queue_name",
  "entrypoint",
  "path",
  "pull_steps",
  "parameter_openapi_schema",
  "enforce_parameter_schema",
]);

/** Fill in what a server before 3.2 leaves out of a schedule. */
function completed(deployment: ServerDeployment): ServerDeployment {
  const schedules = (deployment.schedules ?? []).map((schedule) => ({ ...schedule, parameters: schedule.parameters ?? {} }));
  return { ...deployment, schedules };
}

/**
 * Remove the fields of a schedule that this server does not have.
 * @throws {UserError} if the schedule would then mean something else
 */
function known(client: Client, schedule: ScheduleFields, about: string): ScheduleFields {
  if (!isBefore32(client)) return schedule;
  const { slug: _, parameters, ...rest } = schedule;
  if (parameters === undefined || Object.keys(parameters).length === 0) return rest;
  throw new UserError(
    `${about}: a schedule has its own parameters, which need Prefect 3.2 or newer: the server at ${client.connection.apiUrl} is ${client.version}. Remove them, or upgrade the server`,
  );
}

/** Prefect also deletes its schedules and scheduled runs; it keeps runs that have started. */
export async function deleteDeployment(client: Client, id: string): Promise<void> {
  await client.request("DELETE", `/deployments/${id}`, { allow: [404] });
}

export async function createSchedules(client: Client, deployment: string, schedules: ScheduleFields[], about: string): Promise<void> {
  // 409: the slugs are taken. This very request may have taken them, if its reply was lost.
  const json = schedules.map((one) => known(client, one, about)) as unknown as Json;
  await client.request("POST", `/deployments/${deployment}/schedules`, { json, about });
}

export async function patchSchedule(client: Client, deployment: string, id: string, change: ScheduleFields, about: string): Promise<void> {
  await client.request("PATCH", `/deployments/${deployment}/schedules/${id}`, {
    json: known(client, change, about) as JsonObject,
    about,
  });
}

export async function deleteSchedule(client: Client, deployment: string, id: string): Promise<void> {
  await client.request("DELETE", `/deployments/${deployment}/schedules/${id}`, { allow: [404] });
}
