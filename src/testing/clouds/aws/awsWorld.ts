import type { JsonObject } from "../../../json";
import { Background } from "../shared/background";
import type { End } from "../shared/container";
import { ImageStore } from "../shared/fakeRegistry";
import { RegistryTokens } from "../shared/registryTokens";
import { AwsError } from "./awsError";
import { Iam, type Principal } from "./awsIam";
import { LogStore } from "./awsLogStore";
import type { Settled } from "./awsOptions";
import { Surroundings } from "./awsSurroundings";
import { finishTask, killContainer, stopTask, type Task } from "./tasks";

/** A registered task definition as in `DescribeTaskDefinition`, and its tags. */
export interface TaskDefinitionRecord {
  definition: JsonObject & {
    taskDefinitionArn: string;
    family: string;
    revision: number;
    status: "ACTIVE" | "INACTIVE" | "DELETE_IN_PROGRESS";
  };
  tags: JsonObject[];
}

export interface Cluster {
  arn: string;
  name: string;
  status: "ACTIVE" | "INACTIVE";
  /** The capacity providers associated with it. */
  capacityProviders: string[];
  /** The kinds of users' own machines in the cluster, with room for any task: `EC2`, `EXTERNAL`. */
  instances: Set<string>;
}

export function partitionOf(region: string): string {
  return region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Everything that the fake cloud has. Tests may read and change it. */
export class World {
  readonly options: Settled;
  readonly partition: string;
  readonly iam: Iam;
  readonly log: LogStore;
  readonly clusters = new Map<string, Cluster>();
  /** By family, revision 1 first. */
  readonly families = new Map<string, TaskDefinitionRecord[]>();
  /** By ARN, in the order of their start. */
  readonly tasks = new Map<string, Task>();
  /** `RunTask` requests by cluster and client token. */
  readonly tokens = new Map<string, { request: string; tasks: string[] }>();
  /** Parameter Store, by name. `modifiedAt`: milliseconds. */
  readonly parameters = new Map<string, { value: string; version: number; description?: string; modifiedAt?: number }>();
  readonly surroundings = new Surroundings();
  /** What was pushed to Elastic Container Registry, and the logins to it. */
  readonly registry = new ImageStore();
  readonly registryTokens = new RegistryTokens<Principal>();
  /** The status of requests to Cloud Control, by token. */
  readonly requests = new Map<string, JsonObject>();
  readonly background: Background;
  /** Why the next tasks do not start, one each. */
  readonly notToStart: { reason: string; containers: "listed" | "none" }[] = [];

  constructor(options: Settled) {
    this.options = options;
    this.background = new Background(options.simulated);
    const { region, account } = options;
    this.partition = partitionOf(region);
    this.iam = new Iam(account, this.partition, { keys: options.keyDelay, policies: options.policyDelay });
    this.log = new LogStore(options.logDelay, options.logPage);
    for (const group of options.logGroups) this.log.createGroup(group);
  }

  arn(service: string, what: string): string {
    return `arn:${this.partition}:${service}:${this.options.region}:${this.options.account}:${what}`;
  }

  addCluster(name: string, capacityProviders = ["FARGATE", "FARGATE_SPOT"]): string {
    const arn = this.arn("ecs", `cluster/${name}`);
    this.clusters.set(name, { arn, name, status: "ACTIVE", capacityProviders, instances: new Set() });
    return arn;
  }

  /** @param given name or ARN. @throws {AwsError} */
  clusterNamed(given = "default"): Cluster {
    const name = given.slice(given.lastIndexOf("/") + 1);
    const cluster = this.clusters.get(name);
    if (!cluster || (given.startsWith("arn:") && given !== cluster.arn) || cluster.status !== "ACTIVE")
      throw new AwsError("ClusterNotFoundException", "Cluster not found.");
    return cluster;
  }

  task(arn: string): Task {
    const task = this.tasks.get(arn);
    if (!task) throw new Error(`there is no task ${arn}`);
    return task;
  }

  /** Another user stops a task. */
  stopTask(arn: string, reason = "stopped in the console"): void {
    stopTask(this, this.task(arn), "UserInitiated", reason);
  }

  /**
   * A container of it runs out of memory. @param container its name @default the task's first essential container, which ends all others
   * too
   */
  outOfMemory(arn: string, container?: string): void {
    killContainer(this.task(arn), "OutOfMemoryError: Container killed due to memory usage", container);
  }

  /** AWS takes Spot capacity back. */
  interruptSpot(arn: string): void {
    stopTask(this, this.task(arn), "SpotInterruption", "Your Spot Task was interrupted.");
  }

  /** The machine under it fails: how its containers ended stays unknown. */
  loseHost(arn: string): void {
    const task = this.task(arn);
    task.hostLost = true;
    stopTask(this, task, "InfrastructureHealth", "Task stopped due to an underlying infrastructure failure");
    killContainer(task);
  }

  /**
   * Make the next task fail to start, for example `Timeout waiting for network interface provisioning to complete.`
   * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html has the texts).
   * @param containers "none": it ends before ECS has created any, and lists none
   */
  keepFromStarting(reason: string, containers: "listed" | "none" = "listed"): void {
    this.notToStart.push({ reason, containers });
  }

  /** Make ECS forget it, as it does an hour after its end. */
  forget(arn: string): void {
    this.tasks.delete(arn);
  }

  /** With simulated containers: end one. */
  finish(arn: string, end: End): void {
    finishTask(this.task(arn), end);
  }
}
