import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import type { Principal } from "./awsIam";
import { checkLogName } from "./awsLogStore";
import type { World } from "./awsWorld";
import { reaches } from "./reach";
import { architectureOf } from "./taskDefinitions";
import type { ContainerDefinition, Task } from "./tasks";

/** What ECS fetches with a task's execution role before its containers run. */
interface Fetching {
  world: World;
  task: Task;
  role: Principal | undefined;
}

const ECR = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)(?::([^@]+))?/;
const PULLS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];
const REGISTRY =
  "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve";
const LOGGER =
  "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log";

/** Why a task cannot start: its roles, its image, its secrets or its log group. */
export function startFault(world: World, task: Task, containers: readonly ContainerDefinition[]): string | undefined {
  const { executionRoleArn, taskRoleArn } = rolesOf(task);
  for (const arn of [executionRoleArn, taskRoleArn])
    if (arn !== undefined && !world.iam.roles.get(arn)?.trusts.includes("ecs-tasks.amazonaws.com"))
      return `ECS was unable to assume the role '${arn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`;
  const fetching: Fetching = { world, task, role: executionRoleArn === undefined ? undefined : world.iam.roles.get(executionRoleArn) };
  for (const container of containers) {
    const problem = imageFault(fetching, container) ?? secretFault(fetching, container) ?? logFault(fetching, container);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether the output of a task's containers can be written. Docker's log driver reports no failure. */
export function mayWriteLogs(world: World, task: Task, group: string): boolean {
  const { executionRoleArn } = rolesOf(task);
  const role = executionRoleArn === undefined ? undefined : world.iam.roles.get(executionRoleArn);
  return role === undefined || world.iam.allows(role, "logs:PutLogEvents", world.arn("logs", `log-group:${group}:log-stream:any`), {});
}

/** A run's overrides precede its definition. */
function rolesOf({ definition, record }: Task): { executionRoleArn?: string; taskRoleArn?: string } {
  const given = (roles: JsonObject) =>
    Object.fromEntries(["executionRoleArn", "taskRoleArn"].flatMap((key) => (roles[key] ? [[key, roles[key]]] : [])));
  return { ...given(definition.definition), ...given(record.overrides) };
}

function imageFault(fetching: Fetching, { image }: ContainerDefinition): string | undefined {
  const access = fetching.world.options.images[image]?.access ?? "there";
  if (access === "missing")
    return `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/${image}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`;
  if (access === "denied")
    return `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${image}: 403 Forbidden`;
  const [, account = "", region = "", repository, tag = "latest"] = ECR.exec(image) ?? [];
  const unreachable = wayFault(fetching, image, repository !== undefined);
  if (unreachable !== undefined) return unreachable;
  // Without an execution role, the machine fetches it with its own role.
  if (repository === undefined || !fetching.role) return contentFault(fetching, image);
  const token = denial(fetching, "ecr:GetAuthorizationToken", "*");
  if (token) return `${REGISTRY} ecr registry auth: service call has been retried 1 time(s): ${token}`;
  const arn = `arn:${fetching.world.partition}:ecr:${region}:${account}:repository/${repository}`;
  // The registry does not report which of the permissions is missing.
  if (PULLS.every((action) => denial(fetching, action, arn) === undefined)) return contentFault(fetching, image);
  return `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: pulling from host ${image.slice(0, image.indexOf("/"))} failed with status code [manifests ${tag}]: 403 Forbidden`;
}

/** What was not pushed, or was built for other processors. */
function contentFault({ world, task }: Fetching, image: string): string | undefined {
  if (world.registry.lacks(image))
    return `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`;
  const platform = `linux/${architectureOf(task.definition.definition) === "ARM64" ? "arm64" : "amd64"}`;
  if (!world.registry.isForeign(image, platform)) return undefined;
  return `CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform '${platform}'`;
}

/** Why an image cannot be reached. The layers of ECR's images are in S3. */
function wayFault({ world, task }: Fetching, image: string, ofEcr: boolean): string | undefined {
  const host = image.slice(0, image.indexOf("/"));
  const timeout = (place: string) =>
    `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${image}: failed to do request: Head "https://${place}/": dial tcp: i/o timeout`;
  if (!ofEcr) return reaches(world, task.network, "internet") ? undefined : timeout("registry-1.docker.io");
  if (!reaches(world, task.network, "ecr.api"))
    return `ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post "https://api.ecr.${world.options.region}.amazonaws.com/": dial tcp: i/o timeout`;
  return ["ecr.dkr", "s3"].every((service) => reaches(world, task.network, service)) ? undefined : timeout(host);
}

function secretFault(fetching: Fetching, { secrets = [] }: ContainerDefinition): string | undefined {
  const { world, task } = fetching;
  for (const { valueFrom } of secrets) {
    const managed = valueFrom.includes(":secretsmanager:");
    if (!reaches(world, task.network, managed ? "secretsmanager" : "ssm"))
      return `${REGISTRY} ${managed ? "secret from asm" : "secrets from ssm"}: service call has been retried 5 time(s): RequestCanceled: request context canceled caused by: context deadline exceeded`;
    if (managed) {
      const denied = denial(fetching, "secretsmanager:GetSecretValue", valueFrom);
      if (denied) return `${REGISTRY} secret from asm: service call has been retried 1 time(s): ${denied}`;
      continue;
    }
    const parameter = valueFrom.replace(/^arn:[^:]+:ssm:[^:]+:[^:]+:parameter/, "");
    const denied = denial(fetching, "ssm:GetParameters", world.arn("ssm", `parameter${parameter}`));
    if (denied) return `${REGISTRY} secrets from ssm: service call has been retried 1 time(s): ${denied}`;
    if (!world.parameters.has(parameter)) return `${REGISTRY} secrets from ssm: invalid parameters: ${valueFrom}`;
  }
  return undefined;
}

function logFault(fetching: Fetching, { name, logConfiguration }: ContainerDefinition): string | undefined {
  const { world, task, role } = fetching;
  const { "awslogs-group": group, "awslogs-stream-prefix": prefix, "awslogs-create-group": create } = logConfiguration?.options ?? {};
  if (group === undefined) return undefined;
  if (!reaches(world, task.network, "logs"))
    return `${LOGGER} stream: RequestCanceled: request context canceled caused by: context deadline exceeded : exit status 1`;
  if (!world.log.groups.has(group)) {
    if (create !== "true")
      return `${LOGGER} stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1 (container ${name})`;
    const denied = denial(fetching, "logs:CreateLogGroup", world.arn("logs", `log-group:${group}:log-stream:`));
    if (denied) return `${LOGGER} group: ${denied} : exit status 1`;
    const refused = nameFault("logGroupName", group);
    if (refused) return `${LOGGER} group: ${refused}`;
    world.log.createGroup(group);
  }
  const stream = `${prefix ?? ""}/${name}/${task.record.taskArn.slice(-32)}`;
  const refused = nameFault("logStreamName", stream);
  if (refused) return `${LOGGER} stream: ${refused}`;
  const denied = role && denial(fetching, "logs:CreateLogStream", world.arn("logs", `log-group:${group}:log-stream:${stream}`));
  return denied && `${LOGGER} stream: ${denied} : exit status 1`;
}

/** CloudWatch Logs' error about an invalid name. */
function nameFault(field: "logGroupName" | "logStreamName", name: string): string | undefined {
  try {
    checkLogName(field, name);
    return undefined;
  } catch (error) {
    return `InvalidParameterException: ${(error as Error).message} : exit status 1`;
  }
}

/** The service's error if the role lacks the permission; `undefined` if it has it. */
function denial({ world, task, role }: Fetching, action: string, resource: string): string | undefined {
  if (role && world.iam.allows(role, action, resource, {})) return undefined;
  const name = role?.arn.slice(role.arn.lastIndexOf("/") + 1) ?? "ecsInstanceRole";
  const user = `arn:${world.partition}:sts::${world.options.account}:assumed-role/${name}/${task.record.taskArn.slice(-32)}`;
  return `AccessDeniedException: User: ${user} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action status code: 400, request id: ${randomUUID()}`;
}
