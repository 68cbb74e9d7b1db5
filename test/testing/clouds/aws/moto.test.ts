import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateClusterCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from "@aws-sdk/client-ecs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFakeAws } from "../../../../src/testing";
import { pythonVenv } from "../../../pythonVenv";
import { until } from "../../../until";

// A second opinion: moto (https://docs.getmoto.org) gets the same calls from the same clients. It knows what AWS stores and how its errors
// are named. It does not know a task's states, policies and Fargate's limits; for these the recordings decide.

const REGION = "eu-west-1";
const python = spawnSync("python3", ["--version"]).status === 0;
if (!python) console.warn("SKIPPED: no python3, so no moto to compare with");

interface Clients {
  ecs: ECSClient;
  logs: CloudWatchLogsClient;
  sts: STSClient;
}
const clientsOf = (endpoint: string, credentials: { accessKeyId: string; secretAccessKey: string }): Clients => {
  const config = { endpoint, region: REGION, credentials, maxAttempts: 1 };
  return { ecs: new ECSClient(config), logs: new CloudWatchLogsClient(config), sts: new STSClient(config) };
};

describe.skipIf(!python)("moto agrees", () => {
  let moto: ChildProcess;
  let both: { moto: Clients; ours: Clients };
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const venv = await pythonVenv("moto", ["moto==5.2.1", "flask<4", "flask-cors<7"]);
    const port = await freePort();
    moto = spawn(join(venv, "bin", "moto_server"), ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    const url = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(`${url}/moto-api/`).catch(() => undefined))?.ok);
    const aws = await startFakeAws({ region: REGION, simulated: true });
    stop = () => aws.stop();
    both = {
      moto: clientsOf(url, { accessKeyId: "AKIAMOTO", secretAccessKey: "any" }),
      ours: clientsOf(aws.url, aws.accessKey("tester", ["AdministratorAccess"])),
    };
    await both.moto.ecs.send(new CreateClusterCommand({ clusterName: "flows" }));
  }, 300_000);
  afterAll(async () => {
    moto?.kill();
    await stop?.();
  });

  /** Compare the same call of both. @param look which part of its reply is compared; an error by its name */
  async function same<Reply>(call: (clients: Clients) => Promise<Reply>, look: (reply: Reply) => unknown): Promise<unknown> {
    const seen = (clients: Clients) =>
      call(clients).then(look, (error: Error & { $metadata?: { httpStatusCode: number } }) => ({
        error: error.name,
        status: error.$metadata?.httpStatusCode,
      }));
    const [theirs, ours] = [await seen(both.moto), await seen(both.ours)];
    expect(ours).toEqual(theirs);
    return ours;
  }

  const definition = (cpu: string) => ({
    family: "etl",
    networkMode: "awsvpc" as const,
    requiresCompatibilities: ["FARGATE" as const],
    cpu,
    memory: "1024",
    containerDefinitions: [{ name: "main", image: "busybox", command: ["true"], environment: [{ name: "A", value: "1" }] }],
  });

  test("ECS: task definitions have revisions, and inactive ones are still described", async () => {
    const named = (reply: {
      taskDefinition?: { family?: string; revision?: number; status?: string; compatibilities?: string[]; cpu?: string };
    }) => {
      const { family, revision, status, compatibilities, cpu } = reply.taskDefinition ?? {};
      return { family, revision, status, compatibilities: [...(compatibilities ?? [])].sort(), cpu };
    };
    for (const cpu of ["256", "512"]) await same(({ ecs }) => ecs.send(new RegisterTaskDefinitionCommand(definition(cpu))), named);
    for (const taskDefinition of ["etl", "etl:1"])
      await same(({ ecs }) => ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition })), named);
    const containers = (reply: { taskDefinition?: { containerDefinitions?: object[] } }) => reply.taskDefinition?.containerDefinitions;
    await same(({ ecs }) => ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: "etl" })), containers);
    const tail = (arn: string) => arn.slice(arn.lastIndexOf("/") + 1);
    const listed = ({ taskDefinitionArns = [] }: { taskDefinitionArns?: string[] }) => taskDefinitionArns.map(tail);
    await same(({ ecs }) => ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: "etl" })), listed);
    await same(({ ecs }) => ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: "etl:1" })), named);
    await same(({ ecs }) => ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: "etl:1" })), named);
    await same(({ ecs }) => ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: "etl" })), listed);
    await same(({ ecs }) => ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: "etl", status: "INACTIVE" })), listed);
  });

  test("ECS: what does not exist", async () => {
    const failures = (reply: { failures?: { reason?: string }[] }) => reply.failures?.map(({ reason }) => reason);
    const nothing = () => "answered";
    expect(await same(({ ecs }) => ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: "none" })), nothing)).toMatchObject({
      error: "ClientException",
    });
    await same(({ ecs }) => ecs.send(new DescribeClustersCommand({ clusters: ["none"] })), failures);
    for (const command of [
      () => new ListTasksCommand({ cluster: "none" }),
      () => new DescribeTasksCommand({ cluster: "none", tasks: ["0".repeat(32)] }),
      () => new StopTaskCommand({ cluster: "none", task: "0".repeat(32) }),
      () => new RunTaskCommand({ cluster: "none", taskDefinition: "etl", launchType: "FARGATE" }),
    ])
      expect(await same(({ ecs }) => ecs.send(command() as ListTasksCommand), nothing)).toMatchObject({
        error: "ClusterNotFoundException",
      });
    // A missing task is a failure with the name MISSING; moto leaves it out.
    const lost = await both.ours.ecs.send(new DescribeTasksCommand({ cluster: "flows", tasks: ["0".repeat(32)] }));
    expect(failures(lost)).toEqual(["MISSING"]);
  });

  test("CloudWatch Logs: groups, streams and their events", async () => {
    const [logGroupName, logStreamName] = ["g", "s"];
    const nothing = () => "answered";
    const at = Date.now() - 60_000;
    const logEvents = [0, 1, 2].map((n) => ({ timestamp: at + n, message: `line ${n}` }));
    const texts = ({ events }: { events?: { message?: string; timestamp?: number }[] }) => events?.map(({ message }) => message);
    const get = (over: object = {}) => new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true, ...over });
    expect(await same(({ logs }) => logs.send(get()), texts)).toEqual({ error: "ResourceNotFoundException", status: 400 });
    for (let n = 0; n < 2; n++) await same(({ logs }) => logs.send(new CreateLogGroupCommand({ logGroupName })), nothing);
    expect(await same(({ logs }) => logs.send(get()), texts)).toEqual({ error: "ResourceNotFoundException", status: 400 });
    for (let n = 0; n < 2; n++) await same(({ logs }) => logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName })), nothing);
    await same(({ logs }) => logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents })), nothing);
    expect(await same(({ logs }) => logs.send(get()), texts)).toEqual(["line 0", "line 1", "line 2"]);
    await same(({ logs }) => logs.send(new FilterLogEventsCommand({ logGroupName, logStreamNames: [logStreamName] })), texts);
    expect(
      await same(({ logs }) => logs.send(new FilterLogEventsCommand({ logGroupName, startTime: at + 1, endTime: at + 2 })), texts),
    ).toEqual(["line 1", "line 2"]);
    await same(
      ({ logs }) => logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "g" })),
      ({ logGroups }) => logGroups?.map((each) => each.logGroupName),
    );
    await same(
      ({ logs }) => logs.send(new DescribeLogStreamsCommand({ logGroupName })),
      ({ logStreams }) => logStreams?.map((each) => [each.logStreamName, each.firstEventTimestamp, each.lastEventTimestamp]),
    );
    await same(({ logs }) => logs.send(get({ limit: 10_001 })), nothing);
  });

  test("STS: the caller's identity", async () => {
    await same(
      ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
      (reply) => [reply.Account, reply.Arn, reply.UserId].map((each) => typeof each),
    );
  });
});

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
