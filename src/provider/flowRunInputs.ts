import { createHmac } from "node:crypto";
import type { Json, JsonObject } from "../json";
import { pointerTo, segmentsOf } from "../jsonPointer";
import { MANIFEST_KIND, MANIFEST_VERSION, type Manifest } from "../manifest/manifest";
import { parseManifest } from "../manifest/parse";
import type { RunRequest } from "../runs";
import { requestDigest } from "../runs/requestDigest";

/** What a FlowRun sends along: all that its run needs, for the manifest of its stack is written only when the stack is up. */
export interface FlowRunInputs {
  /** `parent`: URN of the resource that it is a part of, if of any. */
  source: { project: string; stack: string; name: string; parent?: string };
  /** The `definition` of a pool component. */
  pool: { name: string; pool: JsonObject; blocks: JsonObject };
  /** The `definition` of a deployment component. */
  deployment: { name: string; deployment: JsonObject };
  /** Blocks beside the pool's own, as `manifest()` has them. */
  blocks?: JsonObject;
  /** As `manifest()` has them. */
  variables?: JsonObject;
  /** Over the deployment's own. */
  parameters?: JsonObject;
  /** Over the deployment's own. */
  jobVariables?: JsonObject;
  /** Run again when one of them changes. */
  triggers?: Json[];
  tags?: string[];
  /** @default true */
  wait?: boolean;
  /** As `--timeout`; a number is seconds. */
  timeout?: string | number;
  /** The resource option: property paths whose changes are a replacement; `*` is any. */
  replaceOnChanges?: string[];
  /** JSON pointers into all this to what was secret in the program: here it arrives in plain text. */
  secretPaths?: string[];
}

/** What a run is made from: its manifest, secrets wrapped, and what is asked for. */
export interface Asked {
  manifest: Manifest;
  /** What messages call it. */
  origin: string;
  /** `<project>/<stack>` */
  stack: string;
  request: RunRequest;
}

/**
 * A FlowRun's inputs as a manifest of one pool and one deployment, and a request.
 *
 * A job variable with a secret in it becomes the deployment's own: of a manifest's secrets the ledger keeps a reference, and what a request
 * brings along it keeps as it is. For what is rendered it makes no difference.
 * @throws {UserError} with the path in the manifest of what is wrong
 */
export function askedOf(inputs: FlowRunInputs): Asked {
  const { source, pool, deployment, blocks = {}, variables = {}, parameters, tags } = inputs;
  const { open, secret } = bySecrecy(inputs);
  const origin = `FlowRun "${source.name}"`;
  const tree: JsonObject = {
    kind: MANIFEST_KIND,
    version: MANIFEST_VERSION,
    source: { project: source.project, stack: source.stack },
    pools: { [pool.name]: pool.pool },
    blocks: { ...pool.blocks, ...blocks },
    variables,
    deployments: { [deployment.name]: withJobVariables(deployment.deployment, secret) },
  };
  return {
    manifest: parseManifest(
      tree,
      secretPathsOf(inputs).flatMap((path) => inManifest(path, inputs)),
      origin,
    ),
    origin,
    stack: `${source.project}/${source.stack}`,
    request: {
      deployment: deployment.name,
      ...(parameters === undefined ? {} : { parameters }),
      ...(Object.keys(open).length === 0 ? {} : { jobVariables: open }),
      ...(tags === undefined ? {} : { tags }),
    },
  };
}

/** Job variables that say where a cloud runs a job. */
const PLACES = ["region", "cluster"];

/**
 * The inputs with a pool whose usual place is the run's own: where a run that no ledger knows is looked for. The deployment's job variables, or the
 * run's, may have sent it elsewhere.
 */
export function whereItRuns(inputs: FlowRunInputs): FlowRunInputs {
  const ofDeployment = objectOr(objectOr(inputs.deployment.deployment.workPool).jobVariables);
  const over = { ...ofDeployment, ...inputs.jobVariables };
  const template = objectOr(inputs.pool.pool.baseJobTemplate);
  const variables = objectOr(template.variables);
  const properties = { ...objectOr(variables.properties) };
  for (const place of PLACES) {
    const value = over[place];
    if (typeof value === "string") properties[place] = { ...objectOr(properties[place]), default: value };
  }
  const baseJobTemplate = { ...template, variables: { ...variables, properties } };
  return { ...inputs, pool: { ...inputs.pool, pool: { ...inputs.pool.pool, baseJobTemplate } } };
}

