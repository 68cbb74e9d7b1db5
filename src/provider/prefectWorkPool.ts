import type { JsonObject } from "../json";
import { nameFault } from "../manifest/names";
import { createWorkPool, deleteWorkPool, patchWorkPool, readWorkPool, type WorkPool } from "../prefect/api/workPools";
import type { Client } from "../prefect/client";
import { changedFields, changeOf, type Fields, longTexts, refreshed } from "../prefect/managedFields";
import { quoted } from "../shown";
import { checkTemplate } from "../template";
import { UserError } from "../userError";
import { adoptObject, isMoving, keptAdoption, noteHolder, noteMoving } from "./holders";
import { type CheckFailure, holdsUnknown, type Operations } from "./operations";
import {
  alreadyThere,
  configureConnection,
  connectionOuts,
  deleteThere,
  hasMoved,
  openClient,
  openClientOf,
  readOuts,
} from "./prefectConnection";
import { applyQueues, type Queues, queueFailures, readQueues } from "./workQueues";

const FIELDS: Fields = {
  description: { api: "description", reset: null },
  isPaused: { api: "is_paused", reset: false },
  concurrencyLimit: { api: "concurrency_limit", reset: null },
  baseJobTemplate: { api: "base_job_template", reset: {} },
};

/** A work pool on a Prefect API. Its id is its name, by which everything refers to it. */
export const operations: Operations = {
  configure: configureConnection,

  async check(_olds, news) {
    const failures: CheckFailure[] = [];
    const fail = (property: string, reason: string) => failures.push({ property, reason });
    const { workPoolName: name, type, baseJobTemplate: template, concurrencyLimit: limit, queues } = news;
    const fault = holdsUnknown(name) ? undefined : typeof name === "string" ? nameFault(name) : "must be a string";
    if (fault !== undefined) fail("workPoolName", `workPoolName ${fault}: ${quoted(name)}`);
    else if (typeof name === "string" && /^prefect/i.test(name))
      fail("workPoolName", `workPoolName "${name}": Prefect keeps names that begin with "prefect" to itself`);
    if (!holdsUnknown(type) && (typeof type !== "string" || type === "")) fail("type", "type must be a work pool type, as process:push");
    if (limit !== undefined && limit !== null && !holdsUnknown(limit) && !(Number.isInteger(limit) && Number(limit) >= 0))
      fail("concurrencyLimit", `concurrencyLimit must be a whole number of at least 0, not ${JSON.stringify(limit)}`);
    // The server looks at a template when a pool is made, and not when it is changed.
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
    noteHolder(olds.workPoolId, olds);
    const moved = hasMoved(olds);
    if (moved) noteMoving(olds.workPoolId);
    const replaces = [...["workPoolName", "type"].filter((key) => olds[key] !== news[key]), ...(moved ? ["apiUrl"] : [])];
    const changed = changedFields({ ...FIELDS, queues: { api: "queues", reset: {} } }, olds, news);
    // On one server two pools cannot have one name, not for a moment.
    const deleteBeforeReplace = !moved && olds.workPoolName === news.workPoolName;
    return { changes: replaces.length > 0 || changed.length > 0, replaces, deleteBeforeReplace };
  },

  async create(inputs) {
    const { workPoolName: name, type } = inputs as { workPoolName: string; type: string };
    const client = await openClient();
    const given = Object.keys(FIELDS).filter((field) => inputs[field] !== undefined);
    const redact = longTexts(inputs.baseJobTemplate);
    const made = await createWorkPool(client, { name, type, ...changeOf(FIELDS, given, inputs) }, redact);
    if (!("exists" in made)) return finished(client, made, inputs, {});
    const { pool, adoption } = await adopt(client, inputs, made.maybeOurs);
    return finished(client, pool, { ...inputs, ...adoption }, {});
  },

  async read(id, props) {
    const client = await openClientOf(props);
    const pool = await readWorkPool(client, id);
    if (!pool) return {};
    const queues = props.queues === undefined ? {} : { queues: await readQueues(client, id, props.queues as Queues) };
    const there = pool as unknown as JsonObject;
    return { id, props: { ...refreshed(FIELDS, props, there), ...queues, ...readOuts(props, computed(client, pool)), type: pool.type } };
  },

  async update(id, olds, news) {
    const client = await openClient();
    const changed = changedFields(FIELDS, olds, news);
    if (changed.length > 0) await patchWorkPool(client, id, changeOf(FIELDS, changed, news), longTexts(news.baseJobTemplate));
    const pool = await readWorkPool(client, id);
    if (!pool)
      throw new UserError(`work pool "${id}" is no longer at ${client.connection.apiUrl}: \`pulumi refresh\`, then it is made again`, 5);
    return { outs: (await finished(client, pool, { ...news, ...keptAdoption(olds) }, (olds.queues ?? {}) as Queues)).outs };
  },

  async delete(id, props) {
    await deleteThere(`work pool "${id}"`, props.workPoolId, props, (client) => deleteWorkPool(client, id));
  },
};

/** Make an existing pool what is asked for. `adoption`: absent if it was made here after all, by a request whose reply was lost. */
async function adopt(client: Client, inputs: JsonObject, maybeOurs: boolean): Promise<{ pool: WorkPool; adoption?: JsonObject }> {
  const name = inputs.workPoolName as string;
  const at = `at ${client.connection.apiUrl}`;
  const there = await readWorkPool(client, name);
  if (!there) throw new UserError(`work pool "${name}" was there and is gone again, ${at}: someone else is changing it; run this again`, 5);
  if (there.type !== inputs.type) {
    throw new UserError(
      `work pool "${name}" is already there, ${at}, with type "${there.type}" and not "${String(inputs.type)}"; a type cannot be changed: give another workPoolName, or delete that pool`,
      5,
    );
  }
  const given = refreshed(FIELDS, inputs, there as unknown as JsonObject);
  const changed = changedFields(FIELDS, given, inputs);
  if (maybeOurs && changed.length === 0) return { pool: there };
  if (inputs.adoptExisting !== true && !isMoving(there.id)) throw alreadyThere(`work pool "${name}"`, client, "workPoolName");
  const adoption = adoptObject(there.id);
  if (changed.length > 0) await patchWorkPool(client, name, changeOf(FIELDS, changed, inputs), longTexts(inputs.baseJobTemplate));
  return { pool: there, adoption };
}

/** The queues come after their pool: if one of them fails, the pool is there all the same, and the next `up` goes on from it. */
async function finished(client: Client, pool: WorkPool, inputs: JsonObject, before: Queues) {
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
