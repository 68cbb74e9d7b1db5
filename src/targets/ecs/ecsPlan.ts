import type { JsonObject, Value, ValueObject } from "../../json";
import { STACK_TAG } from "../../manifest/cloudNames";
import { Secret } from "../../secret";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import { checked, type Field, type Vendor } from "../cloud/wireFields";
import { checkKeys, flagAt, objectAt, pairs, secondsAt, textAt } from "../jobValues";
import { MAX_DEFINITION } from "../parameterLimits";
import type { RunToPlan, Submission } from "../target";
import { clientToken, digestOf, familyName, regionOfArn, startedBy, tagsOf } from "./ecsNames";
import type { EcsRequest } from "./ecsRequest";
import { type Definition, definitionOf } from "./taskDefinition";
import { capacityOf, networkOf, overridesOf } from "./taskRun";
import { environmentAt, withoutEmpty } from "./taskValues";

const KEYS = [
  "command",
  "env",
  "labels",
  "name",
  "aws_credentials",
  "task_definition",
  "task_run_request",
  "configure_cloudwatch_logs",
  "cloudwatch_logs_options",
  "cloudwatch_logs_prefix",
  "network_configuration",
  "stream_output",
  "task_start_timeout_seconds",
  "task_watch_poll_interval",
  "auto_deregister_task_definition",
  "vpc_id",
  "container_name",
  "cluster",
  "match_latest_revision_in_family",
  "prefect_api_key_secret_arn",
  "prefect_api_auth_string_secret_arn",
  "execution_role_arn",
];

/** ECS' limit for `overrides`, in characters of JSON (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html). */
const MAX_OVERRIDES = 8192;

export const ECS: Vendor = {
  name: "ECS",
  secret: () => "contains a secret, and ECS shows it to everyone who may read the task: pass it in env",
};

/** What a plan needs to know about the pool and AWS' API. */
export interface PoolFacts {
  /** Absent: nothing here sets it. */
  region?: string;
  /** The id of the key that submits; absent: the caller's own login. */
  accessKeyId?: string;
  /** Its name in the cloud's names and tags. */
  stack: string;
  /** The fields of `RegisterTaskDefinition` and of `RunTask`. */
  fields: { register: Field; run: Field };
}

/**
 * Convert a job configuration of Prefect's `ecs` template to a request.
 *
 * Runs with the same configuration share a task definition, named by its digest. Command, environment and sizes of one run are overrides.
 * @throws {UserError} naming the path of the value that cannot be used
 */
export function planEcs(job: ValueObject, run: RunToPlan, pool: PoolFacts): Submission {
  checkKeys(job, KEYS, "ecs:push");
  checkCredentials(job.aws_credentials ?? null, pool);
  const asked = withoutEmpty(objectAt(job.task_run_request, RUN)) as ValueObject;
  const cluster = textAt(asked.cluster, `${RUN}.cluster`) ?? textAt(job.cluster, "job_configuration.cluster");
  const region = (cluster !== undefined ? regionOfArn(cluster) : undefined) ?? pool.region;
  if (region === undefined)
    throw new UserError(`pools.${run.pool}: its AWS region is unknown: give its credentials block a "region_name", or set AWS_REGION`);
  if (pool.region !== undefined && region !== pool.region)
    throw new UserError(`${RUN}.cluster: it is in ${region}, but the work pool's credentials are for ${pool.region}`);
  const given = textAt(asked.taskDefinition, `${RUN}.taskDefinition`);
  const capacity = capacityOf(asked);
  const env = environmentAt(job.env, "job_configuration.env");
  const overridden = overridesOf(asked, job, env, given === undefined);
  const made =
    given === undefined
      ? definitionOf(job, run, {
          region,
          stack: pool.stack,
          env: overridden.env,
          fargate: capacity.fargate,
          ownNetwork: capacity.request.capacityProviderStrategy !== undefined && asksForNetwork(job, asked),
        })
      : undefined;
  if (!made) refuseSecrets(overridden.env);
  for (const name of made?.fromArns ?? []) delete overridden.env[name];

  const warnings = [...(made?.warnings ?? [])];
  const container = made?.container ?? overridden.container;
  const runTask = runTaskOf({
    asked,
    job,
    run,
    stack: pool.stack,
    cluster,
    capacity,
    awsvpc: made ? made.register.networkMode === "awsvpc" : capacity.fargate || "unknown",
    warnings,
  });
  if (made && asksForNetwork(job, asked) && !runTask.networkConfiguration)
    warnings.push("network_configuration and vpc_id are not used: a task whose networkMode is not awsvpc has its host's network");
  const { overrides, own } = fitted(overridden, made, container, warnings);
  if (Object.keys(overrides).length > 0) runTask.overrides = overrides;
  // The definition gets its name only when it exists.
  const { taskDefinition: _, ...sent } = checked({ ...runTask, taskDefinition: "x" }, pool.fields.run, RUN, ECS) as JsonObject;

  const matchLatest = flagAt(job.match_latest_revision_in_family, "job_configuration.match_latest_revision_in_family") ?? false;
  const deregister = flagAt(job.auto_deregister_task_definition, "job_configuration.auto_deregister_task_definition") ?? false;
  const request: EcsRequest = {
    region,
    definition: made ? definition(made, own, matchLatest, pool) : { given: given as string },
    secrets: made?.secrets ?? {},
    runTask: sent,
    ...(container === undefined ? {} : { container }),
    ...(made?.logs ? { logs: made.logs } : {}),
    deregister: made !== undefined && (own || deregister),
    timeoutSeconds: run.timeoutSeconds,
    startTimeoutSeconds: secondsAt(job.task_start_timeout_seconds, "job_configuration.task_start_timeout_seconds"),
  };
  return { runId: run.id, attempt: run.attempt, pool: run.pool, request: request as unknown as ValueObject, warnings };
}

