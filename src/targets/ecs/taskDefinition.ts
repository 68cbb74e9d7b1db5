import type { Value, ValueObject } from "../../json";
import { suggestion } from "../../nearest";
import type { Secret } from "../../secret";
import { UserError } from "../../userError";
import { BASE_IMAGE_TAKEN, PREFECT_BASE_IMAGE } from "../cloud/prefectImage";
import { flagAt, listAt, objectAt, pairs, textAt } from "../jobValues";
import type { RunToPlan } from "../target";
import { USUAL_CONTAINER } from "./containers";
import { familyName } from "./ecsNames";
import type { LogPlace } from "./ecsRequest";
import { checkFargateSize } from "./fargate";
import { environmentAt, sizeText, withoutEmpty } from "./taskValues";

const AT = "job_configuration.task_definition";

/** Large variables that are the same for all runs of a deployment. They are in the definition, to keep the overrides small. */
const OF_DEPLOYMENT = ["PUSHPOOL_BOOTSTRAP", "PUSHPOOL_ENTRYPOINT", "PUSHPOOL_PULL_STEPS"];

export interface Definition {
  /** A `RegisterTaskDefinition` request, without secrets. */
  register: ValueObject;
  container: string;
  /** The requested variables that the definition contains. */
  carried: Record<string, string>;
  secrets: Record<string, Secret>;
  /** Variables from a secret whose ARN is in the job configuration: the run must not set them. */
  fromArns: string[];
  logs?: LogPlace;
  warnings: string[];
}

/**
 * Build the task definition that Prefect's worker would register for this job configuration.
 * @param stack the stack's name as in names in the cloud
 * @param env the variables of the run's container
 * @param fargate whether it runs on Fargate
 * @param ownNetwork whether it gets its own network (`awsvpc`) if the definition does not say
 */
