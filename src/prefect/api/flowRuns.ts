import { v4 as uuid } from "uuid";
import type { Json, JsonObject } from "../../json";
import type { StateType } from "../../model/run";
import type { Client } from "../client";
import { isRefusal } from "../prefectRefusal";
import { type Verdict, verdictOf } from "./verdict";

export interface ServerState {
  id: string;
  type: StateType;
  name: string;
  timestamp: string;
  message: string | null;
  /** Where the result is stored, if the run has one. */
  data?: Json;
  state_details?: { scheduled_time?: string | null; transition_id?: string | null };
}

export interface ServerRun {
  id: string;
  name: string;
  flow_id: string;
  deployment_id: string | null;
  parameters: JsonObject;
  job_variables: JsonObject | null;
  tags: string[];
  /** Absent in replies that list scheduled runs; those still have the state's type and name. */
  state: ServerState | null;
  state_type: StateType | null;
  state_name: string | null;
  run_count: number;
  start_time: string | null;
  end_time: string | null;
  next_scheduled_start_time: string | null;
  created: string;
  /** When it last changed. */
  updated?: string;
  expected_start_time?: string | null;
  infrastructure_pid: string | null;
  work_pool_name: string | null;
  work_queue_name: string | null;
  idempotency_key: string | null;
}

export interface NewFlowRun {
  name?: string;
  parameters?: JsonObject;
  job_variables?: JsonObject;
  tags?: string[];
  /** A request with the same key returns the same run, whatever else it asks for. */
  idempotency_key: string;
}

/** @returns `created` is false if an earlier request with this idempotency key created the run */
export async function createFlowRun(
  client: Client,
  deploymentId: string,
  run: NewFlowRun,
  about: string,
): Promise<{ run: ServerRun; created: boolean }> {
  const { status, body } = await client.request<ServerRun>("POST", `/deployments/${deploymentId}/create_flow_run`, {
    json: run as unknown as JsonObject,
    about,
  });
  return { run: body, created: status === 201 };
}

/**
 * Create a flow run of a deployment on a work pool of any name. Unlike {@link createFlowRun}, the server adds nothing from the deployment: the
 * request has all parameters and tags.
 * @param run with the work pool, and a queue that it has; `null`: its default queue
 * @returns as {@link createFlowRun}; `undefined` if the server is too old to accept a work pool here
 */
export async function createFlowRunOnPool(
  client: Client,
  { id, flow_id }: { id: string; flow_id: string },
  { work_queue_name, ...run }: NewFlowRun & { work_pool_name: string; work_queue_name: string | null },
  about: string,
): Promise<{ run: ServerRun; created: boolean } | undefined> {
  const json = {
    ...run,
    ...(work_queue_name === null ? {} : { work_queue_name }),
    flow_id,
    deployment_id: id,
    state: { type: "SCHEDULED", name: "Scheduled" },
  };
  try {
    const { status, body } = await client.request<ServerRun>("POST", "/flow_runs/", { json: json as unknown as JsonObject, about });
    return { run: body, created: status === 201 };
  } catch (error) {
    if (isRefusal(error, 422) && /work_pool_name: Extra inputs/.test((error as Error).message)) return undefined;
    throw error;
  }
}

export async function readFlowRun(client: Client, id: string, signal?: AbortSignal): Promise<ServerRun | undefined> {
  const { status, body } = await client.request<ServerRun>("GET", `/flow_runs/${id}`, { allow: [404], ...(signal ? { signal } : {}) });
  return status === 404 ? undefined : body;
}

export async function patchFlowRun(client: Client, id: string, change: { infrastructure_pid?: string | null }): Promise<void> {
  await client.request("PATCH", `/flow_runs/${id}`, { json: change });
}

export async function filterFlowRuns(client: Client, filter: JsonObject): Promise<ServerRun[]> {
  return (await client.request<ServerRun[]>("POST", "/flow_runs/filter", { json: filter })).body;
}

/** How many runs match a filter of {@link filterFlowRuns}. */
export async function countFlowRuns(client: Client, filter: JsonObject): Promise<number> {
  return (await client.request<number>("POST", "/flow_runs/count", { json: filter })).body;
}

/** Counts by state of the runs that start within one piece of time. */
export interface FlowRunCounts {
  interval_start: string;
  interval_end: string;
  states: { state_type: StateType; state_name: string; count_runs: number }[];
}

/** Counts of runs by the time of their start, in pieces of so many seconds; oldest first. */
export async function flowRunHistory(
  client: Client,
  { from, to, bucketSeconds, filter }: { from: Date; to: Date; bucketSeconds: number; filter: JsonObject },
): Promise<FlowRunCounts[]> {
  const json = { ...filter, history_start: from.toISOString(), history_end: to.toISOString(), history_interval_seconds: bucketSeconds };
  return (await client.request<FlowRunCounts[]>("POST", "/flow_runs/history", { json })).body;
}

/** All states that a run has had, oldest first. */
export async function readStates(client: Client, id: string, signal?: AbortSignal): Promise<ServerState[]> {
  const query = { flow_run_id: id };
  const { body } = await client.request<ServerState[]>("GET", "/flow_run_states/", { query, ...(signal ? { signal } : {}) });
  return body.sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
}

/**
 * Propose a state. The proposal carries an id, so that its repetition after a lost reply differs from another dispatcher's proposal.
 * @param scheduledTime for a SCHEDULED state (ISO 8601)
 * @param transition that id (UUID). Give it if a later process may repeat the proposal @default a new one
 */
export async function proposeState(
  client: Client,
  id: string,
  { scheduledTime, ...state }: { type: StateType; name: string; message?: string; data?: Json; scheduledTime?: string },
  transition = uuid(),
): Promise<Verdict> {
  const details = { transition_id: transition, ...(scheduledTime === undefined ? {} : { scheduled_time: scheduledTime }) };
  const json = { state: { ...state, state_details: details } };
  const { body } = await client.request<JsonObject>("POST", `/flow_runs/${id}/set_state`, { json, about: `flow run ${id}` });
  return verdictOf(body, { type: state.type, transition });
}