const RUN = "job_configuration.task_run_request";

function definition({ register, secrets }: Definition, own: boolean, matchLatest: boolean, pool: PoolFacts): EcsRequest["definition"] {
  const sent = checked(register, pool.fields.register, "job_configuration.task_definition", ECS) as JsonObject;
  const size = Buffer.byteLength(JSON.stringify(sent));
  if (size > MAX_DEFINITION)
    throw new UserError(
      `job_configuration.task_definition: it is ${size} bytes with what the run adds, and ECS accepts ${MAX_DEFINITION}: pass large data in a file`,
    );
  const digest = digestOf({
    register: sent,
    secrets: Object.entries(secrets).map(([name, { parts }]) => [name, parts]),
  } as unknown as JsonObject);
  // A run's own definition must not replace the shared one as the family's latest revision.
  if (own) sent.family = familyName(`${String(sent.family).slice(0, 220)}-own-${digest.slice(0, 12)}`);
  return { register: sent, digest, matchLatest };
}

/** Overrides of up to 8192 characters. If they are longer, the run's container gets its values from its own definition. */
function fitted(
  overridden: ReturnType<typeof overridesOf>,
  made: Definition | undefined,
  container: string | undefined,
  warnings: string[],
): { overrides: ValueObject; own: boolean } {
  const { env, command, others, rest } = overridden;
  const plain = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string" && made?.carried[entry[0]] === undefined),
  );
  const of = (inner: ValueObject): ValueObject => {
    const all = Object.keys(inner).length > 0 ? [{ ...(container === undefined ? {} : { name: container }), ...inner }, ...others] : others;
    return { ...rest, ...(all.length > 0 ? { containerOverrides: all } : {}) };
  };
  const whole = of({
    ...overridden.own,
    ...(command ? { command } : {}),
    ...(Object.keys(plain).length > 0 ? { environment: pairs(plain) } : {}),
  });
  // If the container's name is found only later, assume the longest possible one.
  const size = JSON.stringify(whole).length + (container === undefined ? 270 : 0);
  if (size <= MAX_OVERRIDES) return { overrides: whole, own: false };
  if (!made)
    throw new UserError(
      `job_configuration: the overrides of the task definition are ${size} characters, and ECS accepts ${MAX_OVERRIDES}: pass large data in a file, or leave task_definition_arn out`,
    );
  const target = (made.register.containerDefinitions as ValueObject[]).find((each) => each.name === container) as ValueObject;
  const before = environmentAt(target.environment, "job_configuration.task_definition") as Record<string, string>;
  target.environment = pairs({ ...before, ...plain });
  if (command) target.command = command;
  warnings.push(
    `the command and environment of this run have ${size} characters, and ECS accepts ${MAX_OVERRIDES} with a run: pushpool registers a task definition only for it`,
  );
  const overrides = of(overridden.own);
  if (JSON.stringify(overrides).length > MAX_OVERRIDES)
    throw new UserError(`${RUN}.overrides: they are longer than the ${MAX_OVERRIDES} characters that ECS takes`);
  return { overrides, own: true };
}

