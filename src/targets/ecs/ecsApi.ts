import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ECSClient, RegisterTaskDefinitionCommandInput, RunTaskCommandInput, Task, TaskDefinition } from "@aws-sdk/client-ecs";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { JsonObject } from "../../json";
import { type CallListener, type CallOptions, openCalls } from "../cloud/calls";
import { CloudFailure, ifThere } from "../cloud/failure";
import { doLastStep } from "../cloud/lastStep";
import { once } from "../cloud/once";
import type { SharedNotes } from "../target";
import { type Access, loaded } from "./awsAccess";
import { asFailure, failureOf } from "./awsFailures";
import { offsetText } from "./awsRefusals";
import { ecsBucket } from "./ecsBuckets";
import { type LeftoverCalls, leftoverCalls, type Repeat } from "./ecsLeftoverCalls";
import type { TaskName } from "./ecsNames";
import type { TaskFacts } from "./ecsOutcome";

export interface LogEvent {
  eventId: string;
  /** Milliseconds. */
  timestamp: number;
  stream: string;
  message: string;
}

/** Events in the order of their times. */
export interface LogEvents {
  events: LogEvent[];
  /** The time up to which was read, if pages were left unread. */
  cut?: number;
}

export interface DefinitionFacts {
  arn: string;
  active: boolean;
  definition: TaskDefinition;
  tags: Record<string, string>;
}

/** The calls of this target. Each may throw an {@link AwsFailure}. All are safe to repeat, and are repeated if that may help. */
export interface EcsApi extends LeftoverCalls {
  registerTaskDefinition(request: JsonObject, options?: CallOptions): Promise<string>;
  /** @param name ARN, family (its latest active revision) or `family:revision` */
  describeTaskDefinition(name: string, options?: CallOptions): Promise<DefinitionFacts | undefined>;
  deregisterTaskDefinition(arn: string, signal?: AbortSignal): Promise<void>;
  /** @returns cluster and task */
  runTask(request: JsonObject, launches: boolean, options?: CallOptions): Promise<TaskName>;
  /** Up to a hundred of one cluster. Those that do not exist are missing in the result. */
  describeTasks(cluster: string, tasks: string[], signal?: AbortSignal): Promise<Map<string, { facts: TaskFacts; definition?: string }>>;
  listTasks(cluster: string | undefined, startedBy: string, status: "RUNNING" | "STOPPED", signal?: AbortSignal): Promise<string[]>;
  stopTask(name: TaskName, reason: string, signal?: AbortSignal): Promise<void>;
  /**
   * Events of these streams since a time, as many as one reply contains. @throws {AwsFailure} `missing` if the group or a stream does not
   * exist
   */
  logEvents(place: { group: string; region: string }, streams: string[], since: number, signal?: AbortSignal): Promise<LogEvents>;
  putSecret(secret: { name: string; value: string; description: string }, signal?: AbortSignal): Promise<void>;
}

/**
 * How many pages to read at once. The rest is left for the next call, unless all events have one time, since it could not continue behind
 * that.
 */
const MAX_PAGES = 50;

