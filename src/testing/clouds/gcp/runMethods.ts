import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { operationError } from "./executionConditions";
import { asJson, cancelExecution, deleteExecution, executionNamed, isOver, type Overrides, startExecution } from "./executions";
import { type Call, type Method, PLACE, path } from "./googleCall";
import { GoogleError } from "./googleError";
import type { World } from "./googleWorld";
import { describedBy, filled, jobNamed, newJob, startProblem } from "./jobs";
import { type Execution, type ExecutionTemplate, etagOf, idOf, type Job } from "./runResources";

const V2 = ".google.cloud.run.v2";
const JOB = `${V2}.Job`;
const EXECUTION = `${V2}.Execution`;
const OPERATION = ".google.longrunning.Operation";

/** Cloud Run's v2 API for jobs (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs). */
export const RUN_METHODS: readonly Method[] = [
  {
    id: "run.jobs.create",
    verb: "POST",
    pattern: path("v2", `${PLACE}/jobs`),
    request: JOB,
    reply: OPERATION,
    quota: "write",
    handle: (call) => {
      const { world, member, query, body } = call;
      const parent = parentOf(call);
      const jobId = query.get("jobId") ?? "";
      demand(call, "run.jobs.create", `${parent}/jobs/${jobId}`);
      const job = newJob(world, parent, jobId, body, emailOf(member));
      world.iam.demandActAs(member, project(call), job.template.template.serviceAccount ?? "");
      if (query.get("validateOnly") === "true") return operation(world, parent, "job", job);
      world.jobs.set(job.name, job);
      reconcile(world, job, () => {
        if (job.startExecutionToken !== undefined) startExecution(world, job, {}, emailOf(member), job.startExecutionToken);
      });
      return operation(world, parent, "job", job);
    },
  },
  {
    id: "run.jobs.get",
    verb: "GET",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)`),
    reply: JOB,
    quota: "read",
    handle: (call) => {
      demand(call, "run.jobs.get", jobOf(call));
      return asJson(jobNamed(call.world, jobOf(call)));
    },
  },
  {
    id: "run.jobs.list",
    verb: "GET",
    pattern: path("v2", `${PLACE}/jobs`),
    reply: `${V2}.ListJobsResponse`,
    quota: "read",
    handle: (call) => {
      demand(call, "run.jobs.list", parentOf(call));
      const all = [...call.world.jobs.values()].filter(({ name }) => name.startsWith(`${parentOf(call)}/jobs/`));
      return page("jobs", all.map(asJson), call.query);
    },
  },
  {
    id: "run.jobs.update",
    verb: "PATCH",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)`),
    request: JOB,
    reply: OPERATION,
    quota: "write",
    handle: (call) => {
      const { world, member, body } = call;
      demand(call, "run.jobs.update", jobOf(call));
      const job = jobNamed(world, jobOf(call));
      checkEtag(job, body.etag);
      // There is no update mask: a field that is not given is removed.
      for (const field of ["labels", "annotations", "client", "clientVersion", "binaryAuthorization"] as const) delete job[field];
      Object.assign(job, describedBy(body));
      job.lastModifier = emailOf(member);
      job.template = filled(body.template as unknown as ExecutionTemplate, world, project(call));
      world.iam.demandActAs(member, project(call), job.template.template.serviceAccount ?? "");
      job.generation = String(Number(job.generation) + 1);
      job.updateTime = world.clock.now();
      job.etag = etagOf(job.name, job.updateTime);
      job.reconciling = true;
      job.terminalCondition = { ...job.terminalCondition, state: "CONDITION_PENDING" };
      reconcile(world, job);
      return operation(world, parentOf(call), "job", job);
    },
  },
  {
    id: "run.jobs.delete",
    verb: "DELETE",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)`),
    reply: OPERATION,
    quota: "write",
    handle: (call) => {
      const { world } = call;
      demand(call, "run.jobs.delete", jobOf(call));
      const job = jobNamed(world, jobOf(call));
      checkEtag(job, call.query.get("etag"));
      const now = world.clock.now();
      const deleted: Job = {
        ...job,
        generation: String(Number(job.generation) + 1),
        deleteTime: now,
        expireTime: new Date(Date.parse(now) + 30 * 86_400_000).toISOString().replace("Z", `${now.slice(23, 26)}Z`),
        reconciling: true,
        terminalCondition: { ...job.terminalCondition, state: "CONDITION_PENDING" },
      };
      world.deleteJob(job.name);
      const started = operation(world, parentOf(call), "job", deleted);
      reconcile(world, deleted);
      return started;
    },
  },
  {
    id: "run.jobs.run",
    verb: "POST",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+):run`),
    request: `${V2}.RunJobRequest`,
    reply: OPERATION,
    quota: "run",
    handle: (call) => {
      const { world, member, body } = call;
      demand(call, "run.jobs.run", jobOf(call));
      if (body.overrides !== undefined) demand(call, "run.jobs.runWithOverrides", jobOf(call));
      const job = jobNamed(world, jobOf(call));
      checkEtag(job, body.etag);
      world.iam.demandActAs(member, project(call), job.template.template.serviceAccount ?? "");
      if (job.terminalCondition.state !== "CONDITION_SUCCEEDED")
        throw new GoogleError("FAILED_PRECONDITION", `Job ${idOf(job.name)} is not ready and cannot be run.`);
      if (body.validateOnly === true) return operation(world, parentOf(call), "job", job);
      const execution = startExecution(world, job, (body.overrides ?? {}) as Overrides, emailOf(member));
      return operation(world, parentOf(call), "run", execution);
    },
  },
  {
    id: "run.executions.get",
    verb: "GET",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)/executions/(?<execution>[^/:]+)`),
    reply: EXECUTION,
    quota: "read",
    handle: (call) => {
      demand(call, "run.executions.get", executionOf(call));
      return asJson(executionNamed(call.world, executionOf(call)));
    },
  },
  {
    id: "run.executions.list",
    verb: "GET",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)/executions`),
    reply: `${V2}.ListExecutionsResponse`,
    quota: "read",
    handle: (call) => {
      const { world, query } = call;
      demand(call, "run.executions.list", jobOf(call));
      const prefix = call.path.job === "-" ? `${parentOf(call)}/jobs/` : `${jobOf(call)}/`;
      const visible = Date.now() - world.options.listLag;
      const all = [...world.executions.values()].filter(
        ({ name, createTime }) => name.startsWith(prefix) && Date.parse(createTime) <= visible,
      );
      return page(
        "executions",
        all.reverse().map((each) => each as unknown as JsonObject),
        query,
      );
    },
  },
  {
    id: "run.executions.cancel",
    verb: "POST",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)/executions/(?<execution>[^/:]+):cancel`),
    request: `${V2}.CancelExecutionRequest`,
    reply: OPERATION,
    quota: "write",
    handle: (call) => {
      demand(call, "run.executions.cancel", executionOf(call));
      const execution = executionNamed(call.world, executionOf(call));
      cancelExecution(call.world, execution);
      return operation(call.world, parentOf(call), "run", execution);
    },
  },
  {
    id: "run.executions.delete",
    verb: "DELETE",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)/executions/(?<execution>[^/:]+)`),
    reply: OPERATION,
    quota: "write",
    handle: (call) => {
      demand(call, "run.executions.delete", executionOf(call));
      const execution = executionNamed(call.world, executionOf(call));
      deleteExecution(call.world, execution);
      return operation(call.world, parentOf(call), "run", { ...execution, deleteTime: call.world.clock.now() });
    },
  },
  {
    id: "run.tasks.list",
    verb: "GET",
    pattern: path("v2", `${PLACE}/jobs/(?<job>[^/:]+)/executions/(?<execution>[^/:]+)/tasks`),
    reply: `${V2}.ListTasksResponse`,
    quota: "read",
    handle: (call) => {
      demand(call, "run.tasks.list", executionOf(call));
      const execution = executionNamed(call.world, executionOf(call));
      const tasks = [...call.world.tasks.values()].filter(({ name }) => name.startsWith(`${execution.name}/`));
      return page("tasks", tasks.map(asJson), call.query);
    },
  },
  {
    id: "run.operations.get",
    verb: "GET",
    pattern: path("v2", `${PLACE}/operations/(?<operation>[^/:]+)`),
    reply: OPERATION,
    quota: "read",
    handle: (call) => {
      demand(call, "run.operations.get", parentOf(call));
      const name = `${parentOf(call)}/operations/${call.path.operation}`;
      const known = call.world.operations.get(name);
      if (!known || "response" in known) throw new GoogleError("NOT_FOUND", `Operation ${name} not found.`);
      return shown(name, known.kind, known.of);
    },
  },
];