function runTaskOf({
  asked,
  job,
  run,
  stack,
  cluster,
  capacity,
  awsvpc,
  warnings,
}: {
  asked: ValueObject;
  job: ValueObject;
  run: RunToPlan;
  stack: string;
  cluster: string | undefined;
  capacity: ReturnType<typeof capacityOf>;
  /** Whether its task has its own network. Otherwise ECS refuses any network configuration. */
  awsvpc: boolean | "unknown";
  /** Warnings are added here. */
  warnings: string[];
}): ValueObject {
  const {
    overrides: _,
    tags,
    taskDefinition: __,
    launchType: ___,
    capacityProviderStrategy: ____,
    cluster: _____,
    networkConfiguration,
    ...kept
  } = asked;
  for (const own of ["count", "clientToken", "startedBy"]) {
    if (kept[own] !== undefined && !(own === "count" && kept[own] === 1))
      throw new UserError(`${RUN}.${own}: pushpool sets it itself, so that a run is always one task: leave it out`);
  }
  const network = awsvpc === false ? undefined : networkOf(job.network_configuration, networkConfiguration, awsvpc === true, job.vpc_id);
  const labels = labelsOf(job.labels ?? null, "job_configuration.labels");
  const others = Object.entries(labelsOf(tags ?? null, `${RUN}.tags`)).filter(([key]) => !Object.hasOwn(labels, key));
  const made = tagsOf({ ...Object.fromEntries(others), ...labels, [STACK_TAG]: stack }, "job_configuration.labels");
  warnings.push(...made.warnings);
  return {
    ...kept,
    ...(cluster === undefined ? {} : { cluster }),
    count: 1,
    ...capacity.request,
    ...(network ? { networkConfiguration: network } : {}),
    tags: made.tags,
    startedBy: startedBy(run.id, run.attempt),
    clientToken: clientToken(run.id, run.attempt),
  };
}

/** Whether the job configuration sets the task's network. */
function asksForNetwork(job: ValueObject, { networkConfiguration }: ValueObject): boolean {
  const { network_configuration: network, vpc_id: vpc } = job;
  const isGiven = typeof network === "object" && network !== null && Object.keys(network).length > 0;
  return isGiven || networkConfiguration !== undefined || (vpc !== undefined && vpc !== null && vpc !== "");
}

/** Labels in Prefect's form (an object), or tags in ECS' form (a list). A label that is `null` counts as absent. */
function labelsOf(value: Value, path: string): Record<string, string> {
  if (value === null) return {};
  const entries = Array.isArray(value)
    ? value.map((each, index) => {
        const tag = objectAt(each, `${path}[${index}]`);
        return [String(tag.key ?? ""), String(tag.value ?? "")] as const;
      })
    : Object.entries(objectAt(value, path)).flatMap(([key, inner]) => (inner === null ? [] : [[key, String(inner)] as const]));
  return Object.fromEntries(entries);
}

function refuseSecrets(env: Record<string, string | Secret>): void {
  const names = Object.keys(env).filter((name) => env[name] instanceof Secret);
  if (names.length === 0) return;
  throw new UserError(
    `job_configuration.env.${names[0]} contains a secret, and with an existing task definition everyone who may read the task could see it: name it in that definition's "secrets", or leave task_definition_arn out`,
  );
}

/** The pool decides who submits: the template's credentials are only compared with its own, and sent nowhere. */
function checkCredentials(credentials: Value, { region, accessKeyId }: PoolFacts): void {
  if (!isObject(credentials)) return;
  const { aws_access_key_id: key, region_name: other } = credentials;
  if (typeof key === "string" && accessKeyId !== undefined && key !== accessKeyId)
    throw new UserError("job_configuration.aws_credentials: this is not the key of the work pool, but runs are submitted with that key");
  if (typeof other === "string" && region !== undefined && other !== region)
    throw new UserError(
      `job_configuration.aws_credentials.region_name: "${other}" is not the region of the work pool, whose runs go to "${region}"`,
    );
}
