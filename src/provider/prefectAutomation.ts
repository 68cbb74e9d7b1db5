import { type Fault, loopFault, readActions, readTrigger, sameActions, sameTrigger, type UnknownField } from "../automations";
import type { Json, JsonObject } from "../json";
import { suggestion } from "../nearest";
import {
  type AutomationFields,
  createAutomation,
  deleteAutomation,
  enableAutomation,
  listAutomations,
  readAutomation,
  replaceAutomation,
  type ServerAutomation,
} from "../prefect/api/automations";
import type { Client } from "../prefect/client";
import { changedFields, changeOf, longTexts, type ManagedFields, refreshed } from "../prefect/managedFields";
import { quoted } from "../shown";
import { holdsUnknown } from "../unknown";
import { UserError } from "../userError";
import { adoptObject, isMoving, keptAdoption } from "./holders";
import type { CheckFailure, Operations } from "./operations";
import { configureConnection, configuredClient, connectionOuts, openClientFor, readOuts } from "./prefectConnection";
import { alreadyExists, deleteObject, movedFields, objectWasDeleted } from "./prefectObject";

const actions = { reset: [], same: sameActions };
const FIELDS: ManagedFields = {
  automationName: { api: "name", reset: "" },
  description: { api: "description", reset: "" },
  enabled: { api: "enabled", reset: true },
  tags: { api: "tags", reset: [] },
  trigger: { api: "trigger", reset: {}, same: sameTrigger },
  actions: { api: "actions", ...actions },
  actionsOnTrigger: { api: "actions_on_trigger", ...actions },
  actionsOnResolve: { api: "actions_on_resolve", ...actions },
};
const LISTS = ["actions", "actionsOnTrigger", "actionsOnResolve"] as const;

