import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type Json, type JsonObject } from "../../../json";
import type { StandInResource } from "../standInProvider";
import type { AwsApi } from "./awsApi";

/** A resource type of CloudFormation's registry, and how Pulumi's provider names its parts. */
export interface Registered extends Pick<StandInResource, "replaceOn" | "computed" | "autoName"> {
  /** Its name in the registry: `AWS::EC2::Subnet`. */
  type: string;
  /** Properties that AWS sets. */
  readOnly: readonly string[];
  /** Inputs that have another name there. All others have the same name in PascalCase. */
  names?: Record<string, string>;
  /** Properties that Pulumi's provider always sends. An input replaces its own. */
  always?: JsonObject;
  /** Values that mean the same as an absent input, by its name. */
  absent?: JsonObject;
  /** Pulumi's id. @default the identifier */
  idOf?(identifier: string, model: JsonObject): string;
  /** The identifier for an id. @default the id */
  identifierOf?(id: string, known: JsonObject): string;
  outputs?(id: string, model: JsonObject): JsonObject;
}

/** Each operation of the resource as calls of Cloud Control. */
export function registered(api: AwsApi, row: Registered): StandInResource {
  const { type, readOnly, idOf = (identifier) => identifier, identifierOf = (id) => id, outputs = () => ({}), absent = {} } = row;
  const modelOf = (inputs: JsonObject) => ({
    ...row.always,
    ...Object.fromEntries(
      Object.entries(inputs)
        // The provider has only one region here.
        .filter(([name, value]) => name !== "region" && !isDeepStrictEqual(value, absent[name]))
        .map(([name, value]) => [row.names?.[name] ?? pascal(name), valueThere(name, value)]),
    ),
  });
  const names = new Map(Object.entries(row.names ?? {}).map(([here, there]) => [there, here]));
  return {
    ...(row.replaceOn === undefined ? {} : { replaceOn: row.replaceOn }),
    ...(row.computed === undefined ? {} : { computed: row.computed }),
    ...(row.autoName === undefined ? {} : { autoName: row.autoName }),
    create: async (inputs) => {
      const { identifier, model } = await api.create(type, modelOf(inputs));
      const id = idOf(identifier, model);
      return { id, outputs: outputs(id, model) };
    },
    read: async (id, known) => {
      const found = await api.get(type, identifierOf(id, known));
      if (!found) return undefined;
      const expected = modelOf(known);
      const changed = Object.entries(found).filter(
        ([name, value]) => !readOnly.includes(name) && !isDeepStrictEqual(expected[name], value),
      );
      const seen = changed.map(([name, value]) => {
        const here = names.get(name) ?? camel(name);
        return [here, valueHere(here, value)] as const;
      });
      const gone = Object.entries(absent).filter(
        ([name]) => found[row.names?.[name] ?? pascal(name)] === undefined && known[name] !== undefined,
      );
      return { id, outputs: Object.fromEntries([...gone, ...seen]) };
    },
    update: async (id, inputs, before) => {
      await api.update(type, identifierOf(id, { ...before, ...inputs }), modelOf(inputs), readOnly);
      return {};
    },
    delete: (id, known) => api.remove(type, identifierOf(id, known)),
  };
}

type Rule = { protocol?: Json; fromPort?: Json; toPort?: Json; cidrBlocks?: Json[]; securityGroups?: Json[] };

/** Tags are a list there, and a rule of a security group has one source. */
function valueThere(name: string, value: Json): Json {
  if (name === "tags") return Object.entries(value as JsonObject).map(([Key, Value]) => ({ Key, Value }));
  if (name === "ingress" || name === "egress")
    return (value as Rule[]).flatMap(({ protocol = "-1", fromPort = 0, toPort = 0, cidrBlocks = [], securityGroups = [] }) => {
      const rule = { IpProtocol: protocol, FromPort: fromPort, ToPort: toPort };
      const group = name === "ingress" ? "SourceSecurityGroupId" : "DestinationSecurityGroupId";
      return [...cidrBlocks.map((CidrIp) => ({ ...rule, CidrIp })), ...securityGroups.map((id) => ({ ...rule, [group]: id }))];
    });
  return isJsonObject(value) ? renamed(value, pascal) : value;
}

function valueHere(name: string, value: Json): Json {
  if (name === "tags") return Object.fromEntries((value as JsonObject[]).map(({ Key, Value = "" }) => [String(Key), Value]));
  if (name === "ingress" || name === "egress")
    return (value as JsonObject[]).map(({ IpProtocol = "-1", FromPort = 0, ToPort = 0, CidrIp, ...source }) => ({
      protocol: IpProtocol,
      fromPort: FromPort,
      toPort: ToPort,
      ...(CidrIp === undefined ? { securityGroups: Object.values(source) } : { cidrBlocks: [CidrIp] }),
    }));
  return isJsonObject(value) ? renamed(value, camel) : value;
}

function renamed(value: JsonObject, name: (of: string) => string): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [name(key), isJsonObject(inner) ? renamed(inner, name) : inner]));
}

const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
