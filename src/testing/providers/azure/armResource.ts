import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type Json, type JsonObject } from "../../../json";
import type { StandInResource } from "../standInProvider";
import { type AzureApi, found } from "./azureApi";

/** A resource type of Resource Manager, and how Pulumi's provider names its parts. */
export interface ArmResource extends Pick<StandInResource, "computed" | "autoName"> {
  /** The API version that Pulumi's provider uses. */
  version: string;
  /** The id of the resource with these inputs. */
  idOf(inputs: JsonObject): string;
  /** Inputs that are part of the id, or that Azure does not change. */
  fixed: readonly string[];
  /** Inputs that are beside `properties`. All others are in it. */
  beside?: readonly string[];
  /** Inputs that have another name there. */
  names?: Readonly<Record<string, string>>;
  /** Lists whose items have a `name` and `properties`, which Pulumi's provider writes as one object. */
  listed?: readonly string[];
  /** Outputs from the reply's properties. */
  outputs?(properties: JsonObject, reply: JsonObject): JsonObject;
}

/**
 * Each operation of a resource as calls of Resource Manager. Like Pulumi's provider it looks first: what is there already is not taken over.
 */
export function armResource(api: AzureApi, row: ArmResource): StandInResource {
  const { version, idOf, fixed, beside = [], names = {}, listed = [], outputs = () => ({}) } = row;
  /** Outputs that are not inputs. */
  const told = ["id", "name", "type", "azureApiVersion", ...(row.computed ?? [])];
  const isBody = (name: string) => !fixed.includes(name) || beside.includes(name) || Object.hasOwn(names, name);
  const bodyOf = (inputs: JsonObject): JsonObject => {
    const entries = Object.entries(inputs).filter(([name]) => isBody(name) && !NOT_SENT.includes(name));
    const sent = (all: [string, Json][]) =>
      Object.fromEntries(all.map(([name, value]) => [names[name] ?? name, listed.includes(name) ? apart(value) : value]));
    const outer = entries.filter(([name]) => beside.includes(name));
    const inner = entries.filter(([name]) => !beside.includes(name));
    return { ...sent(outer), ...(inner.length > 0 ? { properties: sent(inner) } : {}) };
  };
  const outputsOf = (reply: JsonObject): JsonObject => {
    const { id = "", name = "", type = "", properties = {} } = reply;
    return { id, name, type, azureApiVersion: version, ...outputs(properties as JsonObject, reply) };
  };
  return {
    ...(row.computed === undefined ? {} : { computed: [...row.computed, "name", "type"] }),
    ...(row.autoName === undefined ? {} : { autoName: row.autoName }),
    replaceOn: fixed,
    create: async (inputs) => {
      const id = idOf(inputs);
      if (await found(api, id, version)) throw new Error(`cannot create already existing resource '${id}'`);
      const reply = await api.arm("PUT", id, version, bodyOf(inputs));
      return { id: String(reply.id ?? id), outputs: outputsOf(reply) };
    },
    read: async (id, known) => {
      const reply = await found(api, idOf(known), version);
      if (!reply) return undefined;
      const declared = Object.fromEntries(Object.entries(known).filter(([name]) => !told.includes(name)));
      const sent = bodyOf(declared);
      const seen = (name: string, here: JsonObject, there: JsonObject): [string, Json][] => {
        const path = names[name] ?? name;
        if (here[path] === undefined || there[path] === undefined || covers(there[path], here[path])) return [];
        return [[name, listed.includes(name) ? together(there[path]) : there[path]]];
      };
      const properties = (reply.properties ?? {}) as JsonObject;
      const changed = Object.keys(declared)
        .filter(isBody)
        .flatMap((name) =>
          beside.includes(name) ? seen(name, sent, reply) : seen(name, (sent.properties ?? {}) as JsonObject, properties),
        );
      return { id, outputs: { ...outputsOf(reply), ...Object.fromEntries(changed) } };
    },
    update: async (_, inputs) => outputsOf(await api.arm("PUT", idOf(inputs), version, bodyOf(inputs))),
    delete: async (_, known) => {
      // If the resource or its group is already deleted, the answer is a 404 or 204.
      if (await found(api, idOf(known), version)) await api.arm("DELETE", idOf(known), version);
    },
  };
}

/** Values that Azure adds to those that were sent are not a change. */
function covers(there: Json, here: Json): boolean {
  if (Array.isArray(there) && Array.isArray(here))
    return there.length === here.length && here.every((each, index) => covers(there[index] as Json, each));
  if (isJsonObject(there) && isJsonObject(here))
    return Object.entries(here).every(([name, value]) => there[name] !== undefined && covers(there[name], value));
  return isDeepStrictEqual(there, here);
}

const NOT_SENT = ["resourceGroupName"];

function apart(list: Json): Json {
  return (list as JsonObject[]).map(({ name = "", ...properties }) => ({ name, properties }));
}

function together(list: Json): Json {
  return (list as { name: string; properties: JsonObject }[]).map(({ name, properties }) => ({ name, ...properties }));
}
