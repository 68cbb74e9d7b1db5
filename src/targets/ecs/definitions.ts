import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../json";
import { processLives, processName } from "../../processName";
import type { Secret } from "../../secret";
import { UserError } from "../../userError";
import type { SharedNotes } from "../target";
import type { EcsApi } from "./ecsApi";
import { SHAPE_TAG } from "./names";
import type { EcsRequest, LogPlace } from "./request";
import { logPlaceOf } from "./taskDefinition";

/** A task definition that is there, and what of it the run needs to know. */
export interface ReadyDefinition {
  arn: string;
  container?: string;
  logs?: LogPlace;
}

export interface Definitions {
  ready(request: EcsRequest, pool: string, signal?: AbortSignal): Promise<ReadyDefinition>;
  /** It turned out not to be there any more: the next look is a new one. */
  forget(request: EcsRequest): Promise<void>;
}

/** How long a process on another host may take to register one before it is taken for dead, in milliseconds. */
const CLAIM = 60_000;

type Registrable = Extract<EcsRequest["definition"], { register: JsonObject }>;

interface Note {
  arn?: string;
  /** The process that is registering it, and which of its tries. */
  by?: string;
  claimed?: string;
  at: number;
}

/** Task definitions, registered once per shape by all processes that use the ledger. @param place whose they are */
export function openDefinitions({ api, notes, place }: { api: EcsApi; notes: SharedNotes; place: string }): Definitions {
  const underWay = new Map<string, Promise<string>>();
  const put = new Set<string>();

  async function registered(
    definition: Registrable,
    secrets: Record<string, Secret>,
    container: string,
    pool: string,
    signal?: AbortSignal,
  ): Promise<string> {
    const key = keyOf(place, definition);
    const by = processName();
    const claimed = randomUUID();
    for (;;) {
      signal?.throwIfAborted();
      const text = await notes.readNote(key);
      const note = text === undefined ? undefined : (JSON.parse(text) as Note);
      if (note?.arn !== undefined) return note.arn;
      if (note?.by !== undefined && Date.now() < note.at + CLAIM && processLives(note.by)) {
        await sleep(30, undefined, signal ? { signal } : {});
        continue;
      }
      const claim = JSON.stringify({ by, claimed, at: Date.now() } satisfies Note);
      if (!(await notes.swapNote(key, text, claim))) continue;
      try {
        const arn = (await found(definition, signal)) ?? (await register(definition, secrets, container, pool, signal));
        await notes.swapNote(key, claim, JSON.stringify({ arn, at: Date.now() } satisfies Note));
        return arn;
      } catch (error) {
        await notes.swapNote(key, claim, undefined);
        throw error;
      }
    }
  }

  /** The family's latest revision, where it is of this shape. */
  async function found(
    { register, digest, matchLatest }: { register: JsonObject; digest: string; matchLatest: boolean },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const latest = await api.describeTaskDefinition(String(register.family), signal);
    if (!latest?.active) return undefined;
    if (latest.tags[SHAPE_TAG] === digest) return latest.arn;
    return matchLatest && sameDefinition(register, latest.definition as unknown as JsonObject) ? latest.arn : undefined;
  }

  async function register(
    { register: plain, digest }: { register: JsonObject; digest: string },
    secrets: Record<string, Secret>,
    container: string,
    pool: string,
    signal?: AbortSignal,
  ): Promise<string> {
    const request = structuredClone(plain);
    const own = (request.containerDefinitions as JsonObject[]).find(({ name }) => name === container);
    const added = Object.keys(secrets).map((name) => ({ name, valueFrom: parameterName(pool, name, secrets[name] as Secret) }));
    if (own && added.length > 0) own.secrets = [...((own.secrets ?? []) as JsonObject[]), ...added];
    const tags = (request.tags ?? []) as JsonObject[];
    return api.registerTaskDefinition(
      { ...request, tags: [...tags, { key: SHAPE_TAG, value: digest }, { key: "managed-by", value: "pushpool" }] },
      signal,
    );
  }

  /** Secrets lie in Parameter Store, encrypted; a definition holds their names. A changed value takes its predecessor's place. */
  async function putSecrets(pool: string, secrets: Record<string, Secret>, signal?: AbortSignal): Promise<void> {
    for (const [variable, secret] of Object.entries(secrets)) {
      const name = parameterName(pool, variable, secret);
      const value = String(secret.reveal());
      const known = createHash("sha256").update(`${name}\0${value}`).digest("hex");
      if (put.has(known)) continue;
      await api.putSecret(name, value, signal);
      put.add(known);
    }
  }

  return {
    async ready({ definition, secrets, container, region, logs }, pool, signal) {
      if ("given" in definition) {
        const found = await api.describeTaskDefinition(definition.given, signal);
        if (!found) throw new UserError(`task_definition_arn: there is no task definition ${definition.given} in ${region}`, 5);
        if (!found.active) throw new UserError(`task_definition_arn: ${definition.given} is inactive: name an active revision`, 5);
        const all = found.definition.containerDefinitions ?? [];
        const own = all.find(({ name }) => name === (container ?? "prefect")) ?? (container === undefined ? all[0] : undefined);
        if (!own?.name) throw new UserError(`container_name: task definition ${definition.given} has no container "${container}"`, 5);
        const place = logPlaceOf(own, region);
        return { arn: found.arn, container: own.name, ...(place ? { logs: place } : {}) };
      }
      await putSecrets(pool, secrets, signal);
      const key = keyOf(place, definition);
      const arn = await (underWay.get(key) ??
        (() => {
          const making = registered(definition, secrets, container ?? "", pool, signal).finally(() => underWay.delete(key));
          underWay.set(key, making);
          return making;
        })());
      return { arn, ...(container === undefined ? {} : { container }), ...(logs ? { logs } : {}) };
    },
    async forget({ definition }) {
      if ("given" in definition) return;
      const key = keyOf(place, definition);
      const text = await notes.readNote(key);
      if (text !== undefined && (JSON.parse(text) as Note).arn !== undefined) await notes.swapNote(key, text, undefined);
    },
  };
}

function keyOf(place: string, { register, digest }: { register: JsonObject; digest: string }): string {
  return `ecs/definition/${place}/${String(register.family)}/${digest}`;
}

/** Where a secret lies in Parameter Store: by what it is made of, so that nothing of its value shows. */
function parameterName(pool: string, variable: string, { parts }: Secret): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
  return `/pushpool/${pool.replaceAll(/[^a-zA-Z0-9_.-]/g, "-")}/${variable.replaceAll(/[^a-zA-Z0-9_.-]/g, "-")}-${digest}`;
}

/** Fields that ECS adds to what was registered. */
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

/** Whether a described definition says what a request asks for, as Prefect's worker compares them. */
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