export function definitionOf(
  job: ValueObject,
  run: RunToPlan,
  {
    region,
    stack,
    env,
    fargate,
    ownNetwork,
  }: { region: string; stack: string; env: Record<string, string | Secret>; fargate: boolean; ownNetwork: boolean },
): Definition {
  const register = withoutEmpty(objectAt(job.task_definition, AT)) as ValueObject;
  const container = containerOf(register, textAt(job.container_name, "job_configuration.container_name"));
  const name = container.name as string;
  const warnings: string[] = [];
  if (textAt(container.image, `${AT}.containerDefinitions.${name}.image`) === undefined) {
    container.image = PREFECT_BASE_IMAGE;
    warnings.push(BASE_IMAGE_TAKEN);
  }
  if (/\s/.test(String(container.image)))
    throw new UserError(`${AT}.containerDefinitions.${name}.image: "${String(container.image)}" contains spaces`);

  const executionRole =
    textAt(register.executionRoleArn, `${AT}.executionRoleArn`) ?? textAt(job.execution_role_arn, "job_configuration.execution_role_arn");
  if (executionRole !== undefined) register.executionRoleArn = executionRole;
  if (ownNetwork) register.networkMode ??= "awsvpc";
  sizes(register, container, fargate);
  register.family = familyOf(register, job, run, stack);

  const own = environmentAt(container.environment, `${AT}.containerDefinitions.${name}.environment`);
  const carried: Record<string, string> = Object.create(null);
  // Without a prototype: a variable may be called __proto__.
  const secrets: Record<string, Secret> = Object.create(null);
  for (const [key, value] of Object.entries({ ...own, ...env })) {
    if (typeof value !== "string") secrets[key] = value;
    else if (OF_DEPLOYMENT.includes(key)) carried[key] = value;
  }
  const plain = Object.fromEntries(Object.entries(own).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  const fixed = { ...plain, ...carried };
  for (const key of Object.keys(secrets)) delete fixed[key];
  setOrDrop(container, "environment", pairs(fixed));
  setOrDrop(container, "secrets", ownSecrets(container, new Set(Object.keys({ ...own, ...env })), warnings));
  const fromArns = addSecretArns(container, job);
  for (const key of fromArns) delete secrets[key];
  const logs = logsOf(container, job, run, { region, executionRole, warnings });
  if (executionRole === undefined && (container.secrets !== undefined || Object.keys(secrets).length > 0))
    throw new UserError(`${AT}.executionRoleArn is missing: ECS fetches secrets as that role (job variable "execution_role_arn")`);
  return { register, container: name, carried, secrets, fromArns, ...(logs ? { logs } : {}), warnings };
}

function containerOf(register: ValueObject, wanted: string | undefined): ValueObject {
  const given = listAt(register.containerDefinitions ?? [], `${AT}.containerDefinitions`);
  const all = given.map((each, index) => objectAt(each, `${AT}.containerDefinitions[${index}]`));
  const name = wanted ?? USUAL_CONTAINER;
  const found = all.find((each) => each.name === name);
  if (found) return found;
  const unnamed = all.find((each) => each.name === undefined);
  if (unnamed) {
    unnamed.name = name;
    return unnamed;
  }
  if (wanted !== undefined && all.length > 0)
    throw new UserError(
      `job_configuration.container_name: the task definition has no container "${wanted}": ${suggestion(
        wanted,
        all.map((each) => String(each.name)),
      )}`,
    );
  if (all[0]) return all[0];
  const made: ValueObject = { name };
  register.containerDefinitions = [made];
  return made;
}

/** Fargate needs the task's sizes, as strings, and `awsvpc`. Elsewhere the container has the sizes. */
function sizes(register: ValueObject, container: ValueObject, fargate: boolean): void {
  const cpu = sizeText(register.cpu, `${AT}.cpu`);
  const memory = sizeText(register.memory, `${AT}.memory`);
  if (fargate) {
    register.cpu = cpu ?? "1024";
    register.memory = memory ?? "2048";
    checkFargateSize(register.cpu, register.memory, AT);
    const compatible = Array.isArray(register.requiresCompatibilities) ? register.requiresCompatibilities : [];
    register.requiresCompatibilities = compatible.includes("FARGATE") ? compatible : [...compatible, "FARGATE"];
    register.networkMode ??= "awsvpc";
    if (register.networkMode !== "awsvpc")
      throw new UserError(`${AT}.networkMode: Fargate supports only "awsvpc", not ${JSON.stringify(register.networkMode)}`);
    return;
  }
  container.cpu ??= cpu === undefined ? 1024 : Number(cpu);
  container.memory ??= memory === undefined ? 2048 : Number(memory);
  if (cpu !== undefined) register.cpu = cpu;
  if (memory !== undefined) register.memory = memory;
}

/** The name that Prefect's worker gives it, plus the stack. Policies and clean-up depend on its prefix. */
function familyOf(register: ValueObject, job: ValueObject, run: RunToPlan, stack: string): string {
  const given = textAt(register.family, `${AT}.family`);
  if (given !== undefined) return familyName(given);
  const labels = (job.labels ?? {}) as ValueObject;
  const parts = Array.isArray(labels) ? [] : [labels["prefect.io/flow-name"], labels["prefect.io/deployment-name"]];
  return familyName([familyPrefix(stack), run.pool, ...parts.filter((part) => typeof part === "string")].join("_"));
}

/** The prefix of a stack's families, followed by an underscore. */
export function familyPrefix(stack: string): string {
  return `prefect_${stack}`;
}

/**
 * The secrets of the template's container. ECS allows each name once, in `environment` and `secrets` together. The run's variables replace
 * the template's, and the last of two secrets with one name counts.
 */
function ownSecrets(container: ValueObject, set: ReadonlySet<string>, warnings: string[]): Value[] {
  const path = `${AT}.containerDefinitions.${String(container.name)}.secrets`;
  const given = listAt(container.secrets ?? [], path, "a list of name and valueFrom");
  const byName = new Map(given.map((each, index) => [String(objectAt(each, `${path}[${index}]`).name), each]));
  for (const name of byName.keys()) {
    if (!set.has(name)) continue;
    warnings.push(`${path}: the secret "${name}" is not used, because the run sets env.${name}`);
    byName.delete(name);
  }
  return [...byName.values()];
}

/** @returns the variables that get their values from secrets */
function addSecretArns(container: ValueObject, job: ValueObject): string[] {
  const arns = { PREFECT_API_KEY: job.prefect_api_key_secret_arn, PREFECT_API_AUTH_STRING: job.prefect_api_auth_string_secret_arn };
  const added = Object.entries(arns).filter((entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "");
  if (added.length === 0) return [];
  const names = added.map(([key]) => key);
  const others = (Array.isArray(container.secrets) ? container.secrets : []).filter(
    (each) => !names.includes(String((each as ValueObject).name)),
  );
  container.secrets = [...others, ...added.map(([key, valueFrom]) => ({ name: key, valueFrom }))];
  const plain = (Array.isArray(container.environment) ? container.environment : []).filter(
    (each) => !names.includes(String((each as ValueObject).name)),
  );
  setOrDrop(container, "environment", plain);
  return names;
}

function logsOf(
  container: ValueObject,
  job: ValueObject,
  run: RunToPlan,
  { region, executionRole, warnings }: { region: string; executionRole: string | undefined; warnings: string[] },
): LogPlace | undefined {
  const path = "job_configuration.configure_cloudwatch_logs";
  const asked =
    flagAt(job.configure_cloudwatch_logs, path) ??
    (flagAt(job.stream_output, "job_configuration.stream_output") === true && container.logConfiguration === undefined);
  const options =
    job.cloudwatch_logs_options === undefined || job.cloudwatch_logs_options === null
      ? {}
      : objectAt(job.cloudwatch_logs_options, "job_configuration.cloudwatch_logs_options");
  if (asked) {
    if (executionRole === undefined)
      throw new UserError(`${path}: needs an execution role that may write logs (job variable "execution_role_arn")`);
    const prefix = textAt(job.cloudwatch_logs_prefix, "job_configuration.cloudwatch_logs_prefix") ?? usualPrefix(job, run);
    container.logConfiguration = {
      logDriver: "awslogs",
      options: {
        "awslogs-create-group": "true",
        "awslogs-group": "prefect",
        "awslogs-region": region,
        "awslogs-stream-prefix": prefix,
        ...options,
      },
    };
  } else if (Object.keys(options).length > 0) {
    throw new UserError("job_configuration.cloudwatch_logs_options: they have no effect unless configure_cloudwatch_logs is on");
  }
  const found = logPlaceOf(container, region);
  if (found) checkLogNames(found, String(container.name));
  if (!found) warnings.push("configure_cloudwatch_logs is not on: the run's output cannot be shown");
  return found;
}

/** Only the task would find an invalid name for CloudWatch Logs, and then not start. */
function checkLogNames({ group, prefix }: LogPlace, container: string): void {
  if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(group))
    throw new UserError(
      `job_configuration.cloudwatch_logs_options.awslogs-group: must be up to 512 letters, digits and . - _ / #, not ${JSON.stringify(group.slice(0, 80))}`,
    );
  // The stream is named `<prefix>/<container>/<task id>`.
  const room = 512 - `/${container}/`.length - 32;
  if (!/^[^:*]*$/.test(prefix) || prefix.length > room)
    throw new UserError(
      `job_configuration.cloudwatch_logs_prefix: must be up to ${room} characters without : and *, not ${JSON.stringify(prefix.slice(0, 80))}`,
    );
}

/** The prefix that Prefect's worker uses. A run without a Prefect server has no ids of deployment and flow. */
function usualPrefix({ labels }: ValueObject, { pool }: RunToPlan): string {
  const known = (labels !== null && typeof labels === "object" && !Array.isArray(labels) ? labels : {}) as ValueObject;
  const id = known["prefect.io/deployment-id"] ?? known["prefect.io/flow-id"];
  const prefix = typeof id === "string" && id !== "" ? `prefect-logs_${pool}_${id}` : `prefect-logs_${pool}`;
  // A stream's name must not contain these.
  return prefix.replaceAll(/[:*]/g, "-");
}

/** Where a container's output goes; `undefined` if that is not CloudWatch Logs, or its stream is unknown. */
export function logPlaceOf(container: { logConfiguration?: Value | unknown }, region: string): LogPlace | undefined {
  const { logDriver, options = {} } = (container.logConfiguration ?? {}) as { logDriver?: string; options?: Record<string, string> };
  const { "awslogs-group": group, "awslogs-stream-prefix": prefix, "awslogs-region": place = region } = options;
  if (logDriver !== "awslogs" || group === undefined || prefix === undefined) return undefined;
  return { group, prefix, region: place };
}

function setOrDrop(object: ValueObject, key: string, list: Value[]): void {
  if (list.length > 0) object[key] = list;
  else delete object[key];
}
