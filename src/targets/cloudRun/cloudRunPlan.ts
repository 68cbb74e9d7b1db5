import type { JsonObject, Value, ValueObject } from "../../json";
import { type StackSource, stackId, stackName } from "../../manifest/cloudNames";
import { Secret } from "../../secret";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import { BASE_IMAGE_TAKEN, PREFECT_BASE_IMAGE } from "../cloud/prefectImage";
import { checked, type Vendor } from "../cloud/wireFields";
import { checkKeys, flagAt, listAt, neededTextAt, objectAt, wordsAt } from "../jobValues";
import type { RunToPlan, Submission } from "../target";
import { jobLabels } from "./cloudRunLabels";
import { checkRegion, checkResources, MAX_RETRIES, MAX_TIMEOUT } from "./cloudRunLimits";
import { durableJobId, EXECUTION_TOKEN, MARKER, markerOf, ownJobId } from "./cloudRunNames";
import type { CloudRunRequest } from "./cloudRunRequest";
import { environmentOf, secretVariables } from "./environment";
import { JOB_FIELDS } from "./jobFields";

const KEYS = [
  "command",
  "env",
  "labels",
  "name",
  "credentials",
  "env_from_secrets",
  "prefect_api_key_secret",
  "prefect_api_auth_string_secret",
  "cloudsql_instances",
  "job_body",
  "keep_job",
  "region",
  "timeout",
  "stream_output",
  "job_per_run",
];

/** What a plan needs to know about the pool: the project of its runs, and the account that submits them. */
export interface PoolIdentity {
  /** Absent: nothing here sets it. */
  project?: string;
  /** The account of the key that submits; absent: the caller's own login. */
  clientEmail?: string;
  source: StackSource;
}

/**
 * Convert a job configuration of Prefect's `cloud-run-v2` template to a request.
 *
 * The Job contains what `jobs.run` cannot override: image, command, resources, service account, retries, network, secrets of Secret
 * Manager. Its name has a digest of that, so all runs with the same configuration share it. Environment, arguments and time limit belong to
 * the run.
 * @throws {UserError} naming the path of the value that cannot be used
 */
export function planCloudRun(job: ValueObject, run: RunToPlan, pool: PoolIdentity): Submission {
  checkKeys(job, KEYS, "cloud-run-v2:push");
  checkCredentials(job.credentials ?? null, pool);
  const region = neededTextAt(job.region, "job_configuration.region");
  checkRegion(region, "job_configuration.region");
  if (pool.project === undefined) {
    throw new UserError(
      `pools.${run.pool}: its Google Cloud project is unknown: give its credentials block a "project", or set GOOGLE_CLOUD_PROJECT`,
    );
  }
  const parent = `projects/${pool.project}/locations/${region}`;
  const jobPerRun = flagAt(job.job_per_run, "job_configuration.job_per_run") ?? false;
  const keepJob = flagAt(job.keep_job, "job_configuration.keep_job") ?? false;

  const { body, container, task } = bodyOf(job);
  const command =
    wordsAt(container.command, `${BODY_CONTAINER}.command`, SHOWN) ?? wordsAt(job.command, "job_configuration.command", SHOWN);
  if (command === undefined) throw new UserError("job_configuration.command is missing: say what to run");
  container.command = command;
  const args = wordsAt(container.args, `${BODY_CONTAINER}.args`, SHOWN) ?? [];
  delete container.args;
  const env: Record<string, string | Secret> = {
    ...environmentOf(job.env ?? {}, "job_configuration.env"),
    [MARKER]: markerOf(run.id, run.attempt),
  };
  const fromSecrets = secretVariables(job);
  for (const name of Object.keys(fromSecrets)) {
    // As in Prefect: the secret's reference replaces a key in plain text.
    if (name in env && !name.startsWith("PREFECT_API_"))
      throw new UserError(`job_configuration.env.${name}: env_from_secrets sets it too: remove one of the two`);
    delete env[name];
  }
  addVariables(container, fromSecrets);
  const variableWarnings = dropOverridden(container, env);
  addCloudSql(task, container, job.cloudsql_instances ?? null);
  dropEmptyConnector(task);

  const timeout = timeoutOf(task.timeout ?? job.timeout ?? null, run);
  delete task.timeout;
  const { labels, warnings: labelWarnings } = jobLabels(job.labels ?? {}, {
    stack: stackName(pool.source),
    pool: run.pool,
    ofOneRun: jobPerRun,
  });
  body.labels = { ...(body.labels as ValueObject | undefined), ...labels };
  const template = body.template as ValueObject;
  template.labels = { ...(template.labels as ValueObject | undefined), ...labels };
  if (body.launchStage === "LAUNCH_TAG_UNSPECIFIED") delete body.launchStage;

  const shape = checked(body, JOB_FIELDS, BODY, CLOUD_RUN) as JsonObject;
  const imageWarnings = withImage(shape);
  checkShape(shape);
  const warnings = [...imageWarnings, ...labelWarnings, ...variableWarnings, ...secretWarnings(env), ...serviceAccountWarnings(shape)];
  const common = { parent, jobPerRun, job: shape };
  const request: CloudRunRequest = jobPerRun
    ? { ...common, jobId: ownJobId(run.id, run.attempt, keepJob), job: ownJob(shape, args, env, timeout), overrides: { env: {} } }
    : {
        ...common,
        jobId: durableJobId(deploymentOf(job, run), stackId(pool.source), { parent, job: shape }),
        overrides: {
          ...containerName(shape),
          ...(args.length > 0 ? { args } : {}),
          env,
          ...(timeout === null ? {} : { timeout }),
        },
      };
  return { runId: run.id, attempt: run.attempt, pool: run.pool, request: request as unknown as ValueObject, warnings };
}

