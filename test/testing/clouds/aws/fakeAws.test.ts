import { CloudWatchLogsClient, CreateLogGroupCommand, FilterLogEventsCommand, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { expect, onTestFinished, test } from "vitest";
import { type FakeAws, type FakeAwsOptions, startFakeAws } from "../../../../src/testing";

async function clients(options: FakeAwsOptions = {}, policies?: Parameters<FakeAws["accessKey"]>[1]) {
  const aws = await startFakeAws(options);
  onTestFinished(() => aws.stop());
  const credentials = aws.accessKey("tester", policies);
  const config = { endpoint: aws.url, region: aws.region, credentials, maxAttempts: 1 };
  return { aws, credentials, config, ecs: new ECSClient(config), logs: new CloudWatchLogsClient(config), sts: new STSClient(config) };
}

const family = (aws: FakeAws, script: string) => ({
  family: "etl",
  networkMode: "awsvpc" as const,
  requiresCompatibilities: ["FARGATE" as const],
  cpu: "256",
  memory: "512",
  executionRoleArn: aws.executionRoleArn,
  containerDefinitions: [
    {
      name: "main",
      image: "busybox",
      command: ["sh", "-c", script],
      logConfiguration: {
        logDriver: "awslogs" as const,
        options: { "awslogs-group": "g", "awslogs-create-group": "true", "awslogs-stream-prefix": "p" },
      },
    },
  ],
});
const awsvpcConfiguration = { subnets: ["subnet-1"] };

test("keys that it accepts, and keys that it refuses", async () => {
  const { aws, sts, config } = await clients();
  expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
    Account: aws.account,
    Arn: `arn:aws:iam::${aws.account}:user/tester`,
  });
  const forged = { ...config, credentials: { ...config.credentials, secretAccessKey: "no" } };
  await expect(new ECSClient(forged).send(new DescribeClustersCommand({}))).rejects.toMatchObject({ name: "InvalidSignatureException" });
  const unknown = { ...config, credentials: { accessKeyId: "AKIANOBODY", secretAccessKey: "no" } };
  await expect(new ECSClient(unknown).send(new DescribeClustersCommand({}))).rejects.toMatchObject({ name: "UnrecognizedClientException" });
  await expect(new STSClient(unknown).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "InvalidClientTokenId" });
});

test("STS refuses unknown operations, a wrong version, and a signature for another service or region as AWS does", async () => {
  const { sts, config } = await clients();
  await expect(sts.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
    name: "InvalidAction",
    message: "Could not find operation GetSessionToken for version 2011-06-15",
    $metadata: { httpStatusCode: 400 },
  });
  const older = new STSClient(config);
  older.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string };
      request.body = request.body.replace("Version=2011-06-15", "Version=2010-01-01");
      return next(args);
    },
    { step: "build" },
  );
  await expect(older.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
    name: "InvalidAction",
    message: "Could not find operation GetCallerIdentity for version 2010-01-01",
  });
  const elsewhere = new STSClient({ ...config, region: "eu-north-1" });
  await expect(elsewhere.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
  const forged = new STSClient({ ...config, credentials: { ...config.credentials, secretAccessKey: "no" } });
  await expect(forged.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
});

test("a task goes through its states in order; FilterLogEvents returns its log, which AmazonECS_FullAccess allows", async () => {
  const { aws, ecs, logs } = await clients({ step: 60 }, ["AmazonECS_FullAccess"]);
  const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand(family(aws, "echo hi; sleep 0.3")));
  expect(taskDefinition).toMatchObject({ revision: 1, status: "ACTIVE" });
  const started = await ecs.send(
    new RunTaskCommand({ cluster: "flows", taskDefinition: "etl", launchType: "FARGATE", networkConfiguration: { awsvpcConfiguration } }),
  );
  expect(started).toMatchObject({
    failures: [],
    tasks: [
      {
        lastStatus: "PROVISIONING",
        desiredStatus: "RUNNING",
        version: 1,
        containers: [{ lastStatus: "PENDING" }],
        attachments: [{ status: "PRECREATED" }],
      },
    ],
  });
  const task = started.tasks?.[0]?.taskArn as string;
  const seen: string[] = [];
  const limit = Date.now() + 90_000;
  while (seen.at(-1) !== "STOPPED" && Date.now() < limit) {
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: "flows", tasks: [task] }));
    const status = tasks?.[0]?.lastStatus as string;
    if (seen.at(-1) !== status) seen.push(status);
  }
  const order = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];
  expect(seen).toEqual(order.filter((status) => seen.includes(status)));
  const { tasks: [ended] = [] } = await ecs.send(new DescribeTasksCommand({ cluster: "flows", tasks: [task] }));
  // ecs-describe-task-pull-timeout.jsonl has a task with a network, and ecs-fargate-run-success.jsonl one that ran.
  const times = [ended?.createdAt, ended?.connectivityAt, ended?.pullStartedAt, ended?.pullStoppedAt, ended?.startedAt, ended?.stoppedAt];
  expect(times.map((time) => time?.getTime())).toEqual(times.map((time) => time?.getTime()).sort((a = 0, b = 0) => a - b));
  expect(times).not.toContain(undefined);
  const [interfaces] = ended?.attachments ?? [];
  expect(interfaces).toMatchObject({ type: "ElasticNetworkInterface", status: "DELETED" });
  expect(interfaces?.details?.map(({ name }) => name)).toEqual([
    "subnetId",
    "networkInterfaceId",
    "macAddress",
    "privateDnsName",
    "privateIPv4Address",
  ]);
  const privateIpv4Address = interfaces?.details?.at(-1)?.value;
  expect(ended).toMatchObject({
    connectivity: "CONNECTED",
    healthStatus: "UNKNOWN",
    executionStoppedAt: expect.any(Date),
    containers: [{ healthStatus: "UNKNOWN", networkInterfaces: [{ attachmentId: interfaces?.id, privateIpv4Address }] }],
  });
  const stream = `p/main/${task.split("/").at(-1)}`;
  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: "g", logStreamNames: [stream] }));
  expect(events?.map(({ message }) => message)).toEqual(["hi"]);
  await expect(logs.send(new GetLogEventsCommand({ logGroupName: "g", logStreamName: stream }))).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
});

