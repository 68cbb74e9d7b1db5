import type { JsonObject } from "../../../json";

/** Cloud Run's resources in the JSON of the v2 API, as far as the fake uses them. */
export interface EnvVar {
  name: string;
  value?: string;
  valueSource?: { secretKeyRef: { secret: string; version: string } };
}

export interface ContainerSpec {
  name?: string;
  image: string;
  command?: string[];
  args?: string[];
  env?: EnvVar[];
  resources?: { limits?: Record<string, string> };
  startupProbe?: JsonObject;
  volumeMounts?: { name?: string; mountPath?: string; subPath?: string }[];
}

export interface VolumeSpec {
  name?: string;
  cloudSqlInstance?: { instances?: string[] };
}

export interface TaskTemplate {
  containers: ContainerSpec[];
  volumes?: VolumeSpec[];
  maxRetries?: number;
  timeout?: string;
  serviceAccount?: string;
  executionEnvironment?: string;
}

export interface ExecutionTemplate {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  taskCount?: number;
  parallelism?: number;
  template: TaskTemplate;
}

export interface Condition {
  type?: string;
  state: string;
  message?: string;
  lastTransitionTime?: string;
  severity?: string;
  reason?: string;
  executionReason?: string;
}

export interface Job {
  name: string;
  uid: string;
  generation: string;
  observedGeneration?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  createTime: string;
  updateTime: string;
  deleteTime?: string;
  expireTime?: string;
  creator: string;
  lastModifier: string;
  client?: string;
  clientVersion?: string;
  launchStage: string;
  binaryAuthorization?: JsonObject;
  template: ExecutionTemplate;
  terminalCondition: Condition;
  executionCount?: number;
  latestCreatedExecution: { name?: string; createTime?: string; completionTime?: string; completionStatus?: string };
  reconciling?: true;
  startExecutionToken?: string;
  etag: string;
}

export interface Execution {
  name: string;
  uid: string;
  creator: string;
  generation: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  createTime: string;
  startTime?: string;
  completionTime?: string;
  updateTime: string;
  deleteTime?: string;
  launchStage: string;
  job: string;
  parallelism: number;
  taskCount: number;
  template: TaskTemplate;
  reconciling?: true;
  conditions: Condition[];
  observedGeneration?: string;
  runningCount?: number;
  succeededCount?: number;
  failedCount?: number;
  cancelledCount?: number;
  retriedCount?: number;
  logUri: string;
  etag: string;
}

export interface Task extends Partial<TaskTemplate> {
  name: string;
  uid: string;
  generation: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  createTime: string;
  scheduledTime?: string;
  startTime?: string;
  completionTime?: string;
  updateTime: string;
  job: string;
  execution: string;
  reconciling?: true;
  conditions: Condition[];
  observedGeneration?: string;
  index?: number;
  retried?: number;
  lastAttemptResult?: { status?: { code?: number; message?: string }; exitCode?: number; termSignal?: number };
  logUri: string;
  etag: string;
}

export interface Operation {
  name: string;
  metadata: JsonObject;
  done?: true;
  response?: JsonObject;
  error?: { code: number; message: string };
}

/** The last part of a resource's name. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Google's etags contain their own quotes: a time and the resource's name, both in base64. */
export function etagOf(name: string, time: string): string {
  return `"${Buffer.from(time).toString("base64")}/${Buffer.from(name).toString("base64").replaceAll("=", "")}"`;
}

export function logUriOf(project: string, region: string, job: string, execution: string): string {
  const filter = [
    'resource.type="cloud_run_job"',
    `resource.labels.job_name="${job}"`,
    `resource.labels.location="${region}"`,
    `labels."run.googleapis.com/execution_name"="${execution}"`,
  ].join("\n");
  return `https://console.cloud.google.com/logs/viewer?project=${project}&advancedFilter=${encodeURIComponent(filter)}`;
}