/** Open it. Its calls are repeated as long as that may help. */
export function openEcsApi(access: Access, notes: SharedNotes, listener: CallListener): EcsApi {
  const { region = "" } = access;
  const ecs = once(async () => {
    const sdk = await loaded(() => import("@aws-sdk/client-ecs"));
    return { sdk, client: sender(new sdk.ECSClient({ region, ...access.options("ecs") })) };
  });
  const logClients = new Map<string, CloudWatchLogsClient>();
  const logs = async (place: string) => {
    const sdk = await loaded(() => import("@aws-sdk/client-cloudwatch-logs"));
    const client = logClients.get(place) ?? sender(new sdk.CloudWatchLogsClient({ region: place, ...access.options("logs") }));
    logClients.set(place, client);
    return { sdk, client };
  };
  const ssm = once(async () => {
    const sdk = await loaded(() => import("@aws-sdk/client-ssm"));
    return { sdk, client: sender(new sdk.SSMClient({ region, ...access.options("ssm") })) };
  });
  const call = openCalls({
    cloud: "AWS",
    pool: access.pool,
    createdAt: access.createdAt,
    notes,
    ...listener,
    asFailure,
    // From AWS' reply the SDK learns how to correct the next signature.
    again: { clock: { retries: 1, tell: (failure) => `${offsetText(failure)}: signing with AWS' time (${failure.message})` } },
  });

  const repeat: Repeat = (client, what, { buckets = [], ...options }, work) => {
    const drawn = buckets.map((name) => ecsBucket(name, access.place));
    const login = async () => {
      const { config } = (await client()).client;
      await (access.role ? access.role.credentials() : config.credentials());
    };
    return call(what, drawn, () => asRole(access, async () => work(await client())), { ...options, login });
  };

  return {
    ...leftoverCalls({ repeat, ecs, ssm }),
    registerTaskDefinition: (request, options) =>
      repeat(ecs, "ecs:RegisterTaskDefinition", { buckets: ["register"], ...options }, async ({ sdk, client }) => {
        const { taskDefinition } = await client.send(
          new sdk.RegisterTaskDefinitionCommand(request as unknown as RegisterTaskDefinitionCommandInput),
        );
        if (!taskDefinition?.taskDefinitionArn) throw unreadable("names no revision");
        return taskDefinition.taskDefinitionArn;
      }),
    describeTaskDefinition: (name, options) =>
      ifThere(
        repeat(ecs, "ecs:DescribeTaskDefinition", { buckets: ["describeDefinition"], ...options }, async ({ sdk, client }) => {
          const { taskDefinition = {}, tags = [] } = await client.send(
            new sdk.DescribeTaskDefinitionCommand({ taskDefinition: name, include: ["TAGS"] }),
          );
          return {
            arn: taskDefinition.taskDefinitionArn ?? "",
            active: taskDefinition.status === "ACTIVE",
            definition: taskDefinition,
            tags: Object.fromEntries(tags.map(({ key = "", value = "" }) => [key, value])),
          };
        }),
      ),
    deregisterTaskDefinition: (arn, signal) =>
      repeat(ecs, "ecs:DeregisterTaskDefinition", { buckets: ["register"], signal }, async ({ sdk, client }) => {
        await client.send(new sdk.DeregisterTaskDefinitionCommand({ taskDefinition: arn }));
      }),
    runTask: (request, launches, options) =>
      repeat(ecs, "ecs:RunTask", { buckets: launches ? ["modify", "launch"] : ["modify"], ...options }, async ({ sdk, client }) => {
        const { tasks = [], failures = [] } = await client.send(new sdk.RunTaskCommand(request as unknown as RunTaskCommandInput));
        const [task] = tasks;
        if (task?.taskArn && task.clusterArn) return { cluster: task.clusterArn, task: task.taskArn };
        // ECS gives a reason. Its token makes it safe to ask again.
        throw failures[0] ? failureOf(failures[0]) : unreadable("has neither a task nor a reason");
      }),
    describeTasks: (cluster, tasks, signal) =>
      repeat(ecs, "ecs:DescribeTasks", { buckets: ["read"], signal }, async ({ sdk, client }) => {
        const reply = await client.send(new sdk.DescribeTasksCommand({ cluster, tasks }), lettingGo(signal));
        const other = reply.failures?.find(({ reason }) => reason !== "MISSING");
        if (other) throw failureOf(other);
        if ((reply.tasks?.length ?? 0) + (reply.failures?.length ?? 0) < tasks.length) throw unreadable("leaves tasks out");
        return new Map(
          (reply.tasks ?? []).map((task) => [
            task.taskArn ?? "",
            { facts: factsOf(task), ...(task.taskDefinitionArn ? { definition: task.taskDefinitionArn } : {}) },
          ]),
        );
      }),
    listTasks: (cluster, startedBy, desiredStatus, signal) =>
      repeat(ecs, "ecs:ListTasks", { buckets: ["read"], signal }, async ({ sdk, client }) => {
        const reply = await client.send(
          new sdk.ListTasksCommand({ ...(cluster === undefined ? {} : { cluster }), startedBy, desiredStatus }),
          lettingGo(signal),
        );
        return reply.taskArns ?? [];
      }),
    stopTask: ({ cluster, task }, reason, signal) =>
      repeat(ecs, "ecs:StopTask", { buckets: ["modify"], signal }, async ({ sdk, client }) => {
        await client.send(new sdk.StopTaskCommand({ cluster, task, reason: reason.slice(0, 1024) }));
      }),
    logEvents: async ({ group, region: place }, streams, since, signal) => {
      const events: LogEvent[] = [];
      let nextToken: string | undefined;
      let newest = since;
      for (let pages = 0; pages < MAX_PAGES || newest <= since; pages++) {
        const reply = await repeat(
          () => logs(place),
          "logs:FilterLogEvents",
          { buckets: ["logs"], signal },
          ({ sdk, client }) =>
            client.send(
              new sdk.FilterLogEventsCommand({
                logGroupName: group,
                logStreamNames: streams,
                startTime: since,
                ...(nextToken === undefined ? {} : { nextToken }),
              }),
              lettingGo(signal),
            ),
        );
        for (const { eventId = "", timestamp = 0, logStreamName = "", message = "" } of reply.events ?? [])
          events.push({ eventId, timestamp, stream: logStreamName, message });
        newest = events.at(-1)?.timestamp ?? newest;
        nextToken = reply.nextToken;
        if (nextToken === undefined) return { events };
      }
      return { events, cut: newest };
    },
    putSecret: ({ name: Name, value: Value, description: Description }, signal) =>
      repeat(ssm, "ssm:PutParameter", { signal }, async ({ sdk, client }) => {
        await client.send(
          new sdk.PutParameterCommand({ Name, Value, Description, Type: "SecureString", Overwrite: true, Tier: "Intelligent-Tiering" }),
        );
      }),
  };
}

