import type { Json, JsonObject } from "../json";
import { deleteWorkQueue, ensureWorkQueue, listWorkQueues, patchWorkQueue, type WorkQueueChange } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { changedFields, changeOf, type ManagedFields, refreshed } from "../prefect/managedFields";
import { holdsUnknown } from "../unknown";
import type { CheckFailure } from "./operations";

/** The work queues of a pool by name, as in the program. */
export type Queues = Record<string, JsonObject>;

const FIELDS: ManagedFields = {
  description: { api: "description", reset: "" },
  isPaused: { api: "is_paused", reset: false },
  concurrencyLimit: { api: "concurrency_limit", reset: null },
  priority: { api: "priority", reset: null },
};

/** The problems of the queues. Two queues cannot have the same priority: the server would change one of them. */
export function queueFailures(queues: Json | undefined): CheckFailure[] {
  if (queues === undefined || queues === null || holdsUnknown(queues)) return [];
  if (typeof queues !== "object" || Array.isArray(queues))
    return [{ property: "queues", reason: "queues must be an object of queues by name" }];
  const byPriority = new Map<Json, string>();
  return Object.entries(queues as Queues).flatMap(([name, { priority }]) => {
    if (priority === undefined || priority === null) return [];
    const other = byPriority.get(priority);
    byPriority.set(priority, name);
    if (other === undefined) return [];
    return [{ property: "queues", reason: `queues.${other} and queues.${name} both have priority ${priority}: priorities must differ` }];
  });
}

/**
 * Change the queues of a pool from one set to another. Every pool has the queue `default`, which can be changed, but not created or
 * deleted.
 */
export async function applyQueues(client: Client, pool: string, before: Queues, after: Queues): Promise<void> {
  for (const name of Object.keys(before)) {
    if (Object.hasOwn(after, name)) continue;
    if (name !== "default") await deleteWorkQueue(client, pool, name);
    else await patchWorkQueue(client, pool, name, withoutPriority(changeOf(FIELDS, Object.keys(before[name] ?? {}), {})));
  }
  const urgentFirst = Object.entries(after).sort(([, a], [, b]) => Number(a.priority ?? Infinity) - Number(b.priority ?? Infinity));
  for (const [name, queue] of urgentFirst) {
    const changed = changedFields(FIELDS, before[name] ?? {}, queue);
    if (Object.hasOwn(before, name) && changed.length === 0) continue;
    const change = changeOf(FIELDS, changed, queue);
    await ensureWorkQueue(client, pool, name, change.priority === null ? withoutPriority(change) : change);
  }
  await correctPriorities(client, pool, urgentFirst);
}

/** Setting a priority may move other queues, also those that were set before. So wrong priorities are set again. */
async function correctPriorities(client: Client, pool: string, urgentFirst: [string, JsonObject][]): Promise<void> {
  const given = urgentFirst.filter(([, queue]) => typeof queue.priority === "number");
  if (given.length === 0) return;
  const there = new Map((await listWorkQueues(client, pool)).map((queue) => [queue.name, queue.priority]));
  for (const [name, { priority }] of given) {
    if (there.get(name) !== priority) await patchWorkQueue(client, pool, name, { priority: priority as number });
  }
}

/** The current values of the given queues, without queues that no longer exist. */
export async function readQueues(client: Client, pool: string, given: Queues): Promise<Queues> {
  const there = new Map((await listWorkQueues(client, pool)).map((queue) => [queue.name, queue]));
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, queue]) => {
      const found = there.get(name);
      return found ? [[name, refreshed(FIELDS, queue, found as unknown as JsonObject)] as const] : [];
    }),
  );
}

function withoutPriority({ priority: _, ...change }: JsonObject): WorkQueueChange {
  return change;
}
