import { createHmac } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../json";
import { pointerTo, segmentsOf } from "../jsonPointer";
import { MANIFEST_KIND, MANIFEST_VERSION, type Manifest } from "../manifest/manifest";
import { parseManifest } from "../manifest/parseManifest";
import type { RunRequest } from "../runs";
import { requestDigest } from "../runs/requestDigest";

/** The inputs of a FlowRun resource. They contain all that its run needs, because the manifest is written only at the end of the update. */
export interface FlowRunInputs {
  /** `parent` is the URN of the component that contains it, if there is one. */
  source: { project: string; stack: string; name: string; parent?: string };
  /** The `definition` of a pool component. */
  pool: { name: string; pool: JsonObject; blocks: JsonObject };
  /** Whether it runs on `pool` although its deployment names another. @default false */
  overridePool?: boolean;
  /** The `definition` of a deployment component. */
  deployment: { name: string; deployment: JsonObject };
  /** Blocks besides the pool's own, in the form of `manifest()`. */
  blocks?: JsonObject;
  /** In the form of `manifest()`. */
  variables?: JsonObject;
  /** Parameters that override the deployment's. */
  parameters?: JsonObject;
  /** Job variables that override the deployment's. */
  jobVariables?: JsonObject;
  /** The flow runs again when one of these changes. */
  triggers?: Json[];
  tags?: string[];
  /** @default true */
  wait?: boolean;
  /** Like `--timeout`. A number means seconds. */
  timeout?: string | number;
  /** The database that records the run. `url` is a secret. */
  ledger?: { url: string; schema?: string };
  /** The resource option: property paths whose changes cause a replacement. `*` matches any part. */
  replaceOnChanges?: string[];
  /** JSON pointers to the inputs that were secret in the program. They arrive here in plain text. */
  secretPaths?: string[];
}

/** The manifest (secrets wrapped) and the request of a run. */
export interface ResolvedRequest {
  manifest: Manifest;
  /** The name of the manifest in messages. */
  origin: string;
  /** `<project>/<stack>` */
  stack: string;
  request: RunRequest;
}

/**
 * Convert a FlowRun's inputs to a manifest of one pool and one deployment, and a request.
 *
 * A job variable with a secret moves from the request to the deployment. For a manifest's secrets the ledger keeps only a reference, but it
 * keeps the values of a request as they are. The rendered job is the same.
 * @throws {UserError} with the path of the problem in the manifest
 */
export function toManifestAndRequest(inputs: FlowRunInputs): ResolvedRequest {
  const { source, pool, deployment, blocks = {}, variables = {}, parameters, tags } = inputs;
  const { open, secret } = splitBySecrets(inputs);
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
      secretPathsOf(inputs).flatMap((path) => manifestPointers(path, inputs)),
      origin,
    ),
    origin,
    stack: `${source.project}/${source.stack}`,
    request: {
      deployment: deployment.name,
      ...(inputs.overridePool ? { workPool: pool.name } : {}),
      ...(parameters === undefined ? {} : { parameters }),
      ...(Object.keys(open).length === 0 ? {} : { jobVariables: open }),
      ...(tags === undefined ? {} : { tags }),
    },
  };
}

/** The job variables that decide where a cloud runs a job. */
const PLACES = ["region", "cluster"];

/**
 * The inputs with the run's own region and cluster as the pool's defaults. A run that no ledger knows is looked for there, because job
 * variables of the deployment or the run may have changed the place.
 */
export function withRunsPlace(inputs: FlowRunInputs): FlowRunInputs {
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
 * The idempotency key: `<project>/<stack>/<name>/<digest of parameters, job variables, triggers and an overriding pool>`. Equal inputs mean the same run.
 *
 * The digest is keyed if there is a secret among them: otherwise a short secret could be guessed from its digest.
 */
export async function idempotencyKey(inputs: FlowRunInputs, digestKey: () => Buffer | Promise<Buffer>): Promise<string> {
  const { project, stack, name, parent } = inputs.source;
  const { parameters = {}, jobVariables = {}, triggers = [] } = inputs;
  const own = { parameters, jobVariables, triggers, ...(inputs.overridePool ? { workPool: inputs.pool.name } : {}) };
  const secret = secretPathsOf(inputs).filter((path) => /^\/(jobVariables|triggers)(\/|$)/.test(path));
  const digest =
    secret.length === 0
      ? requestDigest(own)
      : createHmac("sha256", await digestKey())
          .update(requestDigest({ ...own, secret }))
          .digest("hex");
  // Two components may each contain a resource of this name.
  const within = parent === undefined ? [] : [parent.split("::").slice(2).join("::")];
  return [project, stack, ...within, name, digest].join("/");
}

export function secretPathsOf({ secretPaths = [] }: FlowRunInputs): string[] {
  return secretPaths;
}

/** Splits the run's job variables into those without and those with secrets. */
function splitBySecrets(inputs: FlowRunInputs): { open: JsonObject; secret: JsonObject } {
  const prefix = "/jobVariables";
  const marked = secretPathsOf(inputs).filter((path) => path === prefix || path.startsWith(`${prefix}/`));
  const isSecret = (name: string) => marked.some((path) => path === prefix || segmentsOf(path)[1] === name);
  const entries = Object.entries(inputs.jobVariables ?? {});
  return {
    open: Object.fromEntries(entries.filter(([name]) => !isSecret(name))),
    secret: Object.fromEntries(entries.filter(([name]) => isSecret(name))),
  };
}

/** Merges job variables as rendering does: each one whole, but `env` by name. */
function withJobVariables(deployment: JsonObject, over: JsonObject): JsonObject {
  if (Object.keys(over).length === 0) return deployment;
  const workPool = objectOr(deployment.workPool);
  const jobVariables = objectOr(workPool.jobVariables);
  const env: JsonObject = isJsonObject(over.env) ? { env: { ...objectOr(jobVariables.env), ...over.env } } : {};
  const later = { ...over, ...env };
  // The last value wins, so overriding values come last.
  const before = Object.fromEntries(Object.entries(jobVariables).filter(([name]) => !Object.hasOwn(later, name)));
  return { ...deployment, workPool: { ...workPool, jobVariables: { ...before, ...later } } };
}

/** The JSON pointers in the manifest for a secret of the inputs. A trigger has none. */
function manifestPointers(path: string, { pool, deployment, jobVariables = {} }: FlowRunInputs): string[] {
  const [section = "", ...rest] = segmentsOf(path);
  switch (section) {
    case "pool":
      return rest[0] === "blocks" ? [pointerTo(rest)] : [pointerTo(["pools", pool.name, ...rest.slice(1)])];
    case "deployment":
      return [pointerTo(["deployments", deployment.name, ...rest.slice(1)])];
    case "jobVariables": {
      const at = ["deployments", deployment.name, "workPool", "jobVariables"];
      const below = rest.length > 0 ? [rest] : Object.keys(jobVariables).map((name) => [name]);
      // `env` is merged by name, so each of its names gets a pointer.
      return below.flatMap((segments) => {
        const env = segments.length === 1 && segments[0] === "env" ? jobVariables.env : undefined;
        return isJsonObject(env) ? Object.keys(env).map((name) => pointerTo([...at, "env", name])) : [pointerTo([...at, ...segments])];
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
  return isJsonObject(value) ? value : {};
}