test("errors are those of AWS", async () => {
  const { aws, ecs, logs } = await clients({}, ["AdministratorAccess"]);
  await expect(logs.send(new FilterLogEventsCommand({ logGroupName: "none" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
    message: "The specified log group does not exist.",
  });
  await expect(ecs.send(new RunTaskCommand({ cluster: "none", taskDefinition: "etl" }))).rejects.toMatchObject({
    name: "ClusterNotFoundException",
    message: "Cluster not found.",
  });
  await expect(ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: "none" }))).rejects.toMatchObject({
    name: "ClientException",
    message: "Unable to describe task definition.",
  });
  const unknown = aws.clusterArn.replace("cluster/flows", "task/flows/0");
  expect(await ecs.send(new DescribeTasksCommand({ cluster: "flows", tasks: [unknown] }))).toMatchObject({
    tasks: [],
    failures: [{ arn: unknown, reason: "MISSING" }],
  });
});

test("a network is checked as EC2 would", async () => {
  const { aws, ecs } = await clients({ simulated: true }, ["AdministratorAccess"]);
  await ecs.send(new RegisterTaskDefinitionCommand(family(aws, "true")));
  const run = (awsvpcConfiguration: { subnets: string[]; securityGroups?: string[] }) =>
    ecs.send(
      new RunTaskCommand({
        cluster: "flows",
        taskDefinition: "etl",
        launchType: "FARGATE",
        networkConfiguration: { awsvpcConfiguration },
      }),
    );
  const refused = (message: string) => ({ name: "InvalidParameterException", message });
  await expect(run({ subnets: ["subnet-1"], securityGroups: ["sg-nope"] })).rejects.toMatchObject(
    refused(
      "Error retrieving security group information for [sg-nope]: The security group 'sg-nope' does not exist (ErrorCode: InvalidGroup.NotFound)",
    ),
  );
  await expect(run({ subnets: ["subnet-nope"] })).rejects.toMatchObject(
    refused(
      "Error retrieving subnet information for [subnet-nope]: The subnet ID 'subnet-nope' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
    ),
  );
  await expect(run({ subnets: ["subnet-1"], securityGroups: Array(6).fill("sg-1") })).rejects.toMatchObject(
    refused("securityGroups can have at most 5 items."),
  );
  const made = aws.world.surroundings.make("sg", { VpcId: "vpc-1" });
  expect((await run({ subnets: ["subnet-1"], securityGroups: ["sg-1", made] })).tasks).toHaveLength(1);
});

test("ListTasks accepts startedBy alone, or other filters", async () => {
  const { aws, ecs } = await clients({ simulated: true }, ["AdministratorAccess"]);
  await ecs.send(new RegisterTaskDefinitionCommand(family(aws, "true")));
  await ecs.send(
    new RunTaskCommand({
      cluster: "flows",
      taskDefinition: "etl",
      launchType: "FARGATE",
      startedBy: "me",
      networkConfiguration: { awsvpcConfiguration },
    }),
  );
  const listed = async (filter: object) => (await ecs.send(new ListTasksCommand({ cluster: "flows", ...filter }))).taskArns?.length;
  for (const other of [{ family: "etl" }, { launchType: "FARGATE" }, { serviceName: "s" }, { containerInstance: "i" }])
    await expect(listed({ startedBy: "me", ...other })).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: "cannot specify startedBy with other arguments",
    });
  expect(await listed({ startedBy: "me" })).toBe(1);
  expect(await listed({ startedBy: "me", desiredStatus: "STOPPED" })).toBe(0);
  expect([await listed({ family: "etl" }), await listed({ family: "other" }), await listed({ launchType: "EC2" })]).toEqual([1, 0, 0]);
});

