import { randomBytes, randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import type { Container, End } from "../shared/container";
import { cancelled, type Ending, failed, retry, started, WAITING, waiting } from "./executionConditions";
import { GoogleError, notFound } from "./googleError";
import type { World } from "./googleWorld";
import { checkTimeout, checkVariable, startProblem } from "./jobs";
import { Tracebacks } from "./logLines";
import { type ContainerSpec, type Execution, etagOf, idOf, type Job, logUriOf, type Task, type TaskTemplate } from "./runResources";

/** The overrides of `jobs.run`. */
export interface Overrides {
  containerOverrides?: { name?: string; args?: string[]; env?: { name: string; value?: string }[]; clearArgs?: boolean }[];
  taskCount?: number;
  timeout?: string;
}

/** A running execution, with the fake's control over it. */
interface Live {
  container?: Container;
  /** Why it will end before its command does. */
  stopping?: "cancelled" | "timedOut" | "deleted" | "outOfMemory";
}

const live = new WeakMap<Execution, Live>();

/** Cloud Run's messages about attempts since 2025. They are in the task and, after "message: ", in the execution. */
const SAYS = {
  error: "The container exited with an error.",
  signal: "A signal terminated the container.",
  memory: "The configured memory limit was reached.",
  timeout: "The configured timeout was reached.",
};
/** Cloud Run's own log has a longer message in this case. */
const MEMORY_EXCEEDED =
  "Memory limit of 512 MiB exceeded with 541 MiB used. Consider increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits";

/** Start an execution of a Job, as in `jobs.run` and `startExecutionToken`. @throws {GoogleError} if Google would refuse the overrides */
export function startExecution(world: World, job: Job, overrides: Overrides, creator: string, token?: string): Execution {
  const template = overridden(job.template.template, overrides);
  const [, project = "", , region = ""] = job.name.split("/");
  const nameOf = (end: string) => `${job.name}/executions/${idOf(job.name)}-${end}`;
  let name = nameOf(token ?? suffix());
  // Among a few thousand names, two random ones are sometimes equal.
  while (token === undefined && world.executions.has(name)) name = nameOf(suffix());
  const id = idOf(name);
  const now = world.clock.now();
  const execution: Execution = {
    name,
    uid: randomUUID(),
    creator,
    generation: "1",
    ...(job.template.labels ? { labels: job.template.labels } : {}),
    ...(job.template.annotations ? { annotations: job.template.annotations } : {}),
    createTime: now,
    updateTime: now,
    launchStage: job.launchStage,
    job: idOf(job.name),
    parallelism: 1,
    taskCount: overrides.taskCount ?? job.template.taskCount ?? 1,
    template,
    reconciling: true,
    conditions: [{ type: "Completed", state: "CONDITION_PENDING" }],
    logUri: logUriOf(project, region, idOf(job.name), id),
    etag: etagOf(name, now),
  };
  world.executions.set(name, execution);
  job.executionCount = (job.executionCount ?? 0) + 1;
  job.latestCreatedExecution = { name, createTime: now, completionStatus: "EXECUTION_PENDING" };
  live.set(execution, {});
  world.background.later(world.options.start / 2, () => {
    if (execution.startTime === undefined && !isOver(execution)) execution.conditions = waiting(world.clock.now());
  });
  world.background.later(world.options.start, () => {
    if (!isOver(execution)) void run(world, execution, job);
  });
  return execution;
}

function overridden(template: TaskTemplate, { containerOverrides = [], timeout }: Overrides): TaskTemplate {
  if (timeout !== undefined) checkTimeout(timeout, "overrides.timeout");
  const containers = template.containers.map((container): ContainerSpec => {
    const override = containerOverrides.find(
      ({ name }) => (name ?? "") === (container.name ?? "") || (!name && template.containers.length === 1),
    );
    if (!override) return container;
    for (const { name, value = "" } of override.env ?? []) checkVariable(name, value, "overrides.container_overrides[0]");
    const names = new Set(override.env?.map(({ name }) => name));
    const env = [...(container.env ?? []).filter(({ name }) => !names.has(name)), ...(override.env ?? [])];
    if (env.length > 1000)
      throw new GoogleError("INVALID_ARGUMENT", "overrides.container_overrides[0].env: must have at most 1000 variables.");
    const args = override.clearArgs ? [] : override.args && override.args.length > 0 ? override.args : container.args;
    return { ...container, ...(args ? { args } : {}), ...(env.length > 0 ? { env } : {}) };
  });
  for (const { name } of containerOverrides) {
    if (name && !template.containers.some((container) => container.name === name))
      throw new GoogleError("INVALID_ARGUMENT", `overrides.container_overrides: there is no container ${name}.`);
  }
  return { ...template, containers, ...(timeout === undefined ? {} : { timeout }) };
}

async function run(world: World, execution: Execution, job: Job): Promise<void> {
  const [, project = ""] = execution.name.split("/");
  const problem = startProblem(world, project, execution.template);
  if (problem) return end(world, execution, job, failed(problem));
  const task = newTask(world, execution);
  execution.startTime = world.clock.now();
  task.startTime = execution.startTime;
  execution.runningCount = 1;
  execution.conditions = [
    { type: "Completed", state: "CONDITION_RECONCILING", message: WAITING, lastTransitionTime: execution.startTime },
    ...started(execution.startTime),
  ];
  job.latestCreatedExecution.completionStatus = "EXECUTION_RUNNING";

  const retries = execution.template.maxRetries ?? 3;
  let last: Attempt = { ok: false, code: 0 };
  for (let attempt = 0; attempt <= retries; attempt++) {
    if (attempt > 0) {
      task.retried = attempt;
      execution.retriedCount = 1;
    }
    last = await oneAttempt(world, execution, attempt);
    task.lastAttemptResult = last.result;
    const { stopping } = live.get(execution) ?? {};
    if (stopping === "cancelled" || stopping === "deleted" || last.ok) break;
    const state = live.get(execution);
    if (state) delete state.stopping;
  }
  task.completionTime = world.clock.now();
  task.updateTime = task.completionTime;
  task.observedGeneration = "1";
  delete task.reconciling;
  const done = (ending: Ending) => {
    const { message: _, executionReason: __, ...own } = ending;
    const message = last.result?.status?.message;
    task.conditions = [{ type: "Completed", ...own, ...(message === undefined ? {} : { message }), lastTransitionTime: world.clock.now() }];
    end(world, execution, job, ending);
  };
  const { stopping } = live.get(execution) ?? {};
  if (stopping === "cancelled") {
    delete task.lastAttemptResult;
    return done(cancelled());
  }
  if (last.ok) return done({ state: "CONDITION_SUCCEEDED" });
  const code = last.result?.exitCode ?? 0;
  const message = `Task ${idOf(task.name)} failed with exit code: ${code} and message: ${last.result?.status?.message}`;
  return done({ state: "CONDITION_FAILED", message, executionReason: "NON_ZERO_EXIT_CODE" });
}

interface Attempt {
  ok: boolean;
  code: number;
  result?: NonNullable<Task["lastAttemptResult"]>;
}

async function oneAttempt(world: World, execution: Execution, attempt: number): Promise<Attempt> {
  const state = live.get(execution) ?? {};
  const seconds = Number.parseFloat(execution.template.timeout ?? "600s");
  const timer = setTimeout(() => {
    state.stopping ??= "timedOut";
    state.container?.stop(world.options.grace);
  }, seconds * 1000);
  timer.unref();
  const ended = await endOf(world, execution, attempt, state);
  clearTimeout(timer);
  delete state.container;
  const fails = (code: number, message: string, more: { exitCode?: number; termSignal?: number } = {}): Attempt => ({
    ok: false,
    code,
    result: { status: { code, message }, ...more },
  });
  const log = (severity: string, text: string) => world.log.system(execution, severity, text, attempt);
  // At its time limit or out of memory, a task has no exit code and no signal, however its command ended.
  if (state.stopping === "timedOut") {
    log("WARNING", `Terminating task because it has reached the maximum timeout of ${seconds} seconds.`);
    return fails(4, SAYS.timeout);
  }
  if (state.stopping === "outOfMemory") {
    log("ERROR", MEMORY_EXCEEDED);
    log("WARNING", "Container terminated on signal 9.");
    return fails(8, SAYS.memory);
  }
  switch (ended.kind) {
    case "notStarted":
      log("WARNING", "Application exec likely failed");
      return fails(13, `terminated: Application failed to start: ${ended.message}`);
    case "signalled":
      log("WARNING", `Container terminated on signal ${ended.signal}.`);
      return fails(10, SAYS.signal, { termSignal: ended.signal });
    case "exited":
      log(ended.code === 0 ? "INFO" : "WARNING", `Container called exit(${ended.code}).`);
      return ended.code === 0 ? { ok: true, code: 0, result: { status: {} } } : fails(10, SAYS.error, { exitCode: ended.code });
  }
}

function endOf(world: World, execution: Execution, attempt: number, state: Live): Promise<End> {
  const [first] = execution.template.containers as [ContainerSpec];
  const { entrypoint = [] } = world.images.get(first.image) ?? {};
  const argv = [...(first.command && first.command.length > 0 ? first.command : entrypoint), ...(first.args ?? [])];
  if (argv.length === 0 && !world.options.simulated) return Promise.resolve({ kind: "notStarted", message: "the image has no entrypoint" });
  const given = (first.env ?? []).map(({ name, value, valueSource }) => [
    name,
    valueSource ? (world.secretValue(valueSource.secretKeyRef.secret, valueSource.secretKeyRef.version) ?? "") : (value ?? ""),
  ]);
  const output = new Tracebacks((stream, text) => world.log.write(execution, stream, text, attempt));
  const container = world.background.start({
    argv,
    files: world.registry.filesOf(first.image),
    env: {
      ...Object.fromEntries(given),
      CLOUD_RUN_JOB: execution.job,
      CLOUD_RUN_EXECUTION: idOf(execution.name),
      CLOUD_RUN_TASK_INDEX: "0",
      CLOUD_RUN_TASK_ATTEMPT: String(attempt),
      CLOUD_RUN_TASK_COUNT: "1",
    },
    onLine: (stream, text) => output.line(stream, text),
  });
  state.container = container;
  // It was stopped while it started.
  if (state.stopping) container.stop(world.options.grace);
  return container.ended.finally(() => output.end());
}

/** `executions.cancel`, or any other cancellation from outside. @throws {GoogleError} if it has ended */
export function cancelExecution(world: World, execution: Execution): void {
  if (isOver(execution))
    throw new GoogleError("FAILED_PRECONDITION", `Execution ${idOf(execution.name)} cannot be cancelled because it is not running.`);
  const state = live.get(execution) ?? {};
  state.stopping = "cancelled";
  const completed = execution.conditions.find(({ type }) => type === "Completed");
  if (completed)
    Object.assign(completed, { state: "CONDITION_RECONCILING", executionReason: "CANCELLING", lastTransitionTime: world.clock.now() });
  if (execution.startTime === undefined) {
    end(world, execution, world.jobs.get(jobNameOf(execution)), cancelled());
    return;
  }
  state.container?.stop(world.options.grace);
}

/** Delete an execution, running or not. It is gone at once, and so is its container. */
export function deleteExecution(world: World, execution: Execution): void {
  const state = live.get(execution) ?? {};
  state.stopping = "deleted";
  state.container?.kill();
  world.executions.delete(execution.name);
}

/** Make its container run out of memory. */
export function outOfMemory(execution: Execution): void {
  const state = live.get(execution) ?? {};
  state.stopping = "outOfMemory";
  state.container?.kill();
}

/** With simulated containers: end one. */
export function finish(execution: Execution, ended: End): void {
  const { container } = live.get(execution) ?? {};
  if (!container) throw new Error(`${execution.name} does not run a container`);
  container.finish(ended);
}

export function isOver(execution: Execution): boolean {
  const state = execution.conditions.find(({ type }) => type === "Completed")?.state;
  return state === "CONDITION_FAILED" || state === "CONDITION_SUCCEEDED";
}

function end(world: World, execution: Execution, job: Job | undefined, ending: Ending): void {
  const now = world.clock.now();
  delete execution.runningCount;
  delete execution.reconciling;
  execution.observedGeneration = "1";
  execution.updateTime = now;
  const wasCancelled = ending.executionReason === "CANCELLED";
  // If it was cancelled before its start, it has no end, only a last condition.
  if (!wasCancelled || execution.startTime !== undefined) execution.completionTime = now;
  if (ending.state === "CONDITION_SUCCEEDED") execution.succeededCount = 1;
  else if (wasCancelled) execution.cancelledCount = 1;
  else execution.failedCount = 1;
  const startTime = execution.startTime;
  execution.conditions = [
    { type: "Completed", lastTransitionTime: now, ...ending },
    ...(startTime === undefined ? [] : [...started(startTime), retry(now, execution.retriedCount === undefined ? 0 : 1)]),
  ];
  if (job && job.latestCreatedExecution.name === execution.name) {
    const completionStatus =
      ending.state === "CONDITION_SUCCEEDED" ? "EXECUTION_SUCCEEDED" : wasCancelled ? "EXECUTION_CANCELLED" : "EXECUTION_FAILED";
    job.latestCreatedExecution = { ...job.latestCreatedExecution, completionTime: now, completionStatus };
  }
}

function newTask(world: World, execution: Execution): Task {
  const now = world.clock.now();
  const name = `${execution.name}/tasks/${idOf(execution.name)}-task0`;
  const task: Task = {
    name,
    uid: randomUUID(),
    generation: "1",
    ...(execution.labels ? { labels: execution.labels } : {}),
    ...(execution.annotations ? { annotations: execution.annotations } : {}),
    createTime: now,
    scheduledTime: now,
    updateTime: now,
    job: execution.job,
    execution: idOf(execution.name),
    ...execution.template,
    reconciling: true,
    conditions: [{ type: "Completed", state: "CONDITION_RECONCILING" }],
    logUri: execution.logUri,
    etag: etagOf(name, now),
  };
  world.tasks.set(name, task);
  return task;
}

/** @throws {GoogleError} 404 */
export function executionNamed(world: World, name: string): Execution {
  const execution = world.executions.get(name);
  if (execution) return execution;
  const [, project = "", , region = "", , , , id = ""] = name.split("/");
  throw notFound("EXECUTION", id, region, project);
}

export function jobNameOf(execution: Execution): string {
  return execution.name.slice(0, execution.name.indexOf("/executions/"));
}

/** Five characters, from those that form no words. */
function suffix(): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return [...randomBytes(5)].map((byte) => letters[byte % letters.length]).join("");
}

export function asJson(resource: Job | Execution | Task): JsonObject {
  return JSON.parse(JSON.stringify(resource)) as JsonObject;
}
