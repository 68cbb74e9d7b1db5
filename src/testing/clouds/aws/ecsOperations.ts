import type { JsonObject } from "../../../json";
import type { Call, Operation } from "./api";
import { AwsError, client, invalid } from "./errors";
import { startTask, stopTask, taskJson } from "./tasks";
import type { TaskDefinitionRecord, World } from "./world";

const FARGATE: Record<string, (memory: number) => boolean> = {
  "256": (memory) => [512, 1024, 2048].includes(memory),
  "512": within(1, 4),
  "1024": within(2, 8),
  "2048": within(4, 16),
  "4096": within(8, 30),
  "8192": within(16, 60, 4),
  "16384": within(32, 120, 8),
};

function within(from: number, to: number, by = 1): (memory: number) => boolean {
  return (memory) => memory >= from * 1024 && memory <= to * 1024 && (memory - from * 1024) % (by * 1024) === 0;
}

export const ECS_OPERATIONS: readonly Operation[] = [
  operation("RegisterTaskDefinition", ["register"], registerTaskDefinition),
  operation("DescribeTaskDefinition", ["describeDefinition"], describeTaskDefinition),
  operation("DeregisterTaskDefinition", ["register"], deregisterTaskDefinition),
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
  return { action: `ecs:${name}`, shapes: { request: `${name}Request$`, reply: `${name}Response$` }, buckets: () => buckets, handle };
}

function isFargate({ launchType, capacityProviderStrategy }: JsonObject): boolean {
  return (
    launchType === "FARGATE" ||
    (Array.isArray(capacityProviderStrategy) &&
      capacityProviderStrategy.some((each) => String((each as JsonObject).capacityProvider).startsWith("FARGATE")))
  );
}

function registerTaskDefinition({ world, principal, body }: Call): JsonObject {
  const { family, tags = [], ...rest } = body as { family: string; tags?: JsonObject[] } & JsonObject;
  world.iam.check(principal, "ecs:RegisterTaskDefinition", "*");
  if (tags.length > 0)
    world.iam.check(principal, "ecs:TagResource", world.arn("ecs", `task-definition/${family}:*`), {
      "ecs:CreateAction": "RegisterTaskDefinition",
    });
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw client("Family contains invalid characters.");
  const containers = rest.containerDefinitions as JsonObject[];
  if (containers.length === 0) throw client("Container list cannot be empty.");
  for (const container of containers) {
    if (typeof container.name !== "string" || container.name === "") throw client("Container.name should not be null or empty.");
    if (typeof container.image !== "string" || container.image === "") throw client("Container.image should not be null or empty.");
    const { logDriver } = (container.logConfiguration ?? {}) as { logDriver?: string };
    if (
      (logDriver === "awslogs" || container.secrets !== undefined) &&
      (rest.requiresCompatibilities as string[] | undefined)?.includes("FARGATE") &&
      rest.executionRoleArn === undefined
    )
      throw client(`Fargate requires task definition to have execution role ARN to support log driver awslogs.`);
  }
  if ((rest.requiresCompatibilities as string[] | undefined)?.includes("FARGATE")) {
    if (rest.networkMode !== "awsvpc") throw client("Fargate only supports network mode ‘awsvpc’.");
    if (rest.cpu === undefined || rest.memory === undefined) throw client("Fargate requires that 'cpu' be defined at the task level.");
    if (!FARGATE[String(rest.cpu)]?.(Number(rest.memory))) throw client("No Fargate configuration exists for given values.");
  }
  if (Buffer.byteLength(JSON.stringify(body)) > 64 * 1024)
    throw client("Actual length of the task definition exceeds the maximum of 65536.");
  for (const role of [rest.executionRoleArn, rest.taskRoleArn]) if (typeof role === "string") passRole(world, principal, role);
  const revisions = world.families.get(family) ?? [];
  world.families.set(family, revisions);
  const revision = revisions.length + 1;
  const definition = {
    ...rest,
    containerDefinitions: containers.map((each) => ({
      cpu: 0,
      portMappings: [],
      essential: true,
      environment: [],
      mountPoints: [],
      volumesFrom: [],
      ...each,
    })),
    taskDefinitionArn: world.arn("ecs", `task-definition/${family}:${revision}`),
    family,
    revision,
    volumes: (rest.volumes as JsonObject[] | undefined) ?? [],
    status: "ACTIVE" as const,
    requiresAttributes: [],
    placementConstraints: [],
    compatibilities: ["EC2", "FARGATE"],
    registeredAt: Date.now() / 1000,
    registeredBy: principal.arn,
  };
  revisions.push({ definition, tags });
  return { taskDefinition: definition, tags };
}

