import type { JsonObject } from "../../../json";
import { pageOf } from "../shared/replyPages";
import type { Call } from "./awsCall";
import { client, invalid } from "./awsError";
import type { TaskDefinitionRecord, World } from "./awsWorld";
import type { Context } from "./conditions";
import { compatibilitiesOf, isFargateSize } from "./launch";

/** Each name may occur once, in `environment` and `secrets` together. Users have posted these error texts of the real service. */
function checkVariableNames({ environment = [], secrets = [] }: JsonObject): void {
  const names = (list: unknown) => (list as { name: string }[]).map(({ name }) => name);
  const secret = names(secrets);
  const twice = secret.filter((name, index) => secret.indexOf(name) < index);
  if (twice.length > 0) throw client(`Duplicate secret names found: ${twice.join(", ")}. Each secret name must be unique.`);
  const shared = names(environment).find((name) => secret.includes(name));
  if (shared !== undefined) throw client(sharedSecretName(shared));
}

export const sharedSecretName = (name: string) =>
  `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${name}'.`;

export function registerTaskDefinition({ world, principal, body }: Call): JsonObject {
  const { family, tags = [], ...rest } = body as { family: string; tags?: JsonObject[] } & JsonObject;
  world.iam.check(principal, "ecs:RegisterTaskDefinition", "*", requestTags(tags));
  if (tags.length > 0)
    world.iam.check(principal, "ecs:TagResource", world.arn("ecs", `task-definition/${family}:*`), {
      "ecs:CreateAction": "RegisterTaskDefinition",
      ...requestTags(tags),
    });
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw client("Family contains invalid characters.");
  const containers = rest.containerDefinitions as JsonObject[];
  if (containers.length === 0) throw client("Container list cannot be empty.");
  for (const container of containers) {
    if (typeof container.name !== "string" || container.name === "") throw client("Container.name should not be null or empty.");
    if (typeof container.image !== "string" || container.image === "") throw client("Container.image should not be null or empty.");
    checkVariableNames(container);
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
    if (!isFargateSize(rest.cpu, rest.memory)) throw client("No Fargate configuration exists for given values.");
  }
  if (Buffer.byteLength(JSON.stringify(body)) > 64 * 1024)
    throw client("Actual length of the task definition exceeds the maximum of 65536.");
  for (const role of [rest.executionRoleArn, rest.taskRoleArn]) passRole(world, principal, role);
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
    compatibilities: compatibilitiesOf(rest),
    registeredAt: Date.now() / 1000,
    registeredBy: principal.arn,
  };
  revisions.push({ definition, tags });
  return { taskDefinition: definition, tags };
}

export function definitionNamed(world: World, name: string): TaskDefinitionRecord | undefined {
  const plain = name.startsWith("arn:") ? name.slice(name.indexOf("task-definition/") + "task-definition/".length) : name;
  if (name.startsWith("arn:") && !name.startsWith(world.arn("ecs", ""))) return undefined;
  const [family = "", revision] = plain.split(":");
  const revisions = world.families.get(family) ?? [];
  if (revision !== undefined) return revisions[Number(revision) - 1];
  return revisions.findLast(({ definition }) => definition.status === "ACTIVE");
}

export function describeTaskDefinition({ world, principal, body }: Call): JsonObject {
  world.iam.check(principal, "ecs:DescribeTaskDefinition", "*");
  const found = definitionNamed(world, String(body.taskDefinition));
  if (!found) throw client("Unable to describe task definition.");
  const withTags = (body.include as string[] | undefined)?.includes("TAGS") ?? false;
  return { taskDefinition: found.definition, tags: withTags ? found.tags : [] };
}

export function deregisterTaskDefinition({ world, principal, body }: Call): JsonObject {
  world.iam.check(principal, "ecs:DeregisterTaskDefinition", "*");
  const found = definitionNamed(world, String(body.taskDefinition));
  if (!found) throw client("Unable to describe task definition.");
  if (found.definition.status !== "ACTIVE")
    throw client("The specified task definition is inactive. You can't deregister a task definition that is inactive.");
  found.definition.status = "INACTIVE";
  return { taskDefinition: found.definition };
}

