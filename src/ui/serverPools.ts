import { countFlowRuns } from "../prefect/api/flowRuns";
import { listWorkQueues, readWorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import type { PoolRow } from "./wire";

/** The work pools of a manifest as their Prefect server has them: it decides about pauses, limits and queues. */
export async function asOnServer(
  client: Client,
  rows: readonly PoolRow[],
  prefectUrl: (path: string) => string | undefined,
): Promise<PoolRow[]> {
  return Promise.all(rows.map((row) => oneOnServer(client, row, prefectUrl(`/work-pools/work-pool/${encodeURIComponent(row.name)}`))));
}

async function oneOnServer(client: Client, row: PoolRow, url: string | undefined): Promise<PoolRow> {
  const pool = await readWorkPool(client, row.name);
  if (!pool) return { ...row, error: "the Prefect server has no such work pool" };
  const [queues, used] = await Promise.all([listWorkQueues(client, row.name), usedOf(client, row.name)]);
  const { pausedBy: _, ...rest } = row;
  return {
    ...rest,
    paused: pool.is_paused,
    ...(pool.is_paused ? { pausedBy: "paused on the Prefect server" } : {}),
    pausable: false,
    slots: { used, limit: pool.concurrency_limit },
    queues: await Promise.all(
      queues.map(async ({ name, priority, is_paused, concurrency_limit }) => ({
        name,
        priority,
        paused: is_paused,
        used: await usedOf(client, row.name, name),
        limit: concurrency_limit,
      })),
    ),
    ...(url === undefined ? {} : { prefectUrl: url }),
  };
}

/** Runs that hold a slot, as the server counts them. */
function usedOf(client: Client, pool: string, queue?: string): Promise<number> {
  return countFlowRuns(client, {
    flow_runs: { state: { type: { any_: ["PENDING", "RUNNING", "CANCELLING"] } } },
    work_pools: { name: { any_: [pool] } },
    ...(queue === undefined ? {} : { work_pool_queues: { name: { any_: [queue] } } }),
  });
}
