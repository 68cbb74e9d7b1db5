import { randomBytes, randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import type { Container, End } from "../shared/container";
import type { TaskDefinitionRecord, World } from "./awsWorld";
import { attach, detach, precreated } from "./networkInterface";
import type { TaskNetworkRequest } from "./reach";
import { mayWriteLogs, startFault } from "./startFault";
import { architectureOf } from "./taskDefinitions";

type StopCode = "TaskFailedToStart" | "EssentialContainerExited" | "UserInitiated" | "SpotInterruption" | "InfrastructureHealth";

export interface ContainerRecord {
  name: string;
  image: string;
  containerArn: string;
  taskArn: string;
  lastStatus: string;
  exitCode?: number;
  reason?: string;
  runtimeId?: string;
  /** Health checks do not run here. */
  healthStatus: "UNKNOWN";
  networkInterfaces: JsonObject[];
}

/** A task, with what only the fake knows about it. */
export interface Task {
  /** As `DescribeTasks` returns it; times in milliseconds. */
  record: {
    taskArn: string;
    clusterArn: string;
    taskDefinitionArn: string;
    lastStatus: string;
    desiredStatus: string;
    startedBy?: string;
    stopCode?: StopCode;
    stoppedReason?: string;
    createdAt: number;
    connectivityAt?: number;
    pullStartedAt?: number;
    pullStoppedAt?: number;
    executionStoppedAt?: number;
    startedAt?: number;
    stoppingAt?: number;
    stoppedAt?: number;
    version: number;
    containers: ContainerRecord[];
    overrides: JsonObject;
    more: JsonObject;
  };
  definition: TaskDefinitionRecord;
  network: TaskNetworkRequest;
  tags: JsonObject[];
  running: Map<string, Container>;
  killReason?: string;
  hostLost?: boolean;
}

export interface ContainerDefinition {
  name: string;
  image: string;
  entryPoint?: string[];
  command?: string[];
  essential?: boolean;
  environment?: { name: string; value: string }[];
  secrets?: { name: string; valueFrom: string }[];
  logConfiguration?: { logDriver?: string; options?: Record<string, string> };
}

interface ContainerOverride {
  name?: string;
  command?: string[];
  environment?: { name: string; value: string }[];
}

/** Start a task. It goes through PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED. */
export function startTask(
  world: World,
  input: { clusterArn: string; clusterName: string; definition: TaskDefinitionRecord; request: JsonObject },
): Task {
  const { definition, clusterArn, clusterName, request } = input;
  const taskArn = world.arn("ecs", `task/${clusterName}/${randomUUID().replaceAll("-", "")}`);
  const {
    networkConfiguration,
    overrides = {},
    launchType,
    capacityProviderStrategy,
    startedBy,
    tags = [],
  } = request as {
    networkConfiguration?: { awsvpcConfiguration?: TaskNetworkRequest };
    overrides?: JsonObject;
    launchType?: string;
    capacityProviderStrategy?: JsonObject[];
    startedBy?: string;
    tags?: JsonObject[];
  };
  const network = networkConfiguration?.awsvpcConfiguration ?? {};
  const { family, cpu, memory } = definition.definition;
  const task: Task = {
    record: {
      taskArn,
      clusterArn,
      taskDefinitionArn: definition.definition.taskDefinitionArn,
      lastStatus: "PROVISIONING",
      desiredStatus: "RUNNING",
      ...(startedBy === undefined ? {} : { startedBy }),
      createdAt: Date.now(),
      version: 1,
      containers: definitionsOf(definition).map(({ name, image }) => ({
        containerArn: world.arn("ecs", `container/${clusterName}/${randomUUID()}`),
        taskArn,
        name,
        image,
        lastStatus: "PENDING",
        healthStatus: "UNKNOWN" as const,
        networkInterfaces: [],
      })),
      overrides: overrides as JsonObject,
      more: {
        attachments: precreated(network),
        healthStatus: "UNKNOWN",
        attributes: [{ name: "ecs.cpu-architecture", value: architectureOf(definition.definition).toLowerCase() }],
        availabilityZone: `${world.options.region}a`,
        group: `family:${String(family)}`,
        ...(launchType === undefined
          ? capacityProviderStrategy?.[0]
            ? { capacityProviderName: capacityProviderStrategy[0].capacityProvider as string }
            : {}
          : { launchType }),
        ...(cpu === undefined ? {} : { cpu: String((overrides as JsonObject).cpu ?? cpu) }),
        ...(memory === undefined ? {} : { memory: String((overrides as JsonObject).memory ?? memory) }),
        platformFamily: "Linux",
        platformVersion: "1.4.0",
        enableExecuteCommand: false,
      },
    },
    definition,
    network,
    tags,
    running: new Map(),
  };
  world.tasks.set(taskArn, task);
  walk(world, task).catch((error) => {
    end(world, task, "TaskFailedToStart", String(error));
  });
  return task;
}

async function walk(world: World, task: Task): Promise<void> {
  const { record } = task;
  const kept = world.notToStart.shift();
  for (const status of ["PENDING", "ACTIVATING"]) {
    await step(world);
    if (kept) {
      // It is still in PROVISIONING.
      if (kept.containers === "none") record.containers = [];
      move(task, "DEPROVISIONING");
      await step(world);
      return end(world, task, "TaskFailedToStart", kept.reason);
    }
    if (record.desiredStatus === "STOPPED") return end(world, task, record.stopCode ?? "UserInitiated", record.stoppedReason ?? "");
    move(task, status);
    if (status === "PENDING") attach(world, task);
    else record.pullStoppedAt = Date.now();
    const problem = status === "PENDING" ? startFault(world, task, definitionsOf(task.definition)) : undefined;
    if (status === "PENDING" && problem === undefined) record.pullStartedAt = Date.now();
    if (problem !== undefined) {
      record.desiredStatus = "STOPPED";
      record.executionStoppedAt = Date.now();
      move(task, "DEPROVISIONING");
      await step(world);
      return end(world, task, "TaskFailedToStart", problem);
    }
  }
  await step(world);
  if (record.desiredStatus === "STOPPED") return end(world, task, record.stopCode ?? "UserInitiated", record.stoppedReason ?? "");
  await run(world, task);
}

async function run(world: World, task: Task): Promise<void> {
  const { record } = task;
  const definitions = definitionsOf(task.definition);
  for (const each of definitions) task.running.set(each.name, containerOf(world, task, each));
  for (const { name } of definitions) {
    const own = record.containers.find((each) => each.name === name) as ContainerRecord;
    own.runtimeId = `${record.taskArn.slice(-32)}-${randomBytes(4).readUInt32BE()}`;
    own.lastStatus = "RUNNING";
  }
  record.startedAt = Date.now();
  move(task, "RUNNING");
  // A container whose command does not exist never ran.
  const first = await Promise.race(
    definitions
      .filter(({ essential = true }) => essential)
      .map(async ({ name }) => ({ name, end: await (task.running.get(name) as Container).ended })),
  );
  if (first.end.kind === "notStarted") {
    delete record.startedAt;
    for (const container of task.running.values()) container.kill();
    const own = record.containers.find(({ name }) => name === first.name);
    if (own)
      own.reason = `CannotStartContainerError: Error response from daemon: failed to create task for container: exec: ${JSON.stringify(first.end.message)}: executable file not found in $PATH: unknown`;
    return end(world, task, "TaskFailedToStart", "Task failed to start");
  }
  if (record.desiredStatus === "RUNNING") {
    record.desiredStatus = "STOPPED";
    record.stopCode = "EssentialContainerExited";
    record.stoppedReason = "Essential container in task exited";
    record.stoppingAt = Date.now();
    for (const [name, container] of task.running) if (name !== first.name) container.stop(world.options.grace);
  }
  record.executionStoppedAt = Date.now();
  for (const own of record.containers) {
    const ended = await (task.running.get(own.name) as Container).ended;
    own.lastStatus = "STOPPED";
    if (task.hostLost) continue;
    if (ended.kind === "exited") own.exitCode = ended.code;
    if (ended.kind === "signalled") own.exitCode = 128 + ended.signal;
    if (task.killReason !== undefined && own.name === first.name) own.reason = task.killReason;
  }
  for (const status of ["DEACTIVATING", "STOPPING", "DEPROVISIONING"]) {
    move(task, status);
    await step(world);
  }
  end(world, task, record.stopCode ?? "EssentialContainerExited", record.stoppedReason ?? "");
}

function containerOf(world: World, task: Task, definition: ContainerDefinition): Container {
  const { name, image, entryPoint, command = [], environment = [], secrets = [], logConfiguration } = definition;
  const override = ((task.record.overrides.containerOverrides ?? []) as ContainerOverride[]).find((each) => each.name === name);
  const { "awslogs-group": group, "awslogs-stream-prefix": prefix } = logConfiguration?.options ?? {};
  const env = Object.fromEntries([...environment, ...(override?.environment ?? [])].map((each) => [each.name, each.value]));
  for (const secret of secrets)
    env[secret.name] = world.parameters.get(secret.valueFrom.replace(/^arn:[^:]+:ssm:[^:]+:[^:]+:parameter/, ""))?.value ?? "";
  const written = group !== undefined && prefix !== undefined && mayWriteLogs(world, task, group);
  return world.background.start({
    argv: [...(entryPoint ?? world.options.images[image]?.entrypoint ?? []), ...(override?.command ?? command)],
    env,
    files: world.registry.filesOf(image),
    onLine: (_stream, text) => {
      if (written) world.log.write(group, `${prefix}/${name}/${idOf(task.record.taskArn)}`, text);
    },
  });
}

/** `StopTask`, or any other stop from outside. */
export function stopTask(world: World, task: Task, code: StopCode, reason: string): void {
  const { record } = task;
  if (record.desiredStatus === "STOPPED") return;
  Object.assign(record, {
    desiredStatus: "STOPPED",
    stopCode: code,
    stoppedReason: reason,
    stoppingAt: Date.now(),
    version: record.version + 1,
  });
  for (const container of task.running.values()) container.stop(world.options.grace);
}

/** End its containers at once, or only one of them. */
export function killContainer(task: Task, reason?: string, name?: string): void {
  if (reason !== undefined) task.killReason = reason;
  for (const [each, container] of task.running) if (name === undefined || each === name) container.kill();
}

export function finishTask(task: Task, ended: End): void {
  for (const container of task.running.values()) container.finish(ended);
}

function end(world: World, task: Task, code: StopCode, reason: string): void {
  const { record } = task;
  const now = Date.now();
  record.stoppingAt ??= now;
  Object.assign(record, { desiredStatus: "STOPPED", stopCode: code, stoppedReason: reason, stoppedAt: now });
  for (const container of record.containers) container.lastStatus = "STOPPED";
  detach(task);
  move(task, "STOPPED");
  world.background.later(world.options.memory, () => world.tasks.delete(record.taskArn));
}

function move(task: Task, status: string): void {
  task.record.lastStatus = status;
  task.record.version += 1;
}

async function step(world: World): Promise<void> {
  await new Promise<void>((done) => world.background.later(world.options.step, done));
}

function definitionsOf({ definition }: TaskDefinitionRecord): ContainerDefinition[] {
  return definition.containerDefinitions as unknown as ContainerDefinition[];
}

function idOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** As in the API's reply: times are seconds since 1970. */
export function taskJson({ record, tags }: Task, withTags: boolean): JsonObject {
  const { more, createdAt, connectivityAt, pullStartedAt, pullStoppedAt, startedAt, executionStoppedAt, stoppingAt, stoppedAt, ...rest } =
    record;
  const times = { createdAt, connectivityAt, pullStartedAt, pullStoppedAt, startedAt, executionStoppedAt, stoppingAt, stoppedAt };
  const seconds = Object.fromEntries(Object.entries(times).flatMap(([key, at]) => (at === undefined ? [] : [[key, at / 1000]])));
  return JSON.parse(JSON.stringify({ ...more, ...rest, ...seconds, tags: withTags ? tags : [] })) as JsonObject;
}