test("names of groups and streams have up to 512 of the allowed characters", async () => {
  const { aws, logs } = await clients({}, ["AdministratorAccess"]);
  const create = (logGroupName: string) => logs.send(new CreateLogGroupCommand({ logGroupName }));
  await create("g".repeat(512));
  for (const [name, constraint] of [
    ["g".repeat(513), "length less than or equal to 512"],
    ["a b", "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"],
  ] as const)
    await expect(create(name)).rejects.toMatchObject({ name: "InvalidParameterException", message: expect.stringContaining(constraint) });
  expect([...aws.world.log.groups.keys()]).toEqual(["g".repeat(512)]);
});

test("an empty role counts as absent", async () => {
  const { aws, ecs } = await clients({ simulated: true }, ["AmazonECS_FullAccess"]);
  const definition = { ...family(aws, "true"), taskRoleArn: "" };
  await ecs.send(new RegisterTaskDefinitionCommand(definition));
  const { tasks = [] } = await ecs.send(
    new RunTaskCommand({
      cluster: "flows",
      taskDefinition: "etl",
      launchType: "FARGATE",
      overrides: { taskRoleArn: "" },
      networkConfiguration: { awsvpcConfiguration },
    }),
  );
  const seen = async () =>
    (await ecs.send(new DescribeTasksCommand({ cluster: "flows", tasks: [tasks[0]?.taskArn as string] }))).tasks?.[0];
  await expect.poll(async () => (await seen())?.lastStatus).toBe("RUNNING");
});

test("one token gives one task; with another request, a conflict that names it", async () => {
  const { aws, ecs } = await clients({ simulated: true }, ["AdministratorAccess"]);
  await ecs.send(new RegisterTaskDefinitionCommand(family(aws, "true")));
  const request = {
    cluster: "flows",
    taskDefinition: "etl",
    launchType: "FARGATE" as const,
    clientToken: "t",
    networkConfiguration: { awsvpcConfiguration },
  };
  const [one, two] = [await ecs.send(new RunTaskCommand(request)), await ecs.send(new RunTaskCommand(request))];
  expect(two.tasks?.[0]?.taskArn).toBe(one.tasks?.[0]?.taskArn);
  await expect(ecs.send(new RunTaskCommand({ ...request, startedBy: "me" }))).rejects.toMatchObject({
    name: "ConflictException",
    resourceIds: [one.tasks?.[0]?.taskArn],
  });
});

const RUN = { Effect: "Allow" as const, Action: ["ecs:RegisterTaskDefinition", "ecs:RunTask", "ecs:TagResource"], Resource: "*" };
const pass = (Resource: string, service = "ecs-tasks.amazonaws.com") => ({
  Effect: "Allow" as const,
  Action: "iam:PassRole",
  Resource,
  Condition: { StringEquals: { "iam:PassedToService": service } },
});
const DENY = { Effect: "Deny" as const, Action: "iam:PassRole", Resource: "*" };

// Passing a role is checked for a definition when it is registered, and for overrides when it is run.
test.each<[string, Parameters<FakeAws["accessKey"]>[1], { registers: boolean; overrides: boolean }]>([
  ["the managed policy", ["AmazonECS_FullAccess"], { registers: true, overrides: true }],
  ["any role", [{ Statement: [RUN, pass("*")] }], { registers: true, overrides: true }],
  ["the execution role alone", [{ Statement: [RUN, pass("arn:aws:iam::*:role/ecs-execution")] }], { registers: true, overrides: false }],
  ["the task role alone", [{ Statement: [RUN, pass("arn:aws:iam::*:role/task")] }], { registers: false, overrides: true }],
  ["none", [{ Statement: [RUN] }], { registers: false, overrides: false }],
  ["to another service", [{ Statement: [RUN, pass("*", "ec2.amazonaws.com")] }], { registers: false, overrides: false }],
  ["a deny beside it", ["AmazonECS_FullAccess", { Statement: DENY }], { registers: false, overrides: false }],
])("PassRole, %s", async (_, policies, { registers, overrides }) => {
  const { aws, ecs, config } = await clients({ simulated: true }, policies);
  const taskRoleArn = aws.world.iam.addRole("task").arn;
  const root = new ECSClient({ ...config, credentials: aws.accessKey("owner", ["AdministratorAccess"]) });
  await root.send(new RegisterTaskDefinitionCommand(family(aws, "true")));
  const tried = async (work: Promise<unknown>) =>
    work.then(
      () => true,
      ({ name, message }: Error) => {
        expect([name, message]).toEqual([
          "AccessDeniedException",
          expect.stringMatching(
            policies?.some((policy) => typeof policy === "object" && policy.Statement === DENY)
              ? /not authorized to perform: iam:PassRole on resource: arn:\S+ with an explicit deny in an identity-based policy$/
              : /not authorized to perform: iam:PassRole on resource: arn:\S+ because no identity-based policy allows the iam:PassRole action$/,
          ),
        ]);
        return false;
      },
    );
  const run = {
    cluster: aws.clusterArn,
    taskDefinition: "etl",
    launchType: "FARGATE" as const,
    networkConfiguration: { awsvpcConfiguration },
  };
  expect(await tried(ecs.send(new RegisterTaskDefinitionCommand(family(aws, "true"))))).toBe(registers);
  expect(await tried(ecs.send(new RunTaskCommand({ ...run, overrides: { taskRoleArn } })))).toBe(overrides);
  // A definition's roles were passed when it was registered.
  expect((await ecs.send(new RunTaskCommand(run))).tasks).toHaveLength(1);
});

