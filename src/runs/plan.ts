import { checkPlace, entrypointCommand, PYTHON_VARIABLE, parseEntrypoint } from "../entrypoint";
import type { JsonObject, ValueObject } from "../json";
import { checkDeploymentPool } from "../manifest";
import type { DeploymentDefinition, Manifest, PoolDefinition } from "../manifest/manifest";
import { suggestion } from "../nearest";
import { plainJob } from "../plainNumbers";
import type { Submission, Target } from "../targets/target";
import {
  checkJobVariables,
  checkParameters,
  checkRequiredVariables,
  checkTemplateShape,
  layered,
  prepareJob,
  resolveJob,
  unlikePrefect,
  validateJob,
} from "../template";
import { UserError } from "../userError";
import type { RunsContext } from "./context";
import type { FoundDeployment } from "./deployments";

/** What a user asks for. */
export interface RunRequest {
  /** `<flow name>/<deployment name>`. */
  deployment: string;
  /** Over the deployment's own. */
  parameters?: JsonObject;
  /** Over the deployment's own. */
  jobVariables?: JsonObject;
  /** Of job variables from a command line: what was written, for where the work pool wants a string. */
  jobVariableTexts?: Record<string, string>;
  tags?: string[];
  /** @default a made-up one, as Prefect's `brave-fox` */
  name?: string;
  /** The same key again for the same deployment gives the same run. */
  idempotencyKey?: string;
  /** The time it was due at, by a schedule; ISO 8601, UTC. With it the key stands for that occurrence, whatever else is asked for. */
  scheduledFor?: string;
  /** `"ambient"`: submit with the caller's own cloud login, not with the work pool's credentials. The run keeps to it. */
  credentials?: "ambient";
}

/** Where a deployment runs and with what. */
export interface Resolved extends FoundDeployment {
  pool: PoolDefinition;
  workQueue: string;
  parameters: JsonObject;
}

/**
 * Look the pool of a deployment up and check what was asked for against both.
 * @throws {UserError} naming the field and the nearest name
 */
export function resolveRequest(manifest: Manifest, origin: string, request: RunRequest, found: FoundDeployment): Resolved {
  const { name: deploymentName, deployment, by } = found;
  const { name, queue = "default" } = deployment.workPool;
  const at = `deployments.${deploymentName}`;
  checkDeploymentPool(manifest, deploymentName, deployment, origin);
  const pool = manifest.pools[name] as PoolDefinition;
  // Prefect makes the queue that a prefect.yaml names; here it is one without limits.
  if (by === "program" && queue !== "default" && !pool.queues?.[queue]) {
    const queues = ["default", ...Object.keys(pool.queues ?? {})];
    throw new UserError(`${at}.workPool.queue: work pool "${name}" has no queue "${queue}": ${suggestion(queue, queues)}`);
  }
  const parameters = { ...deployment.parameters, ...request.parameters };
  if (deployment.enforceParameterSchema !== false) checkParameters(deployment.parameterSchema, parameters, "parameters");
  return { ...found, pool, workQueue: queue, parameters };
}

/** The run that a job is rendered for. */
export interface RunIdentity {
  id: string;
  name: string;
  attempt: number;
}

/**
 * Render the job of one attempt and turn it into the target's exact request. Pure but for what `Target.plan` looks at.
 *
 * The run reaches its command in the environment: `PUSHPOOL_FLOW_RUN_ID`, `PUSHPOOL_FLOW_RUN_NAME`, `PUSHPOOL_DEPLOYMENT` and
 * `PUSHPOOL_PARAMETERS` (JSON); the user's own `env` wins over them. Where neither deployment nor template has a command, the command is
 * the one that runs the deployment's entrypoint.
 * @throws {UserError} naming the path of what is wrong
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
  const { deployment, by, pool, parameters } = input.resolved;
  const poolName = deployment.workPool.name;
  const flowRunJobVariables = request.jobVariables ?? {};
  const deploymentJobVariables: ValueObject = {
    ...(deployment.command === undefined ? {} : { command: deployment.command }),
    ...deployment.workPool.jobVariables,
  };
  const template = pool.baseJobTemplate;
  checkTemplateShape(template, `pools.${poolName}.baseJobTemplate`);
  checkJobVariables(
    template,
    deployment.workPool.jobVariables ?? {},
    `deployments.${request.deployment}.workPool.jobVariables`,
    // As Prefect, `deploy` takes what the pool does not have, and says so.
    by === "deploy" ? "pass" : "refuse",
  );
  checkJobVariables(template, flowRunJobVariables, "job variable");
  checkRequiredVariables(template, layered({}, [deploymentJobVariables, flowRunJobVariables]), "job variable");

  const { blocks, variables } = manifest;
  const rendered = validateJob(
    resolveJob({ baseJobTemplate: template, deploymentJobVariables, flowRunJobVariables, blocks, variables, env: templateEnv }),
  );
  const entrypoint = rendered.command === null || rendered.command === undefined ? entrypointOf(request.deployment, deployment) : undefined;
  const python = (rendered.env as ValueObject | null | undefined)?.[PYTHON_VARIABLE];
  const bootstrap =
    entrypoint === undefined
      ? undefined
      : entrypointCommand(entrypoint, {
          poolType: pool.type,
          ...(typeof python === "string" ? { python } : {}),
          pullSteps: deployment.pullSteps ?? [],
        });

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
  return { jobConfiguration, submission: { ...planned, warnings: [...unlikePrefect(layers), ...planned.warnings] } };
}

/** @throws {UserError} if the deployment says nothing of what to run, or something that means nothing */
function entrypointOf(name: string, { entrypoint }: DeploymentDefinition): string {
  if (entrypoint === undefined)
    throw new UserError(
      `deployments.${name}.command is missing: the deployment has neither a command nor an entrypoint. Give it one of them`,
    );
  const parsed = parseEntrypoint(entrypoint);
  if ("fault" in parsed) throw new UserError(`deployments.${name}.entrypoint: ${parsed.fault}`);
  return entrypoint;
}
