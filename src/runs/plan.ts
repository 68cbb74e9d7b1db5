import { checkPlace, entrypointCommand, PYTHON_VARIABLE, parseEntrypoint } from "../entrypoint";
import type { JsonObject, Value, ValueObject } from "../json";
import { checkDeploymentPool } from "../manifest";
import type { DeploymentInManifest, Manifest, PoolDefinition } from "../manifest/manifest";
import type { PoolType } from "../model/poolType";
import { suggestion } from "../nearest";
import { plainJob } from "../plainNumbers";
import type { Submission, Target } from "../targets/target";
import { checkParameters, checkTemplateShape, prepareJob, unlikePrefect, unusedVariables } from "../template";
import { holdsUnknown } from "../unknown";
import { UserError } from "../userError";
import type { FoundDeployment } from "./findDeployment";
import { noSuchPool } from "./namedPool";
import { deploymentVariables, renderedJob } from "./renderedJob";
import type { RunsContext } from "./runsContext";

/** A request for a run. */
export interface RunRequest {
  /** `<flow name>/<deployment name>`. */
  deployment: string;
  /** The work pool of this run. @default the deployment's */
  workPool?: string;
  /** They override the deployment's. */
  parameters?: JsonObject;
  /** They override the deployment's. */
  jobVariables?: JsonObject;
  /** Job variables as written on a command line, for variables that the work pool declares as strings. */
  jobVariableTexts?: Record<string, string>;
  tags?: string[];
  /** @default a generated one, like Prefect's `brave-fox` */
  name?: string;
  /** The same key for the same deployment returns the same run. */
  idempotencyKey?: string;
  /**
   * When the run is due by a schedule; ISO 8601, UTC. Then the key alone identifies that occurrence, for any other values of the request.
   */
  scheduledFor?: string;
  /** `"ambient"`: submit with the caller's own cloud login instead of the work pool's credentials. The run keeps it. */
  credentials?: "ambient";
}

/** Where a deployment runs and with what. */
export interface Resolved extends FoundDeployment {
  /** The name of `pool`. */
  workPool: string;
  pool: PoolDefinition;
  workQueue: string;
  parameters: JsonObject;
}

/**
 * Find the run's pool, and check the request against it and the deployment.
 *
 * The pool is the deployment's, unless the request names one. In a pool that the request names, the run gets the queue of the same name. If
 * that pool does not have one, the run gets its default queue.
 * @throws {UserError} naming the field, with similar names
 */
export function resolveRequest(manifest: Manifest, origin: string, request: RunRequest, found: FoundDeployment): Resolved {
  const { name: deploymentName, deployment, by } = found;
  const { name: own, queue = "default" } = deployment.workPool;
  const at = `deployments.${deploymentName}`;
  if (request.workPool === undefined) checkDeploymentPool(manifest, deploymentName, deployment, origin);
  else if (!Object.hasOwn(manifest.pools, request.workPool)) throw noSuchPool(request.workPool, origin, Object.keys(manifest.pools));
  const name = request.workPool ?? own;
  const pool = manifest.pools[name] as PoolDefinition;
  checkKnown({ [`pools.${name}`]: pool, [`blocks.${pool.credentials}`]: manifest.blocks[pool.credentials ?? ""], [at]: deployment });
  const workQueue = name === own || pool.queues?.[queue] ? queue : "default";
  // Prefect creates a queue that a prefect.yaml names. Here such a queue has no limits.
  if (by === "program" && workQueue === queue && queue !== "default" && !pool.queues?.[queue]) {
    const queues = ["default", ...Object.keys(pool.queues ?? {})];
    throw new UserError(`${at}.workPool.queue: work pool "${name}" has no queue "${queue}": ${suggestion(queue, queues)}`);
  }
  const parameters = { ...deployment.parameters, ...request.parameters };
  if (deployment.enforceParameterSchema !== false) checkParameters(deployment.parameterSchema, parameters, "parameters");
  return { ...found, workPool: name, pool, workQueue, parameters };
}

/** @throws {UserError} if an `up` with `--target` wrote the manifest before everything in it existed */
function checkKnown(parts: Record<string, object | undefined>): void {
  const [part] = Object.entries(parts).find(([, value]) => value && !isKnown(value)) ?? [];
  if (part !== undefined)
    throw new UserError(
      `${part}: some values are not known yet, because the last up left out resources (--target or --exclude): run \`pushpool up\` without it`,
    );
}

/** Parts of manifests without unknown values. What is read from a manifest never changes. */
const known = new WeakSet<object>();

function isKnown(part: object): boolean {
  if (known.has(part)) return true;
  if (holdsUnknown(part)) return false;
  known.add(part);
  return true;
}

