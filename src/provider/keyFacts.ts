import { readState, STATE_FILE_VARIABLE } from "../engine/state";
import { findProgram } from "../findProgram";
import { isJsonObject, type Json, type JsonObject } from "../json";
import type { KeyFacts, StoredKey } from "../keys/keyPlan";
import type { KeyQuestion } from "../keys/keyQuestion";
import { MANIFEST_KIND } from "../manifest/manifest";
import { askPulumi } from "../pulumiCli";
import { UserError } from "../userError";

interface StateResource {
  urn: string;
  type: string;
  id?: string;
  parent?: string;
  delete?: boolean;
  inputs?: JsonObject;
  outputs?: JsonObject;
}

/** The part of a stack's state that is read here. */
interface StackState {
  resources?: StateResource[] | null;
  pending_operations?: { type: string; resource: StateResource }[] | null;
}

/** Several pools of a program ask at the same time. */
const asking = new Map<string, Promise<unknown>>();

/**
 * Read everything that decides which keys a pool has: the stack's state, the cloud's time, and the ledger.
 * @throws {UserError} if the state cannot be read: without it, a key in use might be deleted
 */
export async function readKeyFacts(question: KeyQuestion): Promise<KeyFacts> {
  const { project, stack, clock } = question;
  const found = keysInState(question, await shared(`state ${project}/${stack}`, () => readDeployment(question)));
  if (found.keys.length === 0 && found.proof === undefined) return { localNow: Date.now(), ...found };
  const now = await shared(`clock ${clock}`, () => cloudTime(clock));
  const unfinishedRuns = found.hasPrefect ? undefined : await unfinishedOf(question);
  return { ...found, localNow: Date.now(), ...(now === undefined ? {} : { now }), ...(unfinishedRuns ? { unfinishedRuns } : {}) };
}

/** The ledger is loaded only for a pool that has keys. */
async function unfinishedOf(question: KeyQuestion): Promise<KeyFacts["unfinishedRuns"]> {
  const { readUnfinished } = await import("./unfinishedRuns.js");
  return readUnfinished(question);
}

function shared<T>(name: string, ask: () => Promise<T>): Promise<T> {
  const asked = (asking.get(name) as Promise<T> | undefined) ?? ask().finally(() => asking.delete(name));
  asking.set(name, asked);
  return asked;
}

async function readDeployment({ project, stack, organization }: KeyQuestion): Promise<StackState> {
  const { env } = process;
  const file = env[STATE_FILE_VARIABLE];
  if (file) return (readState(file)?.deployment ?? {}) as StackState;
  const refuse = (why: string) =>
    new UserError(`keyRotation needs the state of stack ${project}/${stack}, which cannot be read: ${why}`, 5);
  if (!findProgram("pulumi", env)) throw refuse("the Pulumi CLI is not on PATH");
  // The bare name finds a stack of an organization only if that organization is the default.
  const full = organization === "" || organization === "organization" ? stack : `${organization}/${project}/${stack}`;
  const reply = await askPulumi(["stack", "export", "--stack", full], process.cwd(), env);
  if (!reply.ok) throw refuse(reply.message);
  try {
    return (JSON.parse(reply.stdout) as { deployment?: StackState | null }).deployment ?? {};
  } catch {
    throw refuse("`pulumi stack export` printed invalid JSON");
  }
}

