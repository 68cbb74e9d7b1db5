import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../../json";
import { POOL_TAG, STACK_TAG } from "../../manifest/cloudNames";
import { processLives, processName } from "../../processName";
import { UserError } from "../../userError";
import type { CallOptions } from "../cloud/calls";
import { doOnce } from "../cloud/claims";
import type { SharedNotes } from "../target";
import type { EcsApi } from "./ecsApi";
import { digestOf, SHAPE_TAG, tagsOf } from "./ecsNames";
import { type DefinitionNote, definitionNote } from "./ecsNotes";
import type { EcsRequest, LogPlace } from "./ecsRequest";
import type { SecretStore } from "./secretStore";
import { logPlaceOf } from "./taskDefinition";

/** An existing task definition, with what the run needs to know about it. */
export interface ReadyDefinition {
  arn: string;
  container?: string;
  logs?: LogPlace;
}

export interface Definitions {
  ready(request: EcsRequest, pool: string, signal?: AbortSignal): Promise<ReadyDefinition>;
  /** It no longer exists: the next look is a new one. */
  forget(request: EcsRequest, pool: string): Promise<void>;
}

/** How long a process on another host may take to register one before it counts as dead, in milliseconds. */
const CLAIM = 60_000;
const HOUR = 3_600_000;

type Registrable = Extract<EcsRequest["definition"], { register: JsonObject }>;

/** A definition as it is registered. */
interface Shape extends Registrable {
  /** The names of its secrets, by environment variable. */
  names: [variable: string, name: string][];
}

/**
 * Task definitions, registered once for each configuration by all processes that use the ledger.
 * @param stack its name in the cloud: another stack's definitions are never used
 * @param place whose account they are in
 */
export function openDefinitions({
  api,
  notes,
  secretStore,
  stack,
  place,
}: {
  api: EcsApi;
  notes: SharedNotes;
  secretStore: SecretStore;
  stack: string;
  place: string;
}): Definitions {
  const noteOf = ({ register, digest }: Shape) => definitionNote(notes, place, String(register.family), digest);
  const underWay = new Map<string, Promise<string>>();

  /** The definition to register: as planned, with the stack's tag and the names of its secrets. */
  async function shapeOf({ definition, secrets }: EcsRequest, pool: string): Promise<Shape> {
    const { register, digest, matchLatest } = definition as Registrable;
    const names = await secretStore.namesOf(pool, secrets);
    return { register, matchLatest, names, digest: digestOf({ digest, stack, names } as unknown as Json) };
  }

  async function registered(definition: Shape, container: string, pool: string, signal?: AbortSignal): Promise<string> {
    const note = noteOf(definition);
    let known: DefinitionNote | undefined;
    const arn = await doOnce<DefinitionNote, string>({
      note,
      answer: (value) => {
        known = value;
        return value.arn;
      },
      holds: ({ by, at }, now) => by !== undefined && now < at + CLAIM && processLives(by),
      claim: (now) => ({ by: processName(), claimed: randomUUID(), at: now }),
      work: async (claim) => {
        try {
          const options = { signal, lastStep: claim.renew };
          const made = (await found(definition, options)) ?? (await register(definition, container, pool, options));
          await claim.replace({ arn: made, at: note.now() });
          return made;
        } catch (error) {
          await claim.replace(undefined);
          throw error;
        }
      },
      pause: 30,
      ...(signal ? { signal } : {}),
    });
    // When it was last used, for tidying.
    const isOld = (value: DefinitionNote | undefined) => value !== undefined && note.now() > value.at + HOUR;
    if (isOld(known)) await note.rewrite((value) => (value && isOld(value) ? { ...value, at: note.now() } : value));
    return arn;
  }

  /** The family's latest revision, if it has this configuration. */
  async function found({ register, digest, matchLatest }: Shape, options: CallOptions): Promise<string | undefined> {
    const latest = await api.describeTaskDefinition(String(register.family), options);
    if (!latest?.active) return undefined;
    if (latest.tags[SHAPE_TAG] === digest) return latest.arn;
    const { [STACK_TAG]: owner = stack } = latest.tags;
    return matchLatest && owner === stack && sameDefinition(register, latest.definition as unknown as JsonObject) ? latest.arn : undefined;
  }

  async function register(
    { register: plain, digest, names }: Shape,
    container: string,
    pool: string,
    options: CallOptions,
  ): Promise<string> {
    const request = structuredClone(plain);
    const own = (request.containerDefinitions as JsonObject[]).find(({ name }) => name === container);
    const added = names.map(([name, valueFrom]) => ({ name, valueFrom }));
    if (own && added.length > 0) own.secrets = [...((own.secrets ?? []) as JsonObject[]), ...added];
    const tags = [
      ...((request.tags ?? []) as JsonObject[]),
      ...tagsOf({ [SHAPE_TAG]: digest, "managed-by": "pushpool", [STACK_TAG]: stack, [POOL_TAG]: pool }, "tags").tags,
    ];
    return api.registerTaskDefinition({ ...request, tags }, options);
  }

  return {
    async ready(request, pool, signal) {
      const { definition, secrets, container, region, logs } = request;
      if ("given" in definition) {
        const found = await api.describeTaskDefinition(definition.given, { signal });
        if (!found) throw new UserError(`task_definition_arn: there is no task definition ${definition.given} in ${region}`, 5);
        if (!found.active) throw new UserError(`task_definition_arn: ${definition.given} is inactive: name an active revision`, 5);
        const all = found.definition.containerDefinitions ?? [];
        const own = all.find(({ name }) => name === (container ?? "prefect")) ?? (container === undefined ? all[0] : undefined);
        if (!own?.name) throw new UserError(`container_name: task definition ${definition.given} has no container "${container}"`, 5);
        const place = logPlaceOf(own, region);
        return { arn: found.arn, container: own.name, ...(place ? { logs: place } : {}) };
      }
      await secretStore.put(pool, secrets, signal);
      const shape = await shapeOf(request, pool);
      const key = `${shape.register.family}/${shape.digest}`;
      const arn = await (underWay.get(key) ??
        (() => {
          const making = registered(shape, container ?? "", pool, signal).finally(() => underWay.delete(key));
          underWay.set(key, making);
          return making;
        })());
      return { arn, ...(container === undefined ? {} : { container }), ...(logs ? { logs } : {}) };
    },
    async forget(request, pool) {
      if ("given" in request.definition) return;
      await noteOf(await shapeOf(request, pool)).update((known) => (known?.arn === undefined ? known : undefined));
    },
  };
}

/** Fields that ECS adds to a registered definition. */
const ADDED = [
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
  "tags",
];

/** Whether a described definition matches a request, as Prefect's worker compares them. */
function sameDefinition(wanted: JsonObject, described: JsonObject): boolean {
  return isDeepStrictEqual(normal(wanted), normal(described));
}

function normal(definition: JsonObject): JsonObject {
  const kept = Object.entries(definition).filter(([key, value]) => !ADDED.includes(key) && !isEmpty(value));
  const result = Object.fromEntries(kept) as JsonObject;
  result.networkMode ??= "bridge";
  result.containerDefinitions = ((result.containerDefinitions ?? []) as JsonObject[]).map((container) => {
    const inner = Object.fromEntries(
      Object.entries({ essential: true, ...container } as JsonObject).filter(([, value]) => !isEmpty(value) && value !== 0),
    ) as JsonObject;
    for (const key of ["environment", "secrets"])
      if (Array.isArray(inner[key]))
        inner[key] = [...(inner[key] as JsonObject[])].sort((a, b) => String(a.name).localeCompare(String(b.name)));
    return inner;
  });
  return result;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}