/** Only an inactive one can be deleted; it stays visible until nothing uses it. */
export function deleteTaskDefinitions({ world, principal, body }: Call): JsonObject {
  const deleted: JsonObject[] = [];
  const failures: JsonObject[] = [];
  if ((body.taskDefinitions as string[]).length > 10) throw invalid("taskDefinitions can have at most 10 items.");
  for (const name of body.taskDefinitions as string[]) {
    const arn = name.startsWith("arn:") ? name : world.arn("ecs", `task-definition/${name}`);
    const found = definitionNamed(world, name);
    world.iam.check(principal, "ecs:DeleteTaskDefinitions", arn, resourceTags(found?.tags));
    if (!found) failures.push({ arn, reason: "MISSING" });
    else if (found.definition.status === "ACTIVE")
      throw client("The specified task definition is still in ACTIVE status. Please deregister the target and try again.");
    else {
      found.definition.status = "DELETE_IN_PROGRESS";
      deleted.push(found.definition);
    }
  }
  return { taskDefinitions: deleted, failures };
}

export function listTaskDefinitions({ world, principal, body }: Call): JsonObject {
  const { familyPrefix, status = "ACTIVE", sort = "ASC" } = body as Record<string, string | undefined>;
  world.iam.check(principal, "ecs:ListTaskDefinitions", "*");
  // The complete name of a family, in spite of the field's name.
  const found = [...world.families]
    .filter(([family]) => familyPrefix === undefined || family === familyPrefix)
    .flatMap(([, revisions]) => revisions)
    .filter(({ definition }) => definition.status === status)
    .map(({ definition }) => definition.taskDefinitionArn);
  if (sort === "DESC") found.reverse();
  return listed("taskDefinitionArns", found, body);
}

export function listTaskDefinitionFamilies({ world, principal, body }: Call): JsonObject {
  const { familyPrefix = "", status = "ACTIVE" } = body as Record<string, string | undefined>;
  world.iam.check(principal, "ecs:ListTaskDefinitionFamilies", "*");
  const found = [...world.families]
    .filter(([family]) => family.startsWith(familyPrefix))
    .filter(([, revisions]) => {
      const active = revisions.some(({ definition }) => definition.status === "ACTIVE");
      const inactive = !active && revisions.some(({ definition }) => definition.status === "INACTIVE");
      return status === "ALL" ? active || inactive : status === "ACTIVE" ? active : inactive;
    })
    .map(([family]) => family)
    .sort();
  return listed("families", found, body);
}

function listed(member: string, all: string[], { maxResults = 100, nextToken }: JsonObject): JsonObject {
  const size = Number(maxResults);
  if (size < 1 || size > 100) throw invalid("maxResults should be between 1 and 100");
  const token = nextToken === undefined ? undefined : Buffer.from(String(nextToken), "base64").toString();
  const found = pageOf(all, { size, token, keyOf: (item) => item, names: "first" });
  if (!found) throw invalid("Invalid token.");
  return { [member]: [...found.page], ...(found.next === undefined ? {} : { nextToken: Buffer.from(found.next).toString("base64") }) };
}

/** Condition keys for the tags in a request. */
export function requestTags(tags: readonly JsonObject[]): Context {
  return {
    ...Object.fromEntries(tags.map(({ key, value }) => [`aws:RequestTag/${key}`, String(value ?? "")])),
    ...(tags.length > 0 ? { "aws:TagKeys": tags.map(({ key }) => String(key)) } : {}),
  };
}

/** Condition keys for the tags of a resource: AWS' general name and that of ECS. */
export function resourceTags(tags: readonly JsonObject[] = []): Context {
  return Object.fromEntries(
    tags.flatMap(({ key, value }) => ["aws", "ecs"].map((service) => [`${service}:ResourceTag/${key}`, String(value ?? "")])),
  );
}

/**
 * @param arn an empty string counts as absent, as in AWS
 * @throws {AwsError} if the principal may not pass the role to ECS' tasks, or ECS may not assume it
 */
export function passRole(world: World, principal: Call["principal"], arn: unknown): void {
  if (typeof arn !== "string" || arn === "") return;
  world.iam.check(principal, "iam:PassRole", arn, { "iam:PassedToService": "ecs-tasks.amazonaws.com" });
  const role = world.iam.roles.get(arn);
  if (!role?.trusts.includes("ecs-tasks.amazonaws.com")) throw client("Role is not valid");
}

/** The processors that a task of this definition needs. */
export function architectureOf({ runtimePlatform }: JsonObject): string {
  return ((runtimePlatform ?? {}) as { cpuArchitecture?: string }).cpuArchitecture ?? "X86_64";
}