/** An automation on a Prefect API. Its id is Prefect's. */
export const operations: Operations = {
  configure: configureConnection,

  async check(_olds, news) {
    const failures: CheckFailure[] = [];
    const { automationName: name, enabled, tags } = news;
    if (!holdsUnknown(name) && (typeof name !== "string" || name === ""))
      failures.push({ property: "automationName", reason: `automationName must be a string that is not empty, not ${quoted(name)}` });
    if (enabled !== undefined && typeof enabled !== "boolean" && !holdsUnknown(enabled))
      failures.push({ property: "enabled", reason: `enabled must be true or false, not ${quoted(enabled)}` });
    if (tags !== undefined && !holdsUnknown(tags) && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string")))
      failures.push({ property: "tags", reason: "tags must be a list of strings" });
    failures.push(...partFailures(news));
    return { inputs: news, failures };
  },

  async diff(id, olds, news) {
    const replaces = movedFields(id, olds);
    return { changes: replaces.length > 0 || changedFields(FIELDS, olds, news).length > 0, replaces };
  },

  async create(inputs) {
    const client = await configuredClient();
    const about = aboutAutomation(inputs);
    const same = await listAutomations(client, [inputs.automationName as string]);
    if (!same)
      throw new UserError(`${about.about}: the Prefect API at ${client.connection.apiUrl} has no automations: upgrade the server`, 5);
    if (same.length > 0) return adopt(client, same, inputs);
    const made = await createAutomation(client, fieldsOf(inputs, given(inputs)), { ...about, known: new Set() });
    return { id: made.id, outs: outsOf(client, made.id, inputs) };
  },

  async read(id, props) {
    const client = await openClientFor(props);
    const there = await readAutomation(client, id);
    if (!there) return {};
    return { id, props: readOuts(props, { ...refreshed(FIELDS, props, there as unknown as JsonObject), ...outsOf(client, id, {}) }) };
  },

  async update(id, olds, news) {
    const client = await configuredClient();
    await change(client, id, news, changedFields(FIELDS, olds, news));
    return { outs: outsOf(client, id, { ...news, ...keptAdoption(olds) }) };
  },

  async delete(id, props) {
    await deleteObject(aboutAutomation(props).about, id, props, (client) => deleteAutomation(client, id));
  },
};

/** The faults of the trigger and the actions. `up` checks the values that a preview does not know. */
function partFailures(news: JsonObject): CheckFailure[] {
  const found: { property: string; faults: Fault[]; unknown: UnknownField[] }[] = [];
  const isKnown = (value: Json | undefined) => !holdsUnknown(value);
  const trigger = isKnown(news.trigger) ? readTrigger(news.trigger, "trigger") : undefined;
  if (trigger) found.push({ property: "trigger", ...trigger });
  const lists = LISTS.filter((field) => isKnown(news[field]) && (news[field] !== undefined || field === "actions"));
  const read = new Map(lists.map((field) => [field, readActions(news[field], field)]));
  for (const [property, one] of read) found.push({ property, ...one });
  const failures = found.flatMap(({ property, faults, unknown }) => [
    ...faults.map(({ at, message }) => ({ property, reason: `${at} ${message}` })),
    ...unknown.map(({ at, field, known }) => ({ property, reason: `${at} is not a field: ${suggestion(field, known)}` })),
  ]);
  const own = read.get("actions");
  if (failures.length > 0 || !trigger || !own) return failures;
  const loop = loopFault(trigger.trigger, own.actions, news.enabled !== false);
  return loop === undefined ? [] : [{ property: "trigger", reason: `trigger ${loop}` }];
}

/** Names of automations are not unique, so only one can be meant. */
async function adopt(client: Client, same: readonly ServerAutomation[], inputs: JsonObject): Promise<{ id: string; outs: JsonObject }> {
  const { about } = aboutAutomation(inputs);
  const moving = same.find(({ id }) => isMoving(id));
  const there = moving ?? (same[0] as ServerAutomation);
  if (inputs.adoptExisting !== true && !moving) throw alreadyExists(about, client, "automationName");
  if (!moving && same.length > 1) {
    const ids = same.map(({ id }) => id).join(", ");
    throw new UserError(
      `${about}: ${client.connection.apiUrl} has ${same.length} automations with this name (${ids}): delete or rename all but one`,
      5,
    );
  }
  const adoption = adoptObject(there.id);
  await change(client, there.id, inputs, changedFields(FIELDS, refreshed(FIELDS, inputs, there as unknown as JsonObject), inputs));
  return { id: there.id, outs: outsOf(client, there.id, { ...inputs, ...adoption }) };
}

/** Change an automation in place. To enable or disable one leaves alone the events that it has counted. */
async function change(client: Client, id: string, news: JsonObject, changed: readonly string[]): Promise<void> {
  const about = aboutAutomation(news);
  if (!(await readAutomation(client, id))) throw objectWasDeleted(about.about, client);
  if (changed.length === 0) return;
  if (changed.length === 1 && changed[0] === "enabled") return enableAutomation(client, id, news.enabled !== false, about);
  await replaceAutomation(client, id, fieldsOf(news, [...new Set(["automationName", "trigger", "actions", ...changed])]), about);
}

function given(inputs: JsonObject): string[] {
  return Object.keys(FIELDS).filter((field) => inputs[field] !== undefined);
}

/** The request with these fields. The API needs the defaults of triggers and actions, so they are filled in. */
function fieldsOf(inputs: JsonObject, fields: readonly string[]): AutomationFields {
  const filled: JsonObject = { ...inputs, trigger: readTrigger(inputs.trigger, "").trigger };
  for (const field of LISTS) if (inputs[field] !== undefined) filled[field] = readActions(inputs[field], "").actions;
  return changeOf(FIELDS, fields, filled) as unknown as AutomationFields;
}

/** Any string in its trigger and actions may be secret. */
function aboutAutomation(inputs: JsonObject): { about: string; redact: string[] } {
  return { about: `automation "${String(inputs.automationName)}"`, redact: LISTS.flatMap((field) => longTexts(inputs[field])) };
}

function outsOf(client: Client, id: string, inputs: JsonObject): JsonObject {
  return { ...inputs, automationId: id, ...connectionOuts(client) };
}