/** What the state says about a pool's keys. Pure. */
function keysInState(
  { type, name, proof, parents, fields, blockKey }: KeyQuestion,
  { resources, pending_operations }: StackState,
): Omit<KeyFacts, "localNow"> & { hasPrefect: boolean } {
  const mine = (resources ?? []).filter(({ parent, delete: goes }) => goes !== true && parents.includes(parent ?? ""));
  const generationOf = (resource: StateResource) => {
    const [, number] = resource.type === type ? (/^-?(\d*)$/.exec(suffixOf(nameOf(resource.urn), name) ?? "?") ?? []) : [];
    return number === undefined ? undefined : Number(number || 1);
  };
  const stored = mine.flatMap((resource): (StoredKey & { owner: string | undefined })[] => {
    const generation = generationOf(resource);
    if (generation === undefined || resource.id === undefined) return [];
    const outputs = resource.outputs ?? {};
    const owner = textOf(outputs[fields.owner]);
    const isGiven = outputs[fields.secret] !== undefined && outputs[fields.secret] !== null && outputs[fields.secret] !== "";
    return [{ generation, keyId: keyIdOf(resource.id), createdAt: textOf(outputs[fields.createdAt]) ?? "", usable: isGiven, owner }];
  });
  const othersKeys = (resources ?? []).flatMap((resource) =>
    resource.type === type && resource.id !== undefined && !mine.includes(resource) && !parents.includes(resource.parent ?? "")
      ? [keyIdOf(resource.id)]
      : [],
  );
  const keys = stored.sort((one, other) => one.generation - other.generation);
  const proven = mine.find(({ urn }) => nameOf(urn) === proof && urn.includes("KeyProof::"));
  const owner = keys.at(-1)?.owner;
  const manifest = manifestIn(resources ?? []);
  const block = (manifest?.blocks as JsonObject | undefined)?.[blockKey] as JsonObject | undefined;
  const manifestKeyId = textOf(block?.keyId);
  const pending = (pending_operations ?? []).flatMap(({ type: kind, resource }) => {
    const isMine = parents.includes(resource.parent ?? "");
    const generation = kind === "creating" && isMine ? generationOf(resource) : undefined;
    return generation === undefined ? [] : [generation];
  });
  return {
    keys: keys.map(({ owner: _, ...key }) => key),
    ...(proven ? { proof: proofOf(proven) } : {}),
    ...(block === undefined ? {} : { manifestKeyId: manifestKeyId ?? "" }),
    pending,
    ...(othersKeys.length > 0 ? { othersKeys } : {}),
    ...(owner === undefined ? {} : { owner }),
    hasPrefect: manifest?.prefect !== undefined,
  };
}

function proofOf({ outputs = {} }: StateResource): NonNullable<KeyFacts["proof"]> {
  const again = textOf(outputs.again);
  return {
    generation: Number(outputs.generation),
    keyId: textOf(outputs.keyId) ?? "",
    provenAt: textOf(outputs.provenAt) ?? "",
    ...(again === undefined ? {} : { again }),
  };
}

/**
 * The manifest among the stack's outputs. Secrets in it are sealed. That of a program in another language is sealed as a whole, but the
 * component that made it has a summary.
 */
function manifestIn(resources: readonly StateResource[]): JsonObject | undefined {
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const isManifest = (value: Json | undefined): value is JsonObject => isJsonObject(value) && value.kind === MANIFEST_KIND;
  return Object.values(outputs).find(isManifest) ?? summarized(resources.find(({ type }) => type === "pushpool:index:Manifest"));
}

function summarized(component: StateResource | undefined): JsonObject | undefined {
  const summary = component?.outputs?.summary;
  if (!isJsonObject(summary) || !isJsonObject(summary.keyIds)) return undefined;
  const blocks = Object.entries(summary.keyIds).map(([key, keyId]) => [key, { keyId }]);
  return { blocks: Object.fromEntries(blocks), ...(summary.prefect === true ? { prefect: {} } : {}) };
}

/** A key's own id, from the id of its resource: `projects/…/keys/ID`, `OBJECT/password/ID`, or the id itself. */
function keyIdOf(resourceId: string): string {
  return resourceId.slice(resourceId.lastIndexOf("/") + 1);
}

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function suffixOf(text: string, start: string): string | undefined {
  return text.startsWith(start) ? text.slice(start.length) : undefined;
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The time in a reply of a cloud, in milliseconds. */
async function cloudTime(url: string): Promise<number | undefined> {
  try {
    const { headers } = await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(10_000) });
    const time = Date.parse(headers.get("date") ?? "");
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined;
  }
}