function project(call: Call): string {
  return call.path.project ?? "";
}

function parentOf({ path: { project, region } }: Call): string {
  return `projects/${project}/locations/${region}`;
}

function jobOf(call: Call): string {
  return `${parentOf(call)}/jobs/${call.path.job}`;
}

function executionOf(call: Call): string {
  return `${jobOf(call)}/executions/${call.path.execution}`;
}

function demand(call: Call, permission: string, resource: string): void {
  call.world.iam.demand(call.member, permission, project(call), resource);
}

function emailOf(member: string): string {
  return member.slice(member.indexOf(":") + 1);
}

function checkEtag(job: Job, etag: unknown): void {
  if (typeof etag === "string" && etag !== "" && etag !== job.etag)
    throw new GoogleError(
      "ABORTED",
      `Conflict for resource '${idOf(job.name)}': version '${etag}' was specified but current version is '${job.etag}'.`,
    );
}

/** Make a Job ready, or find why it cannot be. */
function reconcile(world: World, job: Job, whenReady = () => {}): void {
  world.background.later(world.options.reconcile / 2, () => {
    const lastTransitionTime = job.terminalCondition.lastTransitionTime ?? world.clock.now();
    if (job.reconciling) job.terminalCondition = { type: "Ready", state: "CONDITION_RECONCILING", lastTransitionTime };
  });
  world.background.later(world.options.reconcile, () => {
    const problem = job.deleteTime === undefined ? startProblem(world, job.name.split("/")[1] ?? "", job.template.template) : undefined;
    delete job.reconciling;
    job.observedGeneration = job.generation;
    const lastTransitionTime = job.terminalCondition.lastTransitionTime ?? world.clock.now();
    job.terminalCondition = problem
      ? { type: "Ready", state: "CONDITION_FAILED", lastTransitionTime, message: problem.message, reason: problem.reason }
      : { type: "Ready", state: "CONDITION_SUCCEEDED", lastTransitionTime };
    if (!problem) whenReady();
  });
}