function definitionNamed(world: World, name: string): TaskDefinitionRecord | undefined {
  const plain = name.startsWith("arn:") ? name.slice(name.indexOf("task-definition/") + "task-definition/".length) : name;
  if (name.startsWith("arn:") && !name.startsWith(world.arn("ecs", ""))) return undefined;
  const [family = "", revision] = plain.split(":");
  const revisions = world.families.get(family) ?? [];
  if (revision !== undefined) return revisions[Number(revision) - 1];
  return revisions.findLast(({ definition }) => definition.status === "ACTIVE");
}

function describeTaskDefinition({ world, principal, body }: Call): JsonObject {
  world.iam.check(principal, "ecs:DescribeTaskDefinition", "*");
  const found = definitionNamed(world, String(body.taskDefinition));
  if (!found) throw client("Unable to describe task definition.");
  const withTags = (body.include as string[] | undefined)?.includes("TAGS") ?? false;
  return { taskDefinition: found.definition, tags: withTags ? found.tags : [] };
}

function deregisterTaskDefinition({ world, principal, body }: Call): JsonObject {
  world.iam.check(principal, "ecs:DeregisterTaskDefinition", "*");
  const found = definitionNamed(world, String(body.taskDefinition));
  if (!found) throw client("Unable to describe task definition.");
  if (found.definition.status !== "ACTIVE")
    throw client("The specified task definition is inactive. You can't deregister a task definition that is inactive.");
  found.definition.status = "INACTIVE";
  return { taskDefinition: found.definition };
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
    overrides?: JsonObject & { containerOverrides?: { name?: string }[] };
    networkConfiguration?: { awsvpcConfiguration?: { subnets: string[]; securityGroups?: string[] } };
    startedBy?: string;
    tags?: JsonObject[];
  };
  const definition = definitionNamed(world, String(body.taskDefinition));
  // Permissions are for a revision: a bare family is resolved before.
  const resource = definition?.definition.taskDefinitionArn ?? world.arn("ecs", `task-definition/${String(body.taskDefinition)}`);
  const clusterName = String(body.cluster ?? "default");
  const clusterArn = clusterName.startsWith("arn:") ? clusterName : world.arn("ecs", `cluster/${clusterName}`);
  world.iam.check(principal, "ecs:RunTask", resource, { "ecs:cluster": clusterArn });
  if (tags.length > 0) world.iam.check(principal, "ecs:TagResource", world.arn("ecs", "task/*"), { "ecs:CreateAction": "RunTask" });
  const cluster = world.clusterNamed(clusterName);
  for (const { capacityProvider } of (body.capacityProviderStrategy ?? []) as JsonObject[])
    if (!cluster.capacityProviders.includes(String(capacityProvider)))
      throw invalid(
        "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.",
      );
  if (!definition) throw client("TaskDefinition not found.");
  if (definition.definition.status !== "ACTIVE") throw client("TaskDefinition is inactive");
  if (count < 1 || count > 10) throw invalid("count should be between 1 and 10");
  if (startedBy.length > 128 || !/^[A-Za-z0-9/_-]*$/.test(startedBy)) throw invalid("startedBy contains invalid characters.");
  if (clientToken !== undefined && !/^[\x21-\x7e]{1,64}$/.test(clientToken)) throw invalid("clientToken is invalid.");
  if (tags.length > 50) throw invalid("Tags can not have more than 50 elements.");
  if (JSON.stringify(overrides).length > 8192) throw invalid("Container Overrides length must be at most 8192");
  const names = (definition.definition.containerDefinitions as JsonObject[]).map(({ name }) => name);
  for (const { name } of overrides.containerOverrides ?? [])
    if (!names.includes(name ?? "")) throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
  const { subnets } = networkConfiguration?.awsvpcConfiguration ?? {};
  if (definition.definition.networkMode === "awsvpc" && subnets === undefined)
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  const networks = new Set<string>();
  for (const subnet of subnets ?? []) {
    const made = world.surroundings.things.get(subnet)?.properties.vpcId as string | undefined;
    const network = world.options.subnets[subnet] ?? made;
    if (network === undefined)
      throw invalid(
        `Error retrieving subnet information for [${subnet}]: The subnet ID '${subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
      );
    networks.add(network);
  }
  if (networks.size > 1) throw invalid("The provided subnets must belong to the same VPC.");
  for (const role of [overrides.executionRoleArn, overrides.taskRoleArn]) if (typeof role === "string") passRole(world, principal, role);
  if (definition.definition.cpu !== undefined && isFargate(body)) {
    const [cpu, memory] = [overrides.cpu ?? definition.definition.cpu, overrides.memory ?? definition.definition.memory];
    if (!FARGATE[String(cpu)]?.(Number(memory))) throw invalid("No Fargate configuration exists for given values.");
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

function passRole(world: World, principal: Call["principal"], arn: string): void {
  world.iam.check(principal, "iam:PassRole", arn, { "iam:PassedToService": "ecs-tasks.amazonaws.com" });
  const role = world.iam.roles.get(arn);
  if (!role?.trusts.includes("ecs-tasks.amazonaws.com")) throw client("Role is not valid");
}

function visible(world: World, arn: string): boolean {
  const task = world.tasks.get(arn);
  return task !== undefined && Date.now() >= task.record.createdAt + world.options.describeLag;
}

function describeTasks({ world, principal, body }: Call): JsonObject {
  const cluster = world.clusterNamed(body.cluster as string | undefined);
  const wanted = body.tasks as string[];
  if (wanted.length > 100) throw invalid("Tasks can not have more than 100 elements.");
  const arns = wanted.map((each) => (each.startsWith("arn:") ? each : world.arn("ecs", `task/${cluster.name}/${each}`)));
  for (const arn of arns) world.iam.check(principal, "ecs:DescribeTasks", arn, { "ecs:cluster": cluster.arn });
  const withTags = (body.include as string[] | undefined)?.includes("TAGS") ?? false;
  return {
    tasks: arns.filter((arn) => visible(world, arn)).map((arn) => taskJson(world.task(arn), withTags)),
    failures: arns.filter((arn) => !visible(world, arn)).map((arn) => ({ arn, reason: "MISSING" })),
  };
}

function listTasks({ world, principal, body }: Call): JsonObject {
  const cluster = world.clusterNamed(body.cluster as string | undefined);
  world.iam.check(principal, "ecs:ListTasks", "*", { "ecs:cluster": cluster.arn });
  const { startedBy, desiredStatus = "RUNNING" } = body;
  const found = [...world.tasks.values()].filter(
    ({ record }) =>
      record.clusterArn === cluster.arn &&
      record.desiredStatus === desiredStatus &&
      (startedBy === undefined || record.startedBy === startedBy) &&
      visible(world, record.taskArn),
  );
  return { taskArns: found.slice(0, 100).map(({ record }) => record.taskArn) };
}

function stopTaskCall({ world, principal, body }: Call): JsonObject {
  const cluster = world.clusterNamed(body.cluster as string | undefined);
  const given = String(body.task);
  const arn = given.startsWith("arn:") ? given : world.arn("ecs", `task/${cluster.name}/${given}`);
  world.iam.check(principal, "ecs:StopTask", arn, { "ecs:cluster": cluster.arn });
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
