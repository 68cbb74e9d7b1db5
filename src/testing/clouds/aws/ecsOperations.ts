import type { JsonObject } from "../../../json";
import type { Call, Operation } from "./awsCall";
import { AwsError, client, invalid } from "./awsError";
import type { World } from "./awsWorld";
import { isFargate, isFargateSize, refuseLaunch } from "./launch";
import { checkNetwork } from "./networkInterface";
import type { TaskNetworkRequest } from "./reach";
import {
  definitionNamed,
  deleteTaskDefinitions,
  deregisterTaskDefinition,
  describeTaskDefinition,
  listTaskDefinitionFamilies,
  listTaskDefinitions,
  passRole,
  registerTaskDefinition,
  requestTags,
  resourceTags,
  sharedSecretName,
} from "./taskDefinitions";
import { type ContainerDefinition, startTask, stopTask, taskJson } from "./tasks";

export const ECS_OPERATIONS: readonly Operation[] = [
  operation("RegisterTaskDefinition", ["register"], registerTaskDefinition),
  operation("DescribeTaskDefinition", ["describeDefinition"], describeTaskDefinition),
  operation("DeregisterTaskDefinition", ["register"], deregisterTaskDefinition),
  operation("DeleteTaskDefinitions", ["register"], deleteTaskDefinitions),
  operation("ListTaskDefinitions", ["describeDefinition"], listTaskDefinitions),
  operation("ListTaskDefinitionFamilies", ["describeDefinition"], listTaskDefinitionFamilies),
  { ...operation("RunTask", [], runTask), buckets: (body) => (isFargate(body) ? ["modify", "launch"] : ["modify"]) },
  operation("DescribeTasks", ["read"], describeTasks),
  operation("ListTasks", ["read"], listTasks),
  operation("StopTask", ["modify"], stopTaskCall),
  operation("DescribeClusters", [], describeClusters),
];

function operation(
  name: string,
  buckets: ("register" | "describeDefinition" | "read" | "modify")[],
  handle: Operation["handle"],
): Operation {
  return { action: `ecs:${name}`, shapes: { request: `${name}Request`, reply: `${name}Response` }, buckets: () => buckets, handle };
}

function runTask({ world, principal, body }: Call): JsonObject {
  const {
    count = 1,
    clientToken,
    overrides = {},
    networkConfiguration,
    startedBy = "",
    tags = [],
  } = body as {
    count?: number;
    clientToken?: string;
    overrides?: JsonObject & { containerOverrides?: { name?: string; environment?: { name: string }[] }[] };
    networkConfiguration?: { awsvpcConfiguration?: TaskNetworkRequest };
    startedBy?: string;
    tags?: JsonObject[];
  };
  const definition = definitionNamed(world, String(body.taskDefinition));
  // Permissions apply to a revision: a family's name is resolved before.
  const resource = definition?.definition.taskDefinitionArn ?? world.arn("ecs", `task-definition/${String(body.taskDefinition)}`);
  const clusterName = String(body.cluster ?? "default");
  const clusterArn = clusterName.startsWith("arn:") ? clusterName : world.arn("ecs", `cluster/${clusterName}`);
  world.iam.check(principal, "ecs:RunTask", resource, {
    "ecs:cluster": clusterArn,
    ...resourceTags(definition?.tags),
    ...requestTags(tags),
  });
  if (tags.length > 0)
    world.iam.check(principal, "ecs:TagResource", world.arn("ecs", "task/*"), { "ecs:CreateAction": "RunTask", ...requestTags(tags) });
  const cluster = world.clusterNamed(clusterName);
  if (!definition) throw client("TaskDefinition not found.");
  if (definition.definition.status !== "ACTIVE") throw client("TaskDefinition is inactive");
  refuseLaunch(body, definition, cluster);
  if (count < 1 || count > 10) throw invalid("count should be between 1 and 10");
  if (startedBy.length > 128 || !/^[A-Za-z0-9/_-]*$/.test(startedBy)) throw invalid("startedBy contains invalid characters.");
  if (clientToken !== undefined && !/^[\x21-\x7e]{1,64}$/.test(clientToken)) throw invalid("clientToken is invalid.");
  if (tags.length > 50) throw invalid("Tags can not have more than 50 elements.");
  if (JSON.stringify(overrides).length > 8192) throw invalid("Container Overrides length must be at most 8192");
  const containers = definition.definition.containerDefinitions as unknown as ContainerDefinition[];
  for (const { name, environment = [] } of overrides.containerOverrides ?? []) {
    const container = containers.find((each) => each.name === name);
    if (!container) throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
    const shared = environment.find((variable) => container.secrets?.some((secret) => secret.name === variable.name));
    if (shared) throw invalid(sharedSecretName(shared.name));
  }
  const network = networkConfiguration?.awsvpcConfiguration ?? {};
  if (definition.definition.networkMode === "awsvpc" && network.subnets === undefined)
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  checkNetwork(world, network);
  for (const role of [overrides.executionRoleArn, overrides.taskRoleArn]) passRole(world, principal, role);
  if (definition.definition.cpu !== undefined && isFargate(body)) {
    const [cpu, memory] = [overrides.cpu ?? definition.definition.cpu, overrides.memory ?? definition.definition.memory];
    if (!isFargateSize(cpu, memory)) throw invalid("No Fargate configuration exists for given values.");
  }

  const request = JSON.stringify(body);
  const token = clientToken === undefined ? undefined : `${cluster.arn} ${clientToken}`;
  const before = token === undefined ? undefined : world.tokens.get(token);
  if (before) {
    if (before.request !== request) {
      throw new AwsError(
        "ConflictException",
        "The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request.",
        400,
        {
          resourceIds: before.tasks,
        },
      );
    }
    return { tasks: before.tasks.flatMap((arn) => (world.tasks.has(arn) ? [taskJson(world.task(arn), true)] : [])), failures: [] };
  }
  const tasks = Array.from({ length: count }, () =>
    startTask(world, { clusterArn: cluster.arn, clusterName: cluster.name, definition, request: body }),
  );
  if (token !== undefined) world.tokens.set(token, { request, tasks: tasks.map(({ record }) => record.taskArn) });
  return { tasks: tasks.map((task) => taskJson(task, true)), failures: [] };
}