/**
 * `<project>/<stack>/<name>/<digest of parameters, job variables and triggers>`: the same again is the same run, whoever asks.
 *
 * Where there is a secret among them the digest is keyed: a digest of a short text alone could be guessed at.
 */
export function idempotencyKey(inputs: FlowRunInputs, digestKey: () => Buffer): string {
  const { project, stack, name, parent } = inputs.source;
  const { parameters = {}, jobVariables = {}, triggers = [] } = inputs;
  const secret = secretPathsOf(inputs).filter((path) => /^\/(jobVariables|triggers)(\/|$)/.test(path));
  const digest =
    secret.length === 0
      ? requestDigest({ parameters, jobVariables, triggers })
      : createHmac("sha256", digestKey()).update(requestDigest({ parameters, jobVariables, triggers, secret })).digest("hex");
  // Two components may each have a part of this name.
  const within = parent === undefined ? [] : [parent.split("::").slice(2).join("::")];
  return [project, stack, ...within, name, digest].join("/");
}

export function secretPathsOf({ secretPaths = [] }: FlowRunInputs): string[] {
  return secretPaths;
}

/** The run's job variables, those with a secret in them apart. */
function bySecrecy(inputs: FlowRunInputs): { open: JsonObject; secret: JsonObject } {
  const prefix = "/jobVariables";
  const marked = secretPathsOf(inputs).filter((path) => path === prefix || path.startsWith(`${prefix}/`));
  const isSecret = (name: string) => marked.some((path) => path === prefix || segmentsOf(path)[1] === name);
  const entries = Object.entries(inputs.jobVariables ?? {});
  return {
    open: Object.fromEntries(entries.filter(([name]) => !isSecret(name))),
    secret: Object.fromEntries(entries.filter(([name]) => isSecret(name))),
  };
}

/** As rendering merges them: each whole, `env` alone by name. */
function withJobVariables(deployment: JsonObject, over: JsonObject): JsonObject {
  if (Object.keys(over).length === 0) return deployment;
  const workPool = objectOr(deployment.workPool);
  const jobVariables = objectOr(workPool.jobVariables);
  const env: JsonObject = isObject(over.env) ? { env: { ...objectOr(jobVariables.env), ...over.env } } : {};
  const later = { ...over, ...env };
  // What is said last wins, so it stands last.
  const before = Object.fromEntries(Object.entries(jobVariables).filter(([name]) => !Object.hasOwn(later, name)));
  return { ...deployment, workPool: { ...workPool, jobVariables: { ...before, ...later } } };
}

/** Where in the manifest a secret of the inputs comes to stand; nowhere for a trigger. */
function inManifest(path: string, { pool, deployment, jobVariables = {} }: FlowRunInputs): string[] {
  const [section = "", ...rest] = segmentsOf(path);
  switch (section) {
    case "pool":
      return rest[0] === "blocks" ? [pointerTo(rest)] : [pointerTo(["pools", pool.name, ...rest.slice(1)])];
    case "deployment":
      return [pointerTo(["deployments", deployment.name, ...rest.slice(1)])];
    case "jobVariables": {
      const at = ["deployments", deployment.name, "workPool", "jobVariables"];
      const below = rest.length > 0 ? [rest] : Object.keys(jobVariables).map((name) => [name]);
      // `env` is merged by name, so that a secret one is told from the deployment's by its names.
      return below.flatMap((segments) => {
        const env = segments.length === 1 && segments[0] === "env" ? jobVariables.env : undefined;
        return isObject(env) ? Object.keys(env).map((name) => pointerTo([...at, "env", name])) : [pointerTo([...at, ...segments])];
      });
    }
    case "blocks":
    case "variables":
      return [path];
    default:
      return [];
  }
}

function objectOr(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
