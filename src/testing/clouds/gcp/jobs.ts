import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { GoogleError, notFound } from "./googleError";
import type { World } from "./googleWorld";
import type { ContainerSpec, ExecutionTemplate, Job, TaskTemplate } from "./runResources";
import { etagOf, idOf } from "./runResources";

/** Cloud Run's errors about an image that it cannot fetch, and their reasons. */
const IMAGE_PROBLEMS = {
  missing: { reason: "CONTAINER_MISSING", message: (image: string) => `Image '${image}' not found.` },
  foreign: {
    reason: "CONTAINER_IMAGE_INVALID",
    message: () => "Container manifest type 'application/vnd.oci.image.index.v1+json' must support amd64/linux.",
  },
  denied: {
    reason: "CONTAINER_PERMISSION_DENIED",
    message: (image: string, agent: string) =>
      `Google Cloud Run Service Agent ${agent} must have permission to read the image, ${image}. Ensure that the provided container image URL is correct and that the above account has permission to access the image.`,
  },
} as const;

/** A new Job, as in the API's reply: checked, with all defaults, not ready yet. */
export function newJob(world: World, parent: string, jobId: string, given: JsonObject, creator: string): Job {
  const [, project = "", , region = ""] = parent.split("/");
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(jobId)) {
    throw new GoogleError(
      "INVALID_ARGUMENT",
      `Violation in CreateJobRequest.job_id: must be lowercase letters, digits and hyphens, begin with a letter, not end with a hyphen, and have less than 64 characters: ${jobId}`,
    );
  }
  const name = `${parent}/jobs/${jobId}`;
  if (world.jobs.has(name)) throw new GoogleError("ALREADY_EXISTS", `Resource '${jobId}' already exists.`);
  const now = world.clock.now();
  const token = given.startExecutionToken as string | undefined;
  if (token !== undefined && jobId.length + token.length + 1 > 63)
    throw new GoogleError("INVALID_ARGUMENT", "The sum of job name and token length must be fewer than 63 characters.");
  return {
    name,
    uid: randomUUID(),
    generation: "1",
    ...describedBy(given),
    createTime: now,
    updateTime: now,
    creator,
    lastModifier: creator,
    template: filled(given.template as unknown as ExecutionTemplate | undefined, world, project),
    terminalCondition: { state: "CONDITION_PENDING" },
    latestCreatedExecution: {},
    reconciling: true,
    ...(token === undefined ? {} : { startExecutionToken: token }),
    etag: etagOf(`projects/${project}/locations/${region}/jobs/${jobId}`, now),
  };
}

/** What a caller sets in a Job besides its template. */
export function describedBy(
  given: JsonObject,
): Pick<Job, "labels" | "annotations" | "client" | "clientVersion" | "launchStage" | "binaryAuthorization"> {
  return {
    ...(given.labels ? { labels: checkedLabels(given.labels as Record<string, string>) } : {}),
    ...(given.annotations ? { annotations: checkedAnnotations(given.annotations as Record<string, string>) } : {}),
    ...(given.client ? { client: given.client as string } : {}),
    ...(given.clientVersion ? { clientVersion: given.clientVersion as string } : {}),
    launchStage: launchStageOf(given.launchStage),
    ...(given.binaryAuthorization ? { binaryAuthorization: given.binaryAuthorization as JsonObject } : {}),
  };
}

/** A Job with only generally available features is returned as GA. */
function launchStageOf(given: unknown): string {
  return given === "ALPHA" ? "ALPHA" : "GA";
}

/** @throws {GoogleError} if Google would refuse the template */
export function filled(template: ExecutionTemplate | undefined, world: World, project: string): ExecutionTemplate {
  const task = template?.template;
  if (!template || !task?.containers || task.containers.length === 0)
    throw new GoogleError("INVALID_ARGUMENT", "template.template.containers: The job template must have at least one container.");
  const retries = task.maxRetries ?? 3;
  if (retries < 0 || retries > 10) throw new GoogleError("INVALID_ARGUMENT", "template.template.max_retries: must be between 0 and 10.");
  const timeout = task.timeout ?? "600s";
  checkTimeout(timeout, "template.template.timeout");
  if (template.labels) checkedLabels(template.labels);
  if (template.annotations) checkedAnnotations(template.annotations);
  checkVolumes(task);
  return {
    ...template,
    taskCount: template.taskCount ?? 1,
    template: {
      ...task,
      containers: task.containers.map((container, index) => filledContainer(container, index, task.containers.length)),
      maxRetries: retries,
      timeout,
      serviceAccount: task.serviceAccount ?? `${world.numberOf(project)}-compute@developer.gserviceaccount.com`,
      executionEnvironment: task.executionEnvironment ?? "EXECUTION_ENVIRONMENT_GEN2",
    } satisfies TaskTemplate,
  };
}

function filledContainer(container: ContainerSpec, index: number, count: number): ContainerSpec {
  const path = `template.template.containers[${index}]`;
  if (!container.image) throw new GoogleError("INVALID_ARGUMENT", `${path}.image: The container image is required.`);
  const env = container.env ?? [];
  if (env.length > 1000) throw new GoogleError("INVALID_ARGUMENT", `${path}.env: must have at most 1000 variables.`);
  const seen = new Set<string>();
  for (const { name, value = "" } of env) {
    if (seen.has(name)) throw new GoogleError("INVALID_ARGUMENT", `${path}.env: duplicate name ${name}.`);
    seen.add(name);
    checkVariable(name, value, path);
  }
  const usual = { cpu: "1000m", memory: count > 1 ? "256Mi" : "512Mi" };
  const startupProbe = container.startupProbe && filledProbe(container.startupProbe);
  return {
    ...container,
    ...(startupProbe ? { startupProbe } : {}),
    resources: { ...container.resources, limits: { ...usual, ...container.resources?.limits } },
  };
}