test("a role that ECS may not assume is invalid, whoever passes it", async () => {
  const { aws, ecs } = await clients();
  const executionRoleArn = aws.world.iam.addRole("of-lambda", ["lambda.amazonaws.com"]).arn;
  await expect(ecs.send(new RegisterTaskDefinitionCommand({ ...family(aws, "true"), executionRoleArn }))).rejects.toMatchObject({
    name: "ClientException",
    message: "Role is not valid",
  });
});

test("a launch must fit the definition and the cluster's capacity", async () => {
  const { aws, ecs } = await clients({ simulated: true });
  const onFargate = family(aws, "true");
  const { networkMode: _, requiresCompatibilities: __, cpu: ___, ...onMachines } = onFargate;
  const both = [await ecs.send(new RegisterTaskDefinitionCommand(onFargate))];
  both.push(await ecs.send(new RegisterTaskDefinitionCommand({ ...onMachines, family: "machines" })));
  expect(both.map(({ taskDefinition }) => taskDefinition?.compatibilities)).toEqual([
    ["EC2", "FARGATE"],
    ["EXTERNAL", "EC2"],
  ]);
  const run = (over: object) => ecs.send(new RunTaskCommand({ cluster: "flows", taskDefinition: "machines", ...over }));
  const networkConfiguration = { awsvpcConfiguration };
  const strategy = { capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT" }] };
  for (const [over, message] of [
    [
      { launchType: "FARGATE", ...strategy },
      "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    ],
    [{ launchType: "FARGATE" }, "Task definition does not support launch_type FARGATE."],
    [{ launchType: "EXTERNAL", taskDefinition: "etl" }, "Task definition does not support launch_type EXTERNAL."],
    [{ launchType: "EXTERNAL" }, "No Container Instances were found in your cluster."],
    [{ launchType: "EC2" }, "No Container Instances were found in your cluster."],
    [{}, "No Container Instances were found in your cluster."],
  ] as const)
    await expect(run(over)).rejects.toMatchObject({ name: "InvalidParameterException", message });
  expect((await run({ taskDefinition: "etl", networkConfiguration, ...strategy })).tasks).toHaveLength(1);
  aws.world.clusters.get("flows")?.instances.add("EC2");
  expect((await run({ launchType: "EC2" })).tasks).toMatchObject([{ launchType: "EC2" }]);
});

test("a value of the wrong type cannot be read, and an unknown operation is refused", async () => {
  const { aws, config } = await clients();
  const unchecked = new ECSClient(config);
  const sent = (input: object) => unchecked.send(new RunTaskCommand(input as ConstructorParameters<typeof RunTaskCommand>[0]));
  for (const [input, message] of [
    [{ cluster: "flows", taskDefinition: 7 }, "NUMBER_VALUE can not be converted to a String"],
    [{ cluster: "flows", taskDefinition: "etl", count: "many" }, "STRING_VALUE can not be converted to an Integer"],
    [{ cluster: "flows", taskDefinition: "etl", tags: { a: "b" } }, "Start of structure or map found where not expected."],
  ] as const)
    await expect(sent(input)).rejects.toMatchObject({ name: "SerializationException", message });
  expect(aws.calls.map(({ status }) => status)).toEqual([400, 400, 400]);
});

test("calls of the Query protocol are counted, delayed and broken like all others", async () => {
  const { aws, sts } = await clients();
  aws.plant({ on: "sts:GetCallerIdentity", fault: { kind: "unavailable" } });
  await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
  const { $metadata } = await sts.send(new GetCallerIdentityCommand({}));
  expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(aws.calls.map(({ action, status }) => [action, status])).toEqual([
    ["sts:GetCallerIdentity", 503],
    ["sts:GetCallerIdentity", 200],
  ]);
});
