import type { protos, v2 } from "@google-cloud/run";
import type { JsonObject } from "../../json";
import type { UserError } from "../../userError";
import { CALL_TIMEOUT, type CallListener, type CallOptions, openCalls } from "../cloud/calls";
import { CloudFailure } from "../cloud/failure";
import { doLastStep } from "../cloud/lastStep";
import { once } from "../cloud/once";
import { type Page, pageOf } from "../cloud/pages";
import type { SharedNotes } from "../target";
import { type CloudRunBucket, cloudRunBucket } from "./cloudRunBuckets";
import { parentOf } from "./cloudRunNames";
import { conditionFacts, type ExecutionFacts, executionFacts, type TaskFacts, taskFacts, timeText } from "./facts";
import { type Access, loaded } from "./googleAccess";
import { asFailure, type GoogleFailure } from "./googleFailures";
import { refusal } from "./googleRefusals";
import { getToken, withFreshToken } from "./googleToken";
import { jobMessage, type RunOverrides, runMessage } from "./sdkMessages";

/** The fields of a Job that matter here. */
export interface JobFacts {
  ready: "yes" | "no" | "not yet";
  /** Why it is not ready. */
  problem: string;
}

/** A Job in a list. */
export interface FoundJob {
  name: string;
  id: string;
  labels: Record<string, string>;
  etag: string;
  serviceAccount?: string;
  /** When it was created, or last began or ended an execution, in milliseconds. */
  usedAt: number;
  /** Whether its latest execution is still running. */
  busy: boolean;
}

/** The calls of this target. Each may throw a {@link CloudFailure}. Those that are safe to repeat are repeated. */
export interface RunApi {
  createJob(parent: string, jobId: string, job: JsonObject, options?: CallOptions): Promise<void>;
  getJob(name: string, signal?: AbortSignal): Promise<JobFacts>;
  /** @param etag delete it only if it has not changed since */
  deleteJob(name: string, signal?: AbortSignal, etag?: string): Promise<void>;
  /** One page of the Jobs of a region. */
  listJobs(parent: string, pageToken?: string, signal?: AbortSignal): Promise<Page<FoundJob>>;
  /** Not repeated: after an unclear reply, the caller must find out whether to call again. @returns the execution's name */
  runJob(name: string, overrides: RunOverrides, options: Pick<CallOptions, "lastStep">): Promise<string>;
  getExecution(name: string, signal?: AbortSignal): Promise<ExecutionFacts>;
  /**
   * One page, newest first, if Google keeps that order.
   * @param parent a Job's name, or `…/jobs/-` for all
   * @param what `state`: without the templates, which are most of it, and without the times of the conditions; `marker`: complete
   */
  listExecutions(parent: string, what: "state" | "marker", pageToken?: string, signal?: AbortSignal): Promise<Page<ExecutionFacts>>;
  /** The first task of an execution. */
  getTask(execution: string, signal?: AbortSignal): Promise<TaskFacts | undefined>;
  cancelExecution(name: string, signal?: AbortSignal): Promise<void>;
}

/** The fields of executions that determine their state (https://cloud.google.com/apis/docs/system-parameters). */
const STATE_MASK = [
  "nextPageToken",
  ...["name", "createTime", "startTime", "completionTime", "deleteTime"].map((field) => `executions.${field}`),
  ...["type", "state", "message", "reason", "executionReason"].map((field) => `executions.conditions.${field}`),
].join(",");

/** The fields of Jobs that show their owner and their last use. */
const JOB_MASK = [
  "nextPageToken",
  ...["name", "labels", "etag", "createTime", "latestCreatedExecution", "template.template.serviceAccount"].map((field) => `jobs.${field}`),
].join(",");

/** Executions and Jobs in one page. */
const PAGE = 100;

/** A decoded part of an operation. */
type Message = ReturnType<v2.JobsClient["descriptors"]["longrunning"][string]["metadataDecoder"]>;
type Clients = { jobs: v2.JobsClient; executions: v2.ExecutionsClient; tasks: v2.TasksClient };