function filledProbe(probe: JsonObject): JsonObject {
  const http = probe.httpGet as JsonObject | undefined;
  return {
    failureThreshold: 3,
    periodSeconds: 10,
    timeoutSeconds: 1,
    ...probe,
    ...(http ? { httpGet: { port: 8080, ...http } } : {}),
  };
}

export function checkVariable(name: string, value: string, path: string): void {
  if (name === "" || name.includes("=")) throw new GoogleError("INVALID_ARGUMENT", `${path}.env: invalid name ${JSON.stringify(name)}.`);
  if (Buffer.byteLength(value) > 32_768) throw new GoogleError("INVALID_ARGUMENT", `${path}.env.${name}: must have at most 32768 bytes.`);
}

export function checkTimeout(timeout: string, path: string): void {
  const seconds = Number.parseFloat(timeout);
  if (seconds < 1 || seconds > 604_800) throw new GoogleError("INVALID_ARGUMENT", `${path}: must be between 1s and 604800s.`);
}

/** Namespaces that are reserved for Google. */
const RESERVED = /^(run|cloud)\.googleapis\.com|^(serving|autoscaling)\.knative\.dev/;

function checkedAnnotations(annotations: Record<string, string>): Record<string, string> {
  for (const key of Object.keys(annotations))
    if (RESERVED.test(key)) throw new GoogleError("INVALID_ARGUMENT", `annotations: the namespace of ${key} is not allowed.`);
  return annotations;
}

/** Each mount names a volume. One of Cloud SQL is at /cloudsql or has no path (google/cloud/run/v2/k8s.min.proto). */
function checkVolumes({ volumes = [], containers }: TaskTemplate): void {
  for (const [index, { volumeMounts = [] }] of containers.entries()) {
    for (const [at, { name = "", mountPath = "" }] of volumeMounts.entries()) {
      const path = `template.template.containers[${index}].volume_mounts[${at}]`;
      const volume = volumes.find((each) => each.name === name);
      if (!volume) throw new GoogleError("INVALID_ARGUMENT", `${path}.name: Volume with name ${name} does not exist.`);
      if (mountPath.includes(":")) throw new GoogleError("INVALID_ARGUMENT", `${path}.mount_path: must not contain ':'.`);
      if (volume.cloudSqlInstance ? !["", "/cloudsql"].includes(mountPath) : mountPath === "")
        throw new GoogleError(
          "INVALID_ARGUMENT",
          volume.cloudSqlInstance
            ? `${path}.mount_path: the mount path of a Cloud SQL volume must be /cloudsql or empty, not ${mountPath}.`
            : `${path}.mount_path: must be set.`,
        );
    }
  }
}

function checkedLabels(labels: Record<string, string>): Record<string, string> {
  if (Object.keys(labels).length > 64) throw new GoogleError("INVALID_ARGUMENT", "labels: at most 64 are allowed.");
  for (const [key, value] of Object.entries(labels)) {
    if (RESERVED.test(key)) throw new GoogleError("INVALID_ARGUMENT", `labels: the namespace of ${key} is not allowed.`);
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(key) || !/^[a-z0-9_-]{0,63}$/.test(value))
      throw new GoogleError(
        "INVALID_ARGUMENT",
        `labels: ${key}=${value} must be lowercase letters, digits, underscores and dashes, at most 63.`,
      );
  }
  return labels;
}

/** Why a task of this template cannot start; `undefined` if it can. */
export function startProblem(world: World, project: string, task: TaskTemplate): { reason: string; message: string } | undefined {
  const agent = `service-${world.numberOf(project)}@serverless-robot-prod.iam.gserviceaccount.com`;
  for (const { image, env = [] } of task.containers) {
    const access = accessTo(world, image);
    if (access !== "there") {
      const { reason, message } = IMAGE_PROBLEMS[access];
      return { reason, message: message(image, agent) };
    }
    for (const { valueSource } of env) {
      if (!valueSource) continue;
      const { secret, version } = valueSource.secretKeyRef;
      const member = `serviceAccount:${task.serviceAccount}`;
      const may = world.iam.may(member, "secretmanager.versions.access", [`projects/${project}`, `secrets/${idOf(secret)}`]);
      if (may && world.secretValue(secret, version) !== undefined) continue;
      return {
        reason: "SECRETS_ACCESS_CHECK_FAILED",
        message: `Permission denied on secret: projects/${world.numberOf(project)}/secrets/${idOf(secret)}/versions/${version} for Revision service account ${task.serviceAccount}. The service account used must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level.`,
      };
    }
  }
  return undefined;
}

/** What Cloud Run finds when it fetches an image. What a test says of it comes first. */
function accessTo(world: World, image: string): "there" | keyof typeof IMAGE_PROBLEMS {
  const { access } = world.images.get(image) ?? {};
  if (access !== undefined) return access;
  if (world.registry.lacks(image)) return "missing";
  return world.registry.isForeign(image, "linux/amd64") ? "foreign" : "there";
}

/** @throws {GoogleError} 404 */
export function jobNamed(world: World, name: string): Job {
  const job = world.jobs.get(name);
  if (job) return job;
  const [, project = "", , region = "", , id = ""] = name.split("/");
  throw notFound("JOB", id, region, project);
}
