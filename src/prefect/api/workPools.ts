import type { JsonObject } from "../../json";
import type { Client } from "../client";
import type { ServerRun } from "./flowRuns";

export interface WorkPool {
  id: string;
  name: string;
  type: string;
  description: string | null;
  base_job_template: JsonObject;
  is_paused: boolean;
  concurrency_limit: number | null;
  default_queue_id: string;
}

export interface WorkQueue {
  id: string;
  name: string;
  description: string | null;
  is_paused: boolean;
  concurrency_limit: number | null;
  priority: number;
}

/** The fields of a pool that can be set and changed. Its name and its type cannot change. */
export interface WorkPoolChange {
  description?: string | null;
  is_paused?: boolean;
  concurrency_limit?: number | null;
  base_job_template?: JsonObject;
}

export interface WorkQueueChange {
  description?: string;
  is_paused?: boolean;
  concurrency_limit?: number | null;
  /** 1 is the most urgent. The pool's other queues move down. */
  priority?: number;
}

const poolPath = (name: string) => `/work_pools/${encodeURIComponent(name)}`;
const queuePath = (pool: string, name: string) => `${poolPath(pool)}/queues/${encodeURIComponent(name)}`;
const about = (name: string) => `work pool "${name}"`;

export async function readWorkPool(client: Client, name: string): Promise<WorkPool | undefined> {
  const { status, body } = await client.request<WorkPool>("GET", poolPath(name), { allow: [404], about: about(name) });
  return status === 404 ? undefined : body;
}

/** All work pools, by name. */
export async function listWorkPools(client: Client): Promise<WorkPool[]> {
  const pools: WorkPool[] = [];
  for (;;) {
    const { body } = await client.request<WorkPool[]>("POST", "/work_pools/filter", { json: { limit: 200, offset: pools.length } });
    pools.push(...body);
    if (body.length < 200) return pools;
  }
}

/** @returns `"exists"` if a pool with that name exists. After a lost reply, this request may have created it. */
export async function createWorkPool(
  client: Client,
  pool: { name: string; type: string } & WorkPoolChange,
  redact: readonly string[] = [],
): Promise<WorkPool | { exists: true; maybeOurs: boolean }> {
  const { status, body, repeated } = await client.request<WorkPool>("POST", "/work_pools/", {
    json: pool as unknown as JsonObject,
    allow: [409],
    about: about(pool.name),
    redact,
  });
  return status === 409 ? { exists: true, maybeOurs: repeated } : body;
}

export async function patchWorkPool(client: Client, name: string, change: WorkPoolChange, redact: readonly string[] = []): Promise<void> {
  await client.request("PATCH", poolPath(name), { json: change as JsonObject, about: about(name), redact });
}

/** Delete a pool and, with it, its queues. A pool that does not exist counts as deleted. */
export async function deleteWorkPool(client: Client, name: string): Promise<void> {
  await client.request("DELETE", poolPath(name), { allow: [404], about: about(name) });
}

export async function listWorkQueues(client: Client, pool: string): Promise<WorkQueue[]> {
  return (await client.request<WorkQueue[]>("POST", `${poolPath(pool)}/queues/filter`, { json: {}, about: about(pool) })).body;
}

/** Create a queue, or change it if it exists. */
export async function ensureWorkQueue(client: Client, pool: string, name: string, change: WorkQueueChange): Promise<void> {
  const where = `work queue "${name}" of ${about(pool)}`;
  const json = { name, ...change } as JsonObject;
  const { status } = await client.request("POST", `${poolPath(pool)}/queues`, { json, allow: [409], about: where });
  if (status === 409) await patchWorkQueue(client, pool, name, change);
}

export async function patchWorkQueue(client: Client, pool: string, name: string, change: WorkQueueChange): Promise<void> {
  await client.request("PATCH", queuePath(pool, name), { json: change as JsonObject, about: `work queue "${name}" of ${about(pool)}` });
}

/** Do not call it for `default`: the server answers that with an internal error. */
export async function deleteWorkQueue(client: Client, pool: string, name: string): Promise<void> {
  await client.request("DELETE", queuePath(pool, name), { allow: [404], about: `work queue "${name}" of ${about(pool)}` });
}

/**
 * The runs that are due, most urgent first. Prefect applies pauses and the limits of pools and queues only here. The call claims nothing.
 * @param before ISO 8601; without it, Prefect returns runs of any future time
 */
export async function scheduledFlowRuns(
  client: Client,
  pool: string,
  { before, limit, queues, signal }: { before: Date; limit?: number; queues?: string[]; signal?: AbortSignal },
): Promise<ServerRun[]> {
  const { body } = await client.request<{ flow_run: ServerRun }[]>("POST", `${poolPath(pool)}/get_scheduled_flow_runs`, {
    json: {
      scheduled_before: before.toISOString(),
      ...(limit === undefined ? {} : { limit }),
      ...(queues === undefined ? {} : { work_queue_names: queues }),
    },
    about: about(pool),
    ...(signal ? { signal } : {}),
  });
  // Unlike the rest of the API, this reply does not name the run's pool.
  return body.map(({ flow_run }) => ({ ...flow_run, work_pool_name: pool, work_queue_name: flow_run.work_queue_name ?? null }));
}

/** Report that a worker is alive. The pool stays READY for as long as these reports come. */
export async function sendHeartbeat(client: Client, pool: string, name: string, intervalSeconds: number): Promise<void> {
  const json = { name, heartbeat_interval_seconds: intervalSeconds };
  await client.request("POST", `${poolPath(pool)}/workers/heartbeat`, { json, about: about(pool) });
}