const CLOUD_RUN: Vendor = {
  name: "Cloud Run",
  secret: ({ pointers }) =>
    `contains a secret (${pointers.join(", ")}), and a Cloud Run job shows it to everyone who may read the job: put it into Secret Manager and name it in env_from_secrets, or pass it in env`,
};

/** Who could read a secret in the Job's words. */
const SHOWN = "everyone who may read the job could read it. Pass it in env, or by env_from_secrets";

const BODY = "job_configuration.job_body";
const BODY_TASK = `${BODY}.template.template`;
const BODY_CONTAINER = `${BODY_TASK}.containers[0]`;

/** A copy of the template's `job_body`, with the parts that are filled in. */
function bodyOf(job: ValueObject): { body: ValueObject; task: ValueObject; container: ValueObject } {
  const body = copy(objectAt(job.job_body, BODY));
  const template = objectAt(body.template, `${BODY}.template`);
  const task = objectAt(template.template, BODY_TASK);
  if (!Array.isArray(task.containers) || task.containers.length === 0)
    throw new UserError(`${BODY_TASK}.containers: must be a list with the run's container first`);
  return { body, task, container: objectAt(task.containers[0], BODY_CONTAINER) };
}

function copy(value: ValueObject): ValueObject {
  const deep = (inner: Value): Value => {
    if (inner instanceof Secret || inner === null || typeof inner !== "object") return inner;
    return Array.isArray(inner) ? inner.map(deep) : Object.fromEntries(Object.entries(inner).map(([key, each]) => [key, deep(each)]));
  };
  return deep(value) as ValueObject;
}

function addVariables(container: ValueObject, fromSecrets: Record<string, { secret: string; version: string }>): void {
  const env = listAt(container.env ?? [], `${BODY_CONTAINER}.env`);
  const added = Object.entries(fromSecrets).map(([name, secretKeyRef]) => ({ name, valueSource: { secretKeyRef } }));
  const given = env.filter((each) => !(each instanceof Object && "name" in each && String(each.name) in fromSecrets));
  container.env = [...given, ...added];
  if (container.env.length === 0) delete container.env;
}