/** Make a call with the credentials of a role. AWS may refuse them before their end (its sessions were revoked): then it is repeated with new ones. */
async function asRole<T>({ role }: Access, call: () => Promise<T>): Promise<T> {
  if (!role) return call();
  const used = await role.credentials();
  try {
    return await call();
  } catch (error) {
    if (asFailure(error).kind !== "unauthenticated") throw error;
  }
  await role.renew(used);
  return call();
}

/** A reply that cannot be the cloud's whole answer: something on the way has changed it. */
function unreadable(what: string): CloudFailure {
  return new CloudFailure("unclear", `the reply of ECS ${what}`);
}

/** Ends a call that only reads: nobody needs its reply after the signal. */
function lettingGo(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

function factsOf(task: Task): TaskFacts {
  const time = (at: Date | undefined) => at?.getTime();
  return {
    lastStatus: task.lastStatus ?? "PROVISIONING",
    ...given("desiredStatus", task.desiredStatus),
    ...given("stopCode", task.stopCode),
    ...given("stoppedReason", task.stoppedReason),
    ...given("createdAt", time(task.createdAt)),
    ...given("startedAt", time(task.startedAt)),
    ...given("stoppingAt", time(task.stoppingAt)),
    ...given("stoppedAt", time(task.stoppedAt)),
    containers: (task.containers ?? []).map(({ name = "", exitCode, reason, healthStatus }) => ({
      name,
      ...given("exitCode", exitCode),
      ...given("reason", reason),
      ...given("healthStatus", healthStatus),
    })),
    ...given("attachments", task.attachments),
    ...given("overrides", task.overrides),
  };
}

function given<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}

/** A client of the SDK, with what is done right before each of its requests. */
function sender<Client extends ECSClient | SSMClient | CloudWatchLogsClient>(client: Client): Client {
  const { middlewareStack } = client as unknown as ECSClient;
  middlewareStack.add(
    (next) => async (sent) => {
      await doLastStep();
      return next(sent);
    },
    // After the signature.
    { step: "deserialize", priority: "low", name: "pushpoolLastStep" },
  );
  return client;
}