/** Open it. Its calls are repeated as long as that may help. */
export function openRunApi(access: Access, notes: SharedNotes, listener: CallListener): RunApi {
  const clients = once(() => openClients(access));
  const call = openCalls({ cloud: "Google", pool: access.pool, createdAt: access.createdAt, notes, ...listener, asFailure });

  /** @param name in the region whose quota counts: `projects/P/locations/R/…` */
  function asked<T>(bucket: CloudRunBucket, name: string, options: CallOptions, work: (clients: Clients) => Promise<T>): Promise<T> {
    return call(
      "Google Cloud Run",
      [cloudRunBucket(bucket, parentOf(name))],
      () => withFreshToken(access, async () => work(await clients())),
      // Opening the clients takes a while, too.
      { ...options, login: () => Promise.all([clients(), getToken(access)]) },
    );
  }

  const options = { timeout: CALL_TIMEOUT, maxRetries: 0 };
  const aPage = (parent: string, token: string | undefined) => ({
    parent,
    pageSize: PAGE,
    ...(token === undefined ? {} : { pageToken: token }),
  });
  const masked = (mask: string) => ({ otherArgs: { headers: { "x-goog-fieldmask": mask } } });
  return {
    createJob: async (parent, jobId, job, each = {}) => {
      await asked("write", parent, each, ({ jobs }) => jobs.createJob({ parent, jobId, job: jobMessage(job) }, options));
    },
    getJob: (name, signal) => asked("read", name, { signal }, async ({ jobs }) => jobFacts((await jobs.getJob({ name }, options))[0])),
    deleteJob: async (name, signal, etag) => {
      await asked("write", name, { signal }, ({ jobs }) => jobs.deleteJob({ name, ...(etag === undefined ? {} : { etag }) }, options));
    },
    listJobs: (parent, token, signal) =>
      asked("read", parent, { signal }, async ({ jobs }) => {
        const [found, , reply] = await jobs.listJobs(aPage(parent, token), { ...options, ...masked(JOB_MASK), autoPaginate: false });
        return pageOf(found.map(foundJob), reply?.nextPageToken);
      }),
    runJob: (name, overrides, { lastStep }) =>
      asked("run", name, { repeatable: false, lastStep }, async ({ jobs }) => {
        const [operation] = await jobs.runJob({ name, overrides: runMessage(overrides) }, options);
        // The operation is done only when the run is; its metadata has the execution from the start.
        const started = (operation.metadata as protos.google.cloud.run.v2.IExecution | null)?.name;
        if (!started) throw new CloudFailure("unclear", "the reply to jobs.run names no execution");
        return started;
      }),
    getExecution: (name, signal) =>
      asked("read", name, { signal }, async ({ executions }) => executionFacts((await executions.getExecution({ name }, options))[0])),
    listExecutions: (parent, what, token, signal) =>
      asked("read", parent, { signal }, async ({ executions }) => {
        const mask = what === "state" ? masked(STATE_MASK) : {};
        const [found, , reply] = await executions.listExecutions(aPage(parent, token), { ...options, ...mask, autoPaginate: false });
        const facts = found.map(executionFacts);
        // Until a call's time is over, the SDK's timer keeps the reply in memory, which is large for many pages.
        found.length = 0;
        return pageOf(facts, reply?.nextPageToken);
      }),
    getTask: (execution, signal) =>
      asked("read", execution, { signal }, async ({ tasks }) => {
        const [[task]] = await tasks.listTasks({ parent: execution, pageSize: 1 }, { ...options, autoPaginate: false });
        return task && taskFacts(task);
      }),
    cancelExecution: async (name, signal) => {
      await asked("write", name, { signal }, ({ executions }) => executions.cancelExecution({ name }, options));
    },
  };
}

function foundJob({ name, labels, etag, createTime, latestCreatedExecution, template }: protos.google.cloud.run.v2.IJob): FoundJob {
  const { name: execution, createTime: began, completionTime: ended } = latestCreatedExecution ?? {};
  const serviceAccount = template?.template?.serviceAccount;
  const times = [createTime, began, ended].map((at) => Date.parse(timeText(at) ?? "")).filter((at) => !Number.isNaN(at));
  return {
    name: name ?? "",
    id: (name ?? "").split("/").at(-1) ?? "",
    labels: labels ?? {},
    etag: etag ?? "",
    ...(serviceAccount ? { serviceAccount } : {}),
    // Without a time, it counts as new.
    usedAt: times.length > 0 ? Math.max(...times) : Date.now(),
    busy: Boolean(execution) && timeText(ended) === undefined,
  };
}

function jobFacts(job: protos.google.cloud.run.v2.IJob): JobFacts {
  const condition = job.terminalCondition ? conditionFacts(job.terminalCondition) : undefined;
  if (condition?.state === "SUCCEEDED") return { ready: "yes", problem: "" };
  if (condition?.state !== "FAILED") return { ready: "not yet", problem: "" };
  const { message, reason } = condition;
  return { ready: "no", problem: message === "" ? reason : `${message} (${reason})` };
}

async function openClients(access: Access): Promise<Clients> {
  const [{ v2, protos }, { auth, client }] = await Promise.all([loaded(() => import("@google-cloud/run")), access.auth()]);
  const { protocol, hostname, port } = access.endpoints.run;
  const options = {
    auth,
    // REST: unlike gRPC it passes proxies and private endpoints, and it sends its token over plain HTTP too.
    fallback: true as const,
    apiEndpoint: hostname,
    protocol: protocol.slice(0, -1),
    port: Number(port) || (protocol === "https:" ? 443 : 80),
    ...(access.universeDomain === undefined ? {} : { universeDomain: access.universeDomain }),
  } as unknown as ConstructorParameters<typeof v2.JobsClient>[0];
  client.transporter.interceptors.request.add({
    resolved: async (request) => {
      // The login sends requests, too.
      if (request.url.origin === access.endpoints.run.origin && request.url.pathname.startsWith("/v2/")) await doLastStep();
      return request;
    },
  });
  const jobs = new v2.JobsClient(options);
  readOperations(jobs, protos.google.cloud.run.v2.Execution);
  return { jobs, executions: new v2.ExecutionsClient(options), tasks: new v2.TasksClient(options) };
}

/**
 * Decode only what is used of the operations in replies: the execution of a run. The SDK's own decoders compile their code at every reply,
 * which costs more than the request: the SDK binds protobufjs's `decode` before that has replaced itself by the compiled one.
 */
function readOperations({ descriptors }: v2.JobsClient, { decode }: typeof protos.google.cloud.run.v2.Execution): void {
  const ignored = () => ({}) as Message;
  for (const [call, descriptor] of Object.entries(descriptors.longrunning)) {
    descriptor.responseDecoder = ignored;
    descriptor.metadataDecoder = call === "runJob" ? (reader) => decode(reader) as unknown as Message : ignored;
  }
}

/** The user's message when a call failed for good. */
export function giveUp(what: string, failure: GoogleFailure, access: Access): UserError {
  return refusal(what, failure, {
    project: access.project ?? "",
    ...(access.clientEmail === undefined ? {} : { clientEmail: access.clientEmail }),
  });
}