/** The run for which a job is rendered. */
export interface RunIdentity {
  id: string;
  name: string;
  attempt: number;
}

/**
 * Render the job of one attempt, and turn it into the target's exact request. Pure except for what `Target.plan` reads.
 *
 * The command gets the run in its environment: `PUSHPOOL_FLOW_RUN_ID`, `PUSHPOOL_FLOW_RUN_NAME`, `PUSHPOOL_DEPLOYMENT` and
 * `PUSHPOOL_PARAMETERS` (JSON). The user's own `env` overrides them. If neither the deployment nor the template has a command, the command
 * runs the deployment's entrypoint.
 * @throws {UserError} naming the path of the invalid value
 */
export function planJob(input: {
  manifest: Manifest;
  request: RunRequest;
  resolved: Resolved;
  run: RunIdentity;
  target: Target;
  context: Pick<RunsContext, "env" | "templateEnv">;
}): { jobConfiguration: ValueObject; submission: Submission } {
  const { manifest, request, run, target } = input;
  const { env, templateEnv = env } = input.context;
  const { deployment, by, workPool: poolName, pool, parameters } = input.resolved;
  const flowRunJobVariables = request.jobVariables ?? {};
  const deploymentJobVariables = deploymentVariables(deployment);
  const template = pool.baseJobTemplate;
  const isElsewhere = poolName !== deployment.workPool.name;
  checkTemplateShape(template, `pools.${poolName}.baseJobTemplate`);
  const rendered = renderedJob({
    deployment,
    deploymentName: request.deployment,
    template,
    // As in Prefect, `deploy` accepts variables that the pool does not have, with a warning. Here the pool is another one.
    undeclared: by === "deploy" || isElsewhere ? "pass" : "refuse",
    flowRunJobVariables,
    manifest,
    env: templateEnv,
  });
  const entrypoint = rendered.command === null || rendered.command === undefined ? entrypointOf(request.deployment, deployment) : undefined;
  const bootstrap = entrypoint === undefined ? undefined : bootstrapOf(entrypoint, pool.type, deployment, rendered.env);

  const [flowName = request.deployment, deploymentName = ""] = request.deployment.split("/");
  const prepared = prepareJob(rendered, {
    prefect: false,
    ...(bootstrap ? { defaultCommand: bootstrap.command } : {}),
    env: templateEnv,
    flowRun: { id: run.id, name: run.name, parameters },
    flow: { name: flowName },
    deployment: { name: deploymentName },
    workPool: { name: poolName },
  });
  const jobConfiguration = plainJob({
    ...prepared,
    env: {
      PUSHPOOL_FLOW_RUN_ID: run.id,
      PUSHPOOL_FLOW_RUN_NAME: run.name,
      PUSHPOOL_DEPLOYMENT: request.deployment,
      PUSHPOOL_PARAMETERS: JSON.stringify(parameters),
      ...bootstrap?.env,
      ...(prepared.env as ValueObject | null | undefined),
    },
  });
  const planned = target.plan(jobConfiguration, {
    id: run.id,
    attempt: run.attempt,
    pool: poolName,
    timeoutSeconds: pool.timeoutSeconds ?? null,
  });
  if (entrypoint !== undefined) {
    checkPlace({
      at: `deployments.${request.deployment}`,
      entrypoint,
      pullSteps: deployment.pullSteps ?? [],
      poolType: pool.type,
      job: jobConfiguration,
      env,
    });
  }
  const layers = { schema: template.variables as ValueObject, deployment: deploymentJobVariables, run: flowRunJobVariables };
  const unused = isElsewhere ? unusedVariables(poolName, template, deployment.workPool.jobVariables ?? {}) : [];
  return { jobConfiguration, submission: { ...planned, warnings: [...unused, ...unlikePrefect(layers), ...planned.warnings] } };
}

/** The command that runs an entrypoint. A run with a command of its own loads nothing of `src/entrypoint`. */
function bootstrapOf(entrypoint: string, poolType: PoolType, { pullSteps = [] }: DeploymentInManifest, env: Value | undefined) {
  const python = (env as ValueObject | null | undefined)?.[PYTHON_VARIABLE];
  return entrypointCommand(entrypoint, { poolType, ...(typeof python === "string" ? { python } : {}), pullSteps });
}

/** @throws {UserError} if the deployment has no entrypoint, or an invalid one */
function entrypointOf(name: string, { entrypoint }: DeploymentInManifest): string {
  if (entrypoint === undefined)
    throw new UserError(
      `deployments.${name}.command is missing: the deployment has neither a command nor an entrypoint. Give it one of them`,
    );
  const parsed = parseEntrypoint(entrypoint);
  if ("fault" in parsed) throw new UserError(`deployments.${name}.entrypoint: ${parsed.fault}`);
  return entrypoint;
}
