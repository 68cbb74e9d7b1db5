import type { JsonObject, ValueObject } from "../json";
import { checkDeploymentPool } from "../manifest";
import type { DeploymentDefinition, Manifest, PoolDefinition } from "../manifest/manifest";
import { suggestion } from "../nearest";
import type { Submission, Target } from "../targets/target";
import {
  checkJobVariables,
  checkParameters,
  checkRequiredVariables,
  checkTemplateShape,
  prepareJob,
  resolveJob,
  validateJob,
} from "../template";
import { UserError } from "../userError";

/** What a user asks for. */
export interface RunRequest {
  /** `<flow name>/<deployment name>`. */
  deployment: string;
  /** Over the deployment's own. */
  parameters?: JsonObject;
  /** Over the deployment's own. */
  jobVariables?: JsonObject;
  tags?: string[];
  /** @default a made-up one, as Prefect's `brave-fox` */
  name?: string;
  /** The same key again for the same deployment gives the same run. */
  idempotencyKey?: string;
}

/** Where a deployment runs and with what. */
export interface Resolved {
  deployment: DeploymentDefinition;
  pool: PoolDefinition;
  workQueue: string;
  parameters: JsonObject;
}

/**
 * Look the deployment and its pool up and check what was asked for against both.
 * @throws {UserError} naming the field and the nearest name
 */
export function resolveRequest(manifest: Manifest, origin: string, request: RunRequest): Resolved {
  const deployment = manifest.deployments[request.deployment];
  if (!deployment) {
    const names = Object.keys(manifest.deployments);
    const hint =
      names.length > 0
        ? suggestion(request.deployment, names)
        : "it declares none: add a Deployment to the Pulumi program, then `pushpool up`";
    throw new UserError(`there is no deployment "${request.deployment}" in ${origin}: ${hint}`);
  }
  const { name, queue = "default" } = deployment.workPool;
  const at = `deployments.${request.deployment}`;
  checkDeploymentPool(manifest, request.deployment, deployment, origin);
  const pool = manifest.pools[name] as PoolDefinition;
  if (queue !== "default" && !pool.queues?.[queue]) {
    const queues = ["default", ...Object.keys(pool.queues ?? {})];
    throw new UserError(`${at}.workPool.queue: work pool "${name}" has no queue "${queue}": ${suggestion(queue, queues)}`);
  }
  const parameters = { ...deployment.parameters, ...request.parameters };
  if (deployment.enforceParameterSchema !== false) checkParameters(deployment.parameterSchema, parameters, "parameters");
  return { deployment, pool, workQueue: queue, parameters };
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
 * `PUSHPOOL_PARAMETERS` (JSON); the user's own `env` wins over them.
 * @throws {UserError} naming the path of what is wrong
 */
export function planJob(input: {
  manifest: Manifest;
  request: RunRequest;
  resolved: Resolved;
  run: RunIdentity;
  target: Target;
  env: NodeJS.ProcessEnv;
}): { jobConfiguration: ValueObject; submission: Submission } {
  const { manifest, request, run, target, env } = input;
  const { deployment, pool, parameters } = input.resolved;
  const poolName = deployment.workPool.name;
  const flowRunJobVariables = request.jobVariables ?? {};
  const deploymentJobVariables: ValueObject = {
    ...(deployment.command === undefined ? {} : { command: deployment.command }),
    ...deployment.workPool.jobVariables,
  };
  const template = pool.baseJobTemplate;
  checkTemplateShape(template, `pools.${poolName}.baseJobTemplate`);
  checkJobVariables(template, deployment.workPool.jobVariables ?? {}, `deployments.${request.deployment}.workPool.jobVariables`);
  checkJobVariables(template, flowRunJobVariables, "job variable");
  checkRequiredVariables(template, { ...deploymentJobVariables, ...flowRunJobVariables }, "job variable");

  const { blocks, variables } = manifest;
  const rendered = validateJob(
    resolveJob({ baseJobTemplate: template, deploymentJobVariables, flowRunJobVariables, blocks, variables, env }),
  );
  if (rendered.command === null || rendered.command === undefined) throw noCommand(request.deployment, deployment);

  const [flowName = request.deployment, deploymentName = ""] = request.deployment.split("/");
  const prepared = prepareJob(rendered, {
    prefect: false,
    env,
    flowRun: { id: run.id, name: run.name, parameters },
    flow: { name: flowName },
    deployment: { name: deploymentName },
    workPool: { name: poolName },
  });
  const jobConfiguration: ValueObject = {
    ...prepared,
    env: {
      PUSHPOOL_FLOW_RUN_ID: run.id,
      PUSHPOOL_FLOW_RUN_NAME: run.name,
      PUSHPOOL_DEPLOYMENT: request.deployment,
      PUSHPOOL_PARAMETERS: JSON.stringify(parameters),
      ...(prepared.env as ValueObject | null | undefined),
    },
  };
  const submission = target.plan(jobConfiguration, {
    id: run.id,
    attempt: run.attempt,
    pool: poolName,
    timeoutSeconds: pool.timeoutSeconds ?? null,
  });
  return { jobConfiguration, submission };
}

function noCommand(name: string, deployment: DeploymentDefinition): UserError {
  const path = `deployments.${name}.command`;
  if (deployment.entrypoint === undefined)
    return new UserError(`${path} is missing: the deployment has neither a command nor an entrypoint. Give it one of them`);
  return new UserError(
    `${path} is missing: this pushpool cannot run the entrypoint "${deployment.entrypoint}" by itself. Give the deployment a command, for example "python -m flows.etl"`,
  );
}