function visible(world: World, arn: string): boolean {
  const task = world.tasks.get(arn);
  return task !== undefined && Date.now() >= task.record.createdAt + world.options.describeLag;
}

function tagsOf(world: World, task: string): JsonObject[] {
  return world.tasks.get(task)?.tags ?? [];
}

function describeTasks({ world, principal, body }: Call): JsonObject {
  const cluster = world.clusterNamed(body.cluster as string | undefined);
  const wanted = body.tasks as string[];
  if (wanted.length > 100) throw invalid("Tasks can not have more than 100 elements.");
  const arns = wanted.map((each) => (each.startsWith("arn:") ? each : world.arn("ecs", `task/${cluster.name}/${each}`)));
  for (const arn of arns)
    world.iam.check(principal, "ecs:DescribeTasks", arn, { "ecs:cluster": cluster.arn, ...resourceTags(tagsOf(world, arn)) });
  const withTags = (body.include as string[] | undefined)?.includes("TAGS") ?? false;
  return {
    tasks: arns.filter((arn) => visible(world, arn)).map((arn) => taskJson(world.task(arn), withTags)),
    failures: arns.filter((arn) => !visible(world, arn)).map((arn) => ({ arn, reason: "MISSING" })),
  };
}

function listTasks({ world, principal, body }: Call): JsonObject {
  const cluster = world.clusterNamed(body.cluster as string | undefined);
  world.iam.check(principal, "ecs:ListTasks", "*", { "ecs:cluster": cluster.arn });
  const { startedBy, desiredStatus = "RUNNING", family, launchType } = body;
  // The status does not count as one.
  if (startedBy !== undefined && ["family", "serviceName", "containerInstance", "launchType"].some((name) => body[name] !== undefined))
    throw invalid("cannot specify startedBy with other arguments");
  const found = [...world.tasks.values()].filter(
    ({ record }) =>
      record.clusterArn === cluster.arn &&
      record.desiredStatus === desiredStatus &&
      (startedBy === undefined || record.startedBy === startedBy) &&
      (family === undefined || record.more.group === `family:${family}`) &&
      (launchType === undefined || record.more.launchType === launchType) &&
      // Nothing here runs on a service or on a user's own machine.
      body.serviceName === undefined &&
      body.containerInstance === undefined &&
      visible(world, record.taskArn),
  );
  return { taskArns: found.slice(0, 100).map(({ record }) => record.taskArn) };
}

function stopTaskCall({ world, principal, body }: Call): JsonObject {
  const cluster = world.clusterNamed(body.cluster as string | undefined);
  const given = String(body.task);
  const arn = given.startsWith("arn:") ? given : world.arn("ecs", `task/${cluster.name}/${given}`);
  world.iam.check(principal, "ecs:StopTask", arn, { "ecs:cluster": cluster.arn, ...resourceTags(tagsOf(world, arn)) });
  const task = world.tasks.get(arn);
  if (!task) throw invalid("The referenced task was not found.");
  stopTask(world, task, "UserInitiated", String(body.reason ?? "Task stopped by user"));
  return { task: taskJson(task, false) };
}

function describeClusters({ world, principal, body }: Call): JsonObject {
  const names = (body.clusters as string[] | undefined) ?? ["default"];
  const known = names.map((each) => [each, world.clusters.get(each.slice(each.lastIndexOf("/") + 1))] as const);
  for (const [name] of known)
    world.iam.check(principal, "ecs:DescribeClusters", name.startsWith("arn:") ? name : world.arn("ecs", `cluster/${name}`));
  return {
    clusters: known.flatMap(([, cluster]) =>
      cluster ? [{ clusterArn: cluster.arn, clusterName: cluster.name, status: cluster.status }] : [],
    ),
    failures: known.flatMap(([name, cluster]) =>
      cluster ? [] : [{ arn: name.startsWith("arn:") ? name : world.arn("ecs", `cluster/${name}`), reason: "MISSING" }],
    ),
  };
}
