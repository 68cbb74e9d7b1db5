import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFakeAws } from "../../../../src/testing";

// AWS' recorded replies and the fake's replies to the same calls: the same status, members, types and error messages.

const folder = join(__dirname, "..", "..", "..", "..", "..", "shared", "recordings", "aws");
const there = existsSync(folder);
if (!there) console.warn(`SKIPPED: no recordings at ${folder}`);

interface Recorded {
  response: { status: number; body: { [key: string]: unknown; Error?: { Code: string; Message: string } } | null };
  note?: string;
}
const read = (name: string) =>
  readFileSync(join(folder, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Recorded);

async function place() {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const config = { endpoint: aws.url, region: aws.region, credentials: aws.accessKey("tester", ["AdministratorAccess"]), maxAttempts: 1 };
  return { aws, ecs: new ECSClient(config), logs: new CloudWatchLogsClient(config), sts: new STSClient(config) };
}

/** The result of a call, in the form of the recordings: errors as in boto3. */
async function answer(call: Promise<{ $metadata: { httpStatusCode?: number } }>): Promise<{ status: number; body: unknown }> {
  try {
    const { $metadata, ...body } = await call;
    return { status: $metadata.httpStatusCode ?? 0, body };
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata: { httpStatusCode: number } };
    return { status: $metadata.httpStatusCode, body: { Error: { Code: name, Message: message } } };
  }
}

/** The members of a recorded value that ours lacks, or has with another type. Fields that AWS has added since are not a difference. */
function lacking(recorded: unknown, ours: unknown, path: string): string[] {
  if (recorded === null || recorded === undefined) return [];
  if (Array.isArray(recorded)) {
    if (!Array.isArray(ours)) return [`${path} is no list`];
    return recorded.length > 0 && ours.length > 0 ? lacking(recorded[0], ours[0], `${path}[0]`) : [];
  }
  if (typeof recorded === "object") {
    if (typeof ours !== "object" || ours === null) return [`${path} is no structure`];
    // boto3 and the SDK both convert times to dates; a recording has them as strings.
    if (ours instanceof Date) return [];
    return Object.entries(recorded).flatMap(([key, inner]) => lacking(inner, (ours as Record<string, unknown>)[key], `${path}.${key}`));
  }
  if (ours === undefined) return [`${path} is not there`];
  const replaced = typeof recorded === "string" && /^(<.*>|[a-z]+(-[a-z]+)*|timestamp|\d{4}-\d\d-\d\dT.*)$/.test(recorded);
  return typeof recorded === typeof ours || replaced ? [] : [`${path} is ${typeof ours}, not ${typeof recorded}`];
}

function compare(recorded: Recorded | undefined, ours: { status: number; body: unknown }): void {
  if (!recorded) throw new Error("there is no such recording");
  const { status, body } = recorded.response;
  expect(ours.status).toBe(status);
  if (body?.Error) expect((ours.body as typeof body).Error).toMatchObject({ Code: body.Error.Code, Message: body.Error.Message });
  else expect(lacking(body, ours.body, recorded.note ?? "")).toEqual([]);
}

