import { sameJson } from "../../canonicalJson";
import type { JsonObject } from "../../json";
import type { Client } from "../client";

/** An automation as the API returns it. */
export interface ServerAutomation {
  id: string;
  /** ISO 8601. */
  created: string;
  name: string;
  description: string;
  enabled: boolean;
  trigger: JsonObject;
  actions: JsonObject[];
  actions_on_trigger: JsonObject[];
  actions_on_resolve: JsonObject[];
  /** Absent on servers before 3.2. */
  tags?: string[];
}

/** The fields of an automation that can be set. An absent field stays as it is. */
export interface AutomationFields {
  name: string;
  trigger: JsonObject;
  actions: JsonObject[];
  description?: string;
  enabled?: boolean;
  tags?: string[];
  actions_on_trigger?: JsonObject[];
  actions_on_resolve?: JsonObject[];
}

/** The start of a message about an automation, and the strings that it must mask. */
export interface AboutAutomation {
  about: string;
  redact: readonly string[];
}

/**
 * The automations of the server, in pages.
 * @param names only those with one of these names
 * @returns `undefined` if this API has no automations
 */
export async function listAutomations(client: Client, names?: readonly string[]): Promise<ServerAutomation[] | undefined> {
  const all: ServerAutomation[] = [];
  const filter: JsonObject = names ? { automations: { name: { any_: [...names] } } } : {};
  for (;;) {
    const json = { ...filter, limit: 200, offset: all.length, sort: "NAME_ASC" };
    const { status, body } = await client.request<ServerAutomation[]>("POST", "/automations/filter", { json, allow: [404, 405] });
    if (status >= 400) return undefined;
    all.push(...body);
    if (body.length < 200) return all;
  }
}

export async function readAutomation(client: Client, id: string): Promise<ServerAutomation | undefined> {
  const { status, body } = await client.request<ServerAutomation>("GET", `/automations/${id}`, { allow: [404] });
  return status === 404 ? undefined : body;
}

/**
 * Create an automation. Names are not unique, so a request that arrives twice creates two: then the second one is deleted again.
 * @param owner the resource to which it belongs, such as `prefect.deployment.<id>`. `prefect deploy` deletes what its deployment owns.
 * @param known ids of the automations that existed before; gets the new one too
 */
export async function createAutomation(
  client: Client,
  fields: AutomationFields,
  { about, redact, owner, known }: AboutAutomation & { owner?: string; known: Set<string> },
): Promise<ServerAutomation> {
  const json = { ...fields, ...(owner === undefined ? {} : { owner_resource: owner }) } as unknown as JsonObject;
  const { body, repeated } = await client.request<ServerAutomation>("POST", "/automations/", { json, about, redact });
  if (repeated) {
    for (const { id, actions } of (await listAutomations(client, [fields.name])) ?? [])
      if (id !== body.id && !known.has(id) && sameJson(actions, body.actions)) await deleteAutomation(client, id);
  }
  known.add(body.id);
  return body;
}

/** Replace an automation's fields. It keeps its id, but forgets the events that it has counted so far. */
export async function replaceAutomation(client: Client, id: string, fields: AutomationFields, about: AboutAutomation): Promise<void> {
  await client.request("PUT", `/automations/${id}`, { json: fields as unknown as JsonObject, ...about });
}

/** Enable or disable an automation. It keeps the events that it has counted so far. */
export async function enableAutomation(client: Client, id: string, enabled: boolean, { about, redact }: AboutAutomation): Promise<void> {
  await client.request("PATCH", `/automations/${id}`, { json: { enabled }, about, redact });
}

/** An automation that does not exist counts as deleted. */
export async function deleteAutomation(client: Client, id: string): Promise<void> {
  await client.request("DELETE", `/automations/${id}`, { allow: [404] });
}

/** Delete the automations that a resource owns, such as `prefect.deployment.<id>`. Those that only act on it stay. */
export async function deleteOwnedAutomations(client: Client, owner: string): Promise<void> {
  await client.request("DELETE", `/automations/owned-by/${owner}`, { allow: [404, 405] });
}