/** A variable that the run sets replaces the template's from Secret Manager: Cloud Run allows each name once. */
function dropOverridden(container: ValueObject, env: Record<string, unknown>): string[] {
  if (!Array.isArray(container.env)) return [];
  const isLost = (each: Value): each is ValueObject =>
    each instanceof Object && "valueSource" in each && String((each as ValueObject).name) in env;
  const lost = container.env.filter(isLost).map(({ name }) => String(name));
  container.env = container.env.filter((each) => !isLost(each));
  if (container.env.length === 0) delete container.env;
  return lost.map((name) => `${BODY_CONTAINER}.env: the secret "${name}" is not used, because the run sets env.${name}`);
}

function addCloudSql(task: ValueObject, container: ValueObject, instances: Value): void {
  const path = "job_configuration.cloudsql_instances";
  if (instances === null || (Array.isArray(instances) && instances.length === 0)) return;
  for (const [index, each] of listAt(instances, path, "a list of project:region:instance").entries()) {
    if (!/^[^:\s]+(:[^:\s]+){2,3}$/.test(neededTextAt(each, `${path}[${index}]`)))
      throw new UserError(`${path}[${index}]: "${String(each)}" must be project:region:instance`);
  }
  const volumes = Array.isArray(task.volumes) ? task.volumes : [];
  const mounts = Array.isArray(container.volumeMounts) ? container.volumeMounts : [];
  task.volumes = [...volumes, { name: "cloudsql", cloudSqlInstance: { instances } }];
  container.volumeMounts = [...mounts, { name: "cloudsql", mountPath: "/cloudsql" }];
}

/** The API refuses a connector that is null, but the template has one if none is given. */
function dropEmptyConnector(task: ValueObject): void {
  const access = task.vpcAccess;
  if (access === null || (access !== undefined && Object.values(access).every((value) => value === null))) delete task.vpcAccess;
}

function timeoutOf(value: Value, run: RunToPlan): number | null {
  const path = "job_configuration.timeout";
  if (value === null) return run.timeoutSeconds;
  const [, seconds] = /^(\d+(?:\.\d+)?)s?$/.exec(String(value)) ?? [];
  if (seconds === undefined || Number(seconds) <= 0)
    throw new UserError(`${path}: must be a number of seconds over 0, not ${JSON.stringify(value)}`);
  if (Number(seconds) > MAX_TIMEOUT)
    throw new UserError(`${path}: Cloud Run accepts at most ${MAX_TIMEOUT} seconds (7 days), not ${seconds}`);
  return Number(seconds);
}

/** Use Prefect's base image for the run's container if none is given. @returns the warning for that */
function withImage(job: JsonObject): string[] {
  const [own] = (job as { template: { template: { containers: { image?: string }[] } } }).template.template.containers;
  if (!own || (own.image !== undefined && own.image.trim() !== "")) return [];
  own.image = PREFECT_BASE_IMAGE;
  return [BASE_IMAGE_TAKEN];
}

/** Checks that need the whole job: numbers within their limits, one task, an image. */
function checkShape(job: JsonObject): void {
  const { template } = job as { template: { taskCount?: number; parallelism?: number; template: JsonObject } };
  if ((template.taskCount ?? 1) !== 1) throw new UserError(`${BODY}.template.taskCount: a flow run is one task, not ${template.taskCount}`);
  if ((template.parallelism ?? 0) > 1)
    throw new UserError(`${BODY}.template.parallelism: a flow run is one task, not ${template.parallelism}`);
  const { maxRetries = 0, containers } = template.template as {
    maxRetries?: number;
    containers: { image?: string; name?: string; resources?: { limits?: Record<string, string> } }[];
  };
  if (maxRetries < 0 || maxRetries > MAX_RETRIES)
    throw new UserError(`${BODY_TASK}.maxRetries: Cloud Run retries a task 0 to ${MAX_RETRIES} times, not ${maxRetries}`);
  // Google's own default is 3: a flow run would be repeated although nobody requested it.
  template.template.maxRetries = maxRetries;
  for (const [index, container] of containers.entries()) {
    const path = `${BODY_TASK}.containers[${index}]`;
    if (container.image === undefined || container.image.trim() === "")
      throw new UserError(`${path}.image is missing: name the image to run`);
    if (/\s/.test(container.image)) throw new UserError(`${path}.image: "${container.image}" contains spaces`);
    if (container.resources?.limits && containers.length === 1) checkResources(container.resources.limits, `${path}.resources.limits`);
    if (containers.length > 1 && container.name === undefined)
      throw new UserError(`${path}.name is missing: a job with several containers must name each of them`);
  }
}

