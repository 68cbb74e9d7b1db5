import { v4 as uuid } from "uuid";
import type { Json, JsonObject } from "../../json";
import type { StateType } from "../../model/flowRun";
import type { Client } from "../client";
import { type Verdict, verdictOf } from "./verdict";

export interface ServerState {
  id: string;
  type: StateType;
  name: string;
  timestamp: string;
  message: string | null;
  /** Where the result is, of a run that has one. */
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
  /** Absent where runs are given away; its type and name never are. */
  state: ServerState | null;
  state_type: StateType | null;
  state_name: string | null;
  run_count: number;
  start_time: string | null;
  end_time: string | null;
  next_scheduled_start_time: string | null;
  created: string;
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
  /** The same one again gives the same run, whatever else is asked for. */
  idempotency_key: string;
}

/** @returns `created` false where the idempotency key gave an earlier run */
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

/** All states that a run had, oldest first. */
export async function readStates(client: Client, id: string, signal?: AbortSignal): Promise<ServerState[]> {
  const query = { flow_run_id: id };
  const { body } = await client.request<ServerState[]>("GET", "/flow_run_states/", { query, ...(signal ? { signal } : {}) });
  return body.sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
}

/**
 * Propose a state. The proposal carries an id of its own, so that a repeat of it after a lost reply is told from another dispatcher's.
 * @param scheduledTime of a SCHEDULED one (ISO 8601)
 * @param transition that id (UUID); given where the proposal may be repeated by a later process
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
