import type { JsonObject } from "../json";
import { nameFault } from "../manifest/nameFaults";
import { createWorkPool, deleteWorkPool, patchWorkPool, readWorkPool, type WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { changedFields, changeOf, longTexts, type ManagedFields, refreshed } from "../prefect/managedFields";
import { quoted } from "../shown";
import { checkTemplate } from "../template";
import { holdsUnknown } from "../unknown";
import { UserError } from "../userError";
import { keptAdoption } from "./holders";
import type { CheckFailure, Operations } from "./operations";
import { configureConnection, configuredClient, connectionOuts, openClientFor, readOuts } from "./prefectConnection";
import { deleteObject, movedFields, objectWasDeleted, takeOver } from "./prefectObject";
import { applyQueues, type Queues, queueFailures, readQueues } from "./workQueues";

const FIELDS: ManagedFields = {
  description: { api: "description", reset: null },
  isPaused: { api: "is_paused", reset: false },
  concurrencyLimit: { api: "concurrency_limit", reset: null },
  baseJobTemplate: { api: "base_job_template", reset: {} },
};

/** A work pool on a Prefect API. Its id is its name, because everything refers to it by name. */
export const operations: Operations = {
  configure: configureConnection,

  async check(_olds, news) {
    const failures: CheckFailure[] = [];
    const fail = (property: string, reason: string) => failures.push({ property, reason });
    const { workPoolName: name, type, baseJobTemplate: template, concurrencyLimit: limit, queues } = news;
    const fault = holdsUnknown(name) ? undefined : typeof name === "string" ? nameFault(name) : "must be a string";
    if (fault !== undefined) fail("workPoolName", `workPoolName ${fault}: ${quoted(name)}`);
    else if (typeof name === "string" && /^prefect/i.test(name))
      fail("workPoolName", `workPoolName "${name}": Prefect reserves names that begin with "prefect"`);
    if (!holdsUnknown(type) && (typeof type !== "string" || type === ""))
      fail("type", "type must be a work pool type, such as process:push");
    if (limit !== undefined && limit !== null && !holdsUnknown(limit) && !(Number.isInteger(limit) && Number(limit) >= 0))
      fail("concurrencyLimit", `concurrencyLimit must be a whole number of at least 0, not ${JSON.stringify(limit)}`);
    // The server checks a template when a pool is created, but not when it is changed.
    if (template !== undefined && !holdsUnknown(template) && !isEmpty(template)) {
      try {
        checkTemplate(template, "baseJobTemplate");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        fail("baseJobTemplate", error.message);
      }
    }
    failures.push(...queueFailures(queues));
    return { inputs: news, failures };
  },

  async diff(_id, olds, news) {
    const moved = movedFields(olds.workPoolId, olds);
    const replaces = [...["workPoolName", "type"].filter((key) => olds[key] !== news[key]), ...moved];
    const changed = changedFields({ ...FIELDS, queues: { api: "queues", reset: {} } }, olds, news);
    // Two pools of one server can never have the same name.
    const deleteBeforeReplace = moved.length === 0 && olds.workPoolName === news.workPoolName;
    return { changes: replaces.length > 0 || changed.length > 0, replaces, deleteBeforeReplace };
  },

  async create(inputs) {
    const { workPoolName: name, type } = inputs as { workPoolName: string; type: string };
    const client = await configuredClient();
    const given = Object.keys(FIELDS).filter((field) => inputs[field] !== undefined);
    const redact = longTexts(inputs.baseJobTemplate);
    const made = await createWorkPool(client, { name, type, ...changeOf(FIELDS, given, inputs) }, redact);
    if (!("exists" in made)) return withQueues(client, made, inputs, {});
    const { pool, adoption } = await adopt(client, inputs, made.maybeOurs);
    return withQueues(client, pool, { ...inputs, ...adoption }, {});
  },

  async read(id, props) {
    const client = await openClientFor(props);
    const pool = await readWorkPool(client, id);
    if (!pool) return {};
    const queues = props.queues === undefined ? {} : { queues: await readQueues(client, id, props.queues as Queues) };
    const there = pool as unknown as JsonObject;
    return { id, props: { ...refreshed(FIELDS, props, there), ...queues, ...readOuts(props, computed(client, pool)), type: pool.type } };
  },

  async update(id, olds, news) {
    const client = await configuredClient();
    const changed = changedFields(FIELDS, olds, news);
    if (changed.length > 0) await patchWorkPool(client, id, changeOf(FIELDS, changed, news), longTexts(news.baseJobTemplate));
    const pool = await readWorkPool(client, id);
    if (!pool) throw objectWasDeleted(`work pool "${id}"`, client);
    return { outs: (await withQueues(client, pool, { ...news, ...keptAdoption(olds) }, (olds.queues ?? {}) as Queues)).outs };
  },

  async delete(id, props) {
    await deleteObject(`work pool "${id}"`, props.workPoolId, props, (client) => deleteWorkPool(client, id));
  },
};

/**
 * Change an existing pool to match the inputs. `adoption` is absent if a request of this resource created the pool, but its reply was lost.
 */
async function adopt(client: Client, inputs: JsonObject, maybeOurs: boolean): Promise<{ pool: WorkPool; adoption?: JsonObject }> {
  const name = inputs.workPoolName as string;
  const at = `at ${client.connection.apiUrl}`;
  const there = await readWorkPool(client, name);
  if (!there)
    throw new UserError(
      `work pool "${name}" existed a moment ago, but no longer does, ${at}: someone else is changing it. Run this again`,
      5,
    );
  if (there.type !== inputs.type) {
    throw new UserError(
      `work pool "${name}" already exists, ${at}, with type "${there.type}" instead of "${String(inputs.type)}". A type cannot be changed: set another workPoolName, or delete that pool`,
      5,
    );
  }
  const given = refreshed(FIELDS, inputs, there as unknown as JsonObject);
  const changed = changedFields(FIELDS, given, inputs);
  if (maybeOurs && changed.length === 0) return { pool: there };
  const adoption = takeOver(there.id, inputs, { about: `work pool "${name}"`, client, other: "workPoolName" });
  if (changed.length > 0) await patchWorkPool(client, name, changeOf(FIELDS, changed, inputs), longTexts(inputs.baseJobTemplate));
  return { pool: there, adoption };
}

/** The queues are created after their pool. If one fails, the pool still exists, and the next `up` continues from there. */
async function withQueues(client: Client, pool: WorkPool, inputs: JsonObject, before: Queues) {
  const outs = { ...inputs, ...computed(client, pool) };
  try {
    await applyQueues(client, pool.name, before, (inputs.queues ?? {}) as Queues);
  } catch (error) {
    const properties = { ...outs, queues: before };
    if (error instanceof Error) throw Object.assign(error, { id: pool.name, properties, reasons: [error.message] });
    throw error;
  }
  return { id: pool.name, outs };
}

function computed(client: Client, pool: WorkPool): JsonObject {
  return { ...connectionOuts(client), workPoolId: pool.id, defaultQueueId: pool.default_queue_id };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