function containerName(job: JsonObject): { container?: string } {
  const { containers } = (job as { template: { template: { containers: { name?: string }[] } } }).template.template;
  const name = containers[0]?.name;
  return name === undefined ? {} : { container: name };
}

/** A Job that starts by itself, with everything in it. */
function ownJob(shape: JsonObject, args: string[], env: Record<string, string | Secret>, timeout: number | null): JsonObject {
  const job = structuredClone(shape) as JsonObject & { template: { template: JsonObject & { containers: JsonObject[] } } };
  const [container] = job.template.template.containers;
  if (container) {
    if (args.length > 0) container.args = args;
    const given = (container.env ?? []) as JsonObject[];
    const own = Object.entries(env).map(([name, value]) => ({ name, value: shown(name, value) }));
    container.env = [...given.filter((each) => !(String(each.name) in env)), ...own];
  }
  if (timeout !== null) job.template.template.timeout = `${timeout}s`;
  return { ...job, startExecutionToken: EXECUTION_TOKEN };
}

function shown(name: string, value: string | Secret): string {
  if (!(value instanceof Secret)) return value;
  throw new UserError(
    `job_configuration.env.${name} contains a secret (${value.pointers.join(", ")}), and with job_per_run the job would contain it: put it into Secret Manager and name it in env_from_secrets, or leave job_per_run out`,
  );
}

function deploymentOf({ labels }: ValueObject, run: RunToPlan): string {
  const given = (labels ?? {}) as ValueObject;
  const parts = ["prefect.io/flow-name", "prefect.io/deployment-name"].map((key) => given[key]).filter((part) => typeof part === "string");
  return parts.length > 0 ? parts.join("-") : run.pool;
}

/** The pool decides who submits: the template's credentials are only compared with its own, and sent nowhere. */
function checkCredentials(credentials: Value, { project, clientEmail }: PoolIdentity): void {
  const path = "job_configuration.credentials";
  if (!isObject(credentials)) return;
  const info = credentials.service_account_info;
  const known = info instanceof Secret ? (info.known ? info.reveal() : null) : (info ?? null);
  const email = known !== null && typeof known === "object" && "client_email" in known ? known.client_email : undefined;
  if (typeof email === "string" && clientEmail !== undefined && email !== clientEmail)
    throw new UserError(
      `${path}: it is the key of ${email}, but runs are submitted with the work pool's key, which belongs to ${clientEmail}`,
    );
  const other = credentials.project;
  if (typeof other === "string" && project !== undefined && other !== project)
    throw new UserError(`${path}.project: "${other}" is not the project of the work pool, whose runs go to project "${project}"`);
}

function secretWarnings(env: CloudRunRequest["overrides"]["env"]): string[] {
  const names = Object.keys(env).filter((name) => env[name] instanceof Secret);
  if (names.length === 0) return [];
  return [
    `${names.join(", ")}: Cloud Run shows a variable's value to everyone who may read the execution; put it into Secret Manager and name it in env_from_secrets to hide it`,
  ];
}

function serviceAccountWarnings(job: JsonObject): string[] {
  const { serviceAccount } = (job as { template: { template: { serviceAccount?: string } } }).template.template;
  if (serviceAccount !== undefined) return [];
  return [
    "service_account_name is not set: the run acts as the project's default Compute Engine service account, which often may do anything",
  ];
}