function operation(world: World, parent: string, kind: "job" | "run", of: Job | Execution): JsonObject {
  const name = `${parent}/operations/${randomUUID()}`;
  world.operations.set(name, { kind, of });
  return shown(name, kind, of);
}

/** An operation of a Job is done when the Job is ready; one of a run, when the run has ended. */
function shown(name: string, kind: "job" | "run", of: Job | Execution): JsonObject {
  const type = kind === "job" ? "Job" : "Execution";
  // The metadata does not contain a Job's uid.
  const { uid, ...rest } = asJson(of);
  const metadata: JsonObject = {
    "@type": `type.googleapis.com/google.cloud.run.v2.${type}`,
    ...(kind === "job" ? rest : { uid: uid as string, ...rest }),
  };
  const done = kind === "job" ? !(of as Job).reconciling : isOver(of as Execution);
  if (!done) return { name, metadata };
  const error = kind === "run" ? operationError(of as Execution) : undefined;
  if (error) return { name, metadata, done: true, error };
  return { name, metadata, done: true, response: { "@type": metadata["@type"] as string, ...asJson(of) } };
}

function page(key: string, all: readonly JsonObject[], query: URLSearchParams): JsonObject {
  const size = Math.min(Number(query.get("pageSize") ?? 0) || 100, 1000);
  const from = Number(query.get("pageToken") ?? 0);
  const some = all.slice(from, from + size);
  return { ...(some.length > 0 ? { [key]: some } : {}), ...(from + size < all.length ? { nextPageToken: String(from + size) } : {}) };
}