describe.skipIf(!there)("recorded calls", () => {
  test("CloudWatch Logs: groups, streams, events", async () => {
    const { logs } = await place();
    const recorded = read("logs-group-stream-put-get");
    const events = [
      { timestamp: Date.now() - 1000, message: "one" },
      { timestamp: Date.now(), message: "two" },
    ];
    const [logGroupName, logStreamName] = ["/custodian-dev", "policy"];
    compare(recorded[0], await answer(logs.send(new CreateLogGroupCommand({ logGroupName }))));
    compare(recorded[1], await answer(logs.send(new DescribeLogGroupsCommand({}))));
    compare(recorded[2], await answer(logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }))));
    compare(recorded[3], await answer(logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: events }))));
    compare(recorded[4], await answer(logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/custodian" }))));
    compare(recorded[5], await answer(logs.send(new DescribeLogStreamsCommand({ logGroupName }))));
    const got = await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName }));
    expect(got.events?.map(({ message }) => message)).toEqual(["one", "two"]);
    compare(recorded[6], await answer(logs.send(new GetLogEventsCommand({ logGroupName, logStreamName }))));
  });

  test("CloudWatch Logs: what it refuses", async () => {
    const { logs } = await place();
    const recorded = read("logs-events-errors");
    const [logGroupName, logStreamName] = ["g", "s"];
    const get = (over: object) => answer(logs.send(new GetLogEventsCommand({ logGroupName, logStreamName, ...over })));
    const put = (over: object, ...ages: number[]) => {
      const logEvents = ages.map((age) => ({ timestamp: Date.now() - age, message: "m" }));
      return answer(logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents, ...over })));
    };
    compare(recorded[0], await get({}));
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    compare(recorded[1], await get({}));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    compare(recorded[2], await get({ nextToken: "invalid-token" }));
    compare(recorded[3], await get({ limit: 10_001 }));
    compare(recorded[4], await put({ logStreamName: "none" }, 0));
    compare(recorded[5], await put({}, 0, 60_000));
    const day = 86_400_000;
    compare(recorded[6], await put({}, 15 * day, 0));
    compare(recorded[7], await put({}, 0, -day));
    expect((await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName }))).events).toHaveLength(2);
  });

  test("CloudWatch Logs: streams", async () => {
    const { aws, logs } = await place();
    const recorded = read("logs-streams");
    const logGroupName = "g";
    const arn = aws.world.arn("logs", `log-group:${logGroupName}`);
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s-1" }));
    compare(recorded[0], await answer(logs.send(new DescribeLogStreamsCommand({ logGroupName }))));
    compare(recorded[1], await answer(logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s-1" }))));
    compare(recorded[2], await answer(logs.send(new DescribeLogStreamsCommand({ logGroupIdentifier: logGroupName }))));
    compare(recorded[3], await answer(logs.send(new DescribeLogStreamsCommand({ logGroupIdentifier: arn }))));
    compare(recorded[4], await answer(logs.send(new DescribeLogStreamsCommand({ logGroupName, logGroupIdentifier: arn }))));
    for (const logStreamName of ["s-2", "s-3", "t"]) await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    const some = await logs.send(new DescribeLogStreamsCommand({ logGroupName, logStreamNamePrefix: "s-" }));
    expect(some.logStreams?.map((each) => each.logStreamName)).toEqual(["s-1", "s-2", "s-3"]);
    compare(recorded[5], await answer(logs.send(new DescribeLogStreamsCommand({ logGroupName, logStreamNamePrefix: "s-" }))));
  });

  test("ECS: a task definition registered as recorded, described, deregistered, deleted", async () => {
    const { aws, ecs } = await place();
    const [described, registered, again] = read("ecs-task-definition-register");
    type Definition = Record<string, unknown> & { family: string };
    const { taskDefinition } = (registered as Recorded).response.body as unknown as { taskDefinition: Definition };
    // What AWS adds itself is not part of a request.
    const added = ["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"];
    const request = Object.fromEntries(Object.entries(taskDefinition).filter(([key]) => !added.includes(key)));
    const roles = { executionRoleArn: aws.executionRoleArn, taskRoleArn: undefined };
    const body = { ...request, ...roles } as unknown as ConstructorParameters<typeof RegisterTaskDefinitionCommand>[0];
    const without = (recorded: Recorded | undefined): Recorded => {
      const copy = structuredClone(recorded) as Recorded;
      const { taskDefinition: inside } = copy.response.body as { taskDefinition: Record<string, unknown> };
      // The fake does not have other accounts' roles, and what an agent on a machine must have.
      for (const key of ["executionRoleArn", "taskRoleArn", "requiresAttributes"]) delete inside[key];
      return copy;
    };
    compare(without(registered), await answer(ecs.send(new RegisterTaskDefinitionCommand(body))));
    for (const each of [described, again])
      compare(without(each), await answer(ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: taskDefinition.family }))));

    const [listed, shown, deregistered, deleted] = read("ecs-task-definition-delete");
    const name = `${taskDefinition.family}:1`;
    compare(listed, await answer(ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: taskDefinition.family }))));
    const inside = (recorded: Recorded | undefined) => (recorded?.response.body?.taskDefinition ?? {}) as Record<string, unknown>;
    const present = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: name }));
    expect(present.taskDefinition?.status).toBe(inside(shown).status);
    const off = await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: name }));
    expect(off.taskDefinition?.status).toBe(inside(deregistered).status);
    const gone = await ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: [name] }));
    const [first] = (deleted?.response.body?.taskDefinitions ?? []) as { status: string }[];
    expect(gone).toMatchObject({ failures: [], taskDefinitions: [{ status: first?.status }] });
  });

  test("STS: the caller's identity, and a role's session", async () => {
    const { aws, sts } = await place();
    const [who, , assumed, , ...refused] = read("sts");
    compare(who, await answer(sts.send(new GetCallerIdentityCommand({}))));
    const trusting = aws.world.iam.addRole("deployer", [`arn:aws:iam::${aws.account}:root`]);
    aws.world.iam.attach(trusting, "AdministratorAccess");
    const RoleSessionName = "Session1";
    const assume = (over: object) => sts.send(new AssumeRoleCommand({ RoleArn: trusting.arn, RoleSessionName, ...over }));
    compare(assumed, await answer(assume({})));
    for (const each of refused) {
      const text = each.response.body?.Error?.Message ?? "";
      const bad = text.endsWith(" is invalid") ? { RoleArn: text.slice(0, -" is invalid".length) } : { RoleSessionName: "Session1:2" };
      compare(each, await answer(assume(bad)));
    }
    expect(refused).toHaveLength(6);

    const { Credentials: session } = await assume({});
    const credentials = {
      accessKeyId: session?.AccessKeyId ?? "",
      secretAccessKey: session?.SecretAccessKey ?? "",
      sessionToken: session?.SessionToken ?? "",
    };
    const config = { endpoint: aws.url, region: aws.region, maxAttempts: 1 };
    const inSession = await new STSClient({ ...config, credentials }).send(new GetCallerIdentityCommand({}));
    expect(inSession.Arn).toBe(`arn:aws:sts::${aws.account}:assumed-role/deployer/Session1`);
    const { sessionToken: _, ...without } = credentials;
    await expect(new STSClient({ ...config, credentials: without }).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "InvalidClientTokenId",
    });
  });
});
