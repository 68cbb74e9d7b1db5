import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { Secret } from "../../../src/secret";
import { createEcsTarget } from "../../../src/targets/ecs";
import { parseId } from "../../../src/targets/ecs/ecsNames";
import type { PoolAccess, Prepared, Target } from "../../../src/targets/target";
import { type FakeAws, type FakeAwsOptions, startFakeAws } from "../../../src/testing";
import { until } from "../../until";
import { recordedNotes } from "../cloud/memoryNotes";
import { withoutRetryNotices } from "../cloud/place";
import { jobOf, never, openerOf, poolOf, QUICK, runOf } from "./place";

async function place({
  options = {},
  policies,
  pool = {},
}: {
  options?: FakeAwsOptions;
  policies?: Parameters<FakeAws["accessKey"]>[1];
  pool?: Partial<PoolAccess>;
} = {}) {
  const aws = await startFakeAws({ simulated: true, ...options });
  onTestFinished(() => aws.stop());
  const key = aws.accessKey("submitter", policies);
  return { aws, key, ...openerOf(poolOf(aws, key, pool)) };
}

const submit = async (target: Target, aws: FakeAws, over: Parameters<typeof jobOf>[2] = {}, run = runOf(randomUUID())) =>
  target.submit(await target.prepare(target.plan(jobOf(aws, "true", over), run), never), never);
const count = (aws: FakeAws, action: string) => aws.calls.filter((call) => call.action === action).length;
const withImage = (aws: FakeAws, image: string) => ({
  task_definition: { containerDefinitions: [{ image }], executionRoleArn: aws.executionRoleArn },
});

test("a hundred runs with one configuration register one revision, another image one more; a new ledger none", async () => {
  const { aws, open, key } = await place();
  const [one, two] = [await open(), await open()];
  await Promise.all(Array.from({ length: 100 }, (_, index) => submit(index % 2 ? one : two, aws, { env: { N: String(index) } })));
  expect([aws.world.tasks.size, count(aws, "ecs:RegisterTaskDefinition")]).toEqual([100, 1]);
  await submit(one, aws, withImage(aws, "acme/etl:2"));
  expect(count(aws, "ecs:RegisterTaskDefinition")).toBe(2);
  const elsewhere = openerOf(poolOf(aws, key));
  await submit(await elsewhere.open(), aws, withImage(aws, "acme/etl:2"));
  expect(count(aws, "ecs:RegisterTaskDefinition")).toBe(2);
});

test.each([
  { kind: "reset", after: true },
  { kind: "unavailableAfter" },
  { kind: "reset", after: false },
  { kind: "internal" },
  { kind: "throttle" },
] as const)("RunTask that ends with %o starts one task", async (fault) => {
  const { aws, open } = await place();
  aws.plant({ on: "ecs:RunTask", fault, times: 2 });
  const id = await submit(await open(), aws);
  expect([...aws.world.tasks.keys()]).toEqual([parseId(id).task]);
  expect(count(aws, "ecs:RunTask")).toBe(3);
});

const refuse = (type: string, message: string) => ({ kind: "refuse", type, message }) as const;

test("the claim on a definition is renewed before each try, so that no other process registers it too", async () => {
  const { aws, key } = await place();
  const { notes, written } = recordedNotes("ecs/definition/");
  const target = await createEcsTarget({ env: QUICK, notes, digestKey: () => Buffer.alloc(0), pool: async () => poolOf(aws, key) });
  aws.plant({ on: "ecs:RegisterTaskDefinition", fault: { kind: "throttle" }, times: 2 });
  await submit(target, aws);
  // The claim, one look for it, three tries, and the definition.
  expect(written).toHaveLength(6);
});

test("EC2's throttling, which ECS passes on as an invalid parameter, is retried", async () => {
  const { aws, open } = await place();
  const text = "Error retrieving subnet information for [subnet-1]: Rate exceeded (ErrorCode: Throttling)";
  aws.plant({ on: "ecs:RunTask", fault: refuse("InvalidParameterException", text), times: 3 });
  await submit(await open(), aws);
  expect([aws.world.tasks.size, count(aws, "ecs:RunTask")]).toEqual([1, 4]);
});

test("two that put one parameter at a time: TooManyUpdates is retried", async () => {
  const { aws, open } = await place();
  aws.plant({ on: "ssm:PutParameter", fault: refuse("TooManyUpdates", "There are concurrent updates for a resource."), times: 2 });
  await submit(await open(), aws, { env: { TOKEN: new Secret([{ pointer: "/x" }], "hush") } });
  expect([aws.world.tasks.size, count(aws, "ssm:PutParameter")]).toEqual([1, 3]);
});

test("no more vCPUs: no room, nothing was started, and no retry", async () => {
  const { aws, open } = await place();
  const reason = "You’ve reached the limit on the number of vCPUs you can run concurrently";
  aws.plant({ on: "ecs:RunTask", fault: { kind: "failure", reason } });
  await expect(submit(await open(), aws)).rejects.toMatchObject({
    exitCode: 5,
    message: `submitting the run: there is no room for it in work pool "etl" at the moment, and nothing was started: ${reason}`,
  });
  expect(count(aws, "ecs:RunTask")).toBe(1);
});

test("a signature whose time AWS refuses: signed again once, then reported as a wrong clock", async () => {
  const { aws, open, told } = await place();
  const late = "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)";
  aws.plant({ on: "ecs:RegisterTaskDefinition", fault: refuse("InvalidSignatureException", late) });
  await submit(await open(), aws);
  expect(told).toEqual([expect.stringMatching(/^this machine's clock is 10 min 0 s behind AWS': signing with AWS' time/)]);
  aws.plant({ on: "ecs:RunTask", fault: refuse("InvalidSignatureException", late), times: 2 });
  await expect(submit(await open(), aws)).rejects.toThrow(/this machine's clock is 10 min 0 s behind AWS', .* set the clock/);
});

test("another ledger's run among several containers: its own end is reported, never a sidecar's, and its own log is read", async () => {
  const { aws, key, open } = await place();
  const id = await submit(await open(), aws, {
    container_name: "etl",
    task_definition: {
      containerDefinitions: [
        { name: "migrate", image: "acme/migrate:1", essential: false },
        { name: "etl", image: "acme/etl:1" },
      ],
      executionRoleArn: aws.executionRoleArn,
    },
  });
  const { task } = parseId(id);
  const elsewhere = await openerOf(poolOf(aws, key)).open();
  await until(async () => (await elsewhere.observe([id])).get(id)?.phase === "running");
  const stream = `prefect-logs_etl/etl/${task.slice(-32)}`;
  aws.world.log.write("prefect", stream, "of the run");
  expect((await elsewhere.logs(id)).lines.map(({ text }) => text)).toEqual(["of the run"]);
  const { running } = aws.world.task(task);
  running.get("migrate")?.finish({ kind: "exited", code: 0 });
  running.get("etl")?.finish({ kind: "exited", code: 3 });
  await until(async () => (await elsewhere.observe([id])).get(id)?.phase === "ended");
  expect((await elsewhere.observe([id])).get(id)).toMatchObject({ outcome: { kind: "exited", code: 3 } });
});

test("outlasts failures of every call", async () => {
  const { aws, open } = await place();
  aws.plant({ on: /^ecs:/, fault: { kind: "throttle" }, times: 2 });
  aws.plant({ on: /^ecs:/, fault: { kind: "unavailable" }, times: 2 });
  const target = await open();
  const id = await submit(target, aws);
  await until(async () => (await target.observe([id])).get(id)?.phase === "running");
  expect(aws.world.tasks.size).toBe(1);
});

test("the token was used for another request: the message says so", async () => {
  const { aws, open, key } = await place();
  const run = runOf(randomUUID());
  const id = await submit(await open(), aws, {}, run);
  const elsewhere = openerOf(poolOf(aws, key));
  expect(await submit(await elsewhere.open(), aws, withImage(aws, "acme/etl:2"), run)).toBe(id);
  expect(aws.world.tasks.size).toBe(1);
});

test("an attempt is found from another ledger, and one whose reply never came in its own ledger", async () => {
  const { aws, open, key } = await place();
  const run = runOf(randomUUID());
  const id = await submit(await open(), aws, {}, run);
  const elsewhere = openerOf(poolOf(aws, key));
  expect(await (await elsewhere.open()).find(run.id, 1)).toBe(id);
  expect(await (await elsewhere.open()).find(run.id, 2)).toBeUndefined();
});

test("a task that ECS lists late is found before its run counts as never started", async () => {
  const lag = 6_500;
  const { aws, key } = await place({ options: { describeLag: lag } });
  const { open } = openerOf(poolOf(aws, key), { ...QUICK, PUSHPOOL_ECS_SETTLE_SECONDS: "30" });
  const run = runOf(randomUUID());
  const gone = new AbortController();
  aws.plant({ on: "ecs:RunTask", fault: { kind: "reset", after: true } });
  const target = await open();
  const prepared = await target.prepare(target.plan(jobOf(aws, "true"), run), never);
  const sending = target.submit(prepared, gone.signal);
  await until(() => aws.world.tasks.size === 1);
  gone.abort();
  await expect(sending).rejects.toThrow();
  const other = await open();
  // Who sends it again need not know: ECS recognizes the repeated request.
  const [sentAgain, found] = await Promise.all([other.find(run.id, 1, undefined, undefined, true), other.find(run.id, 1)]);
  expect(sentAgain).toBeUndefined();
  expect([parseId(found ?? "").task]).toEqual([...aws.world.tasks.keys()]);
});

test("RunTask that starts nothing is a refusal, with ECS' reason", async () => {
  const { aws, open } = await place();
  aws.plant({
    on: "ecs:RunTask",
    fault: { kind: "failure", reason: "Capacity is unavailable at this time. Please try again later or in a different availability zone" },
  });
  await expect(submit(await open(), aws)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/no room for it.*nothing was started: Capacity is unavailable/),
  });
  expect(aws.world.tasks.size).toBe(0);
});

test("a deregistered definition is registered again", async () => {
  const { aws, open } = await place();
  const target = await open();
  await submit(target, aws);
  for (const revisions of aws.world.families.values()) for (const { definition } of revisions) definition.status = "INACTIVE";
  await submit(target, aws);
  expect([aws.world.tasks.size, count(aws, "ecs:RegisterTaskDefinition")]).toEqual([2, 2]);
});

test("a command that is too long for overrides gets its own definition, which is removed with the run", async () => {
  const { aws, open } = await place();
  const target = await open();
  const submission = target.plan(jobOf(aws, "true", { env: { BIG: "x".repeat(9000), SMALL: "y" } }), runOf(randomUUID()));
  expect(submission.warnings).toEqual([
    expect.stringMatching(/^the command and environment of this run have \d+ characters, and ECS accepts 8192 with a run/),
  ]);
  const id = await target.submit(await target.prepare(submission, never), never);
  const { record, definition } = aws.world.task(parseId(id).task);
  expect(JSON.stringify(record.overrides).length).toBeLessThan(100);
  expect(JSON.stringify(definition.definition)).toContain("x".repeat(9000));
  await until(async () => (await target.observe([id])).get(id)?.phase === "running");
  aws.world.finish(record.taskArn, { kind: "exited", code: 0 });
  await until(async () => (await target.observe([id])).get(id)?.phase === "ended");
  await target.cleanup(id);
  await target.cleanup(id);
  expect(definition.definition.status).toBe("INACTIVE");
});

test("exactly 8192 characters fit into overrides", async () => {
  const { aws, open } = await place();
  const target = await open();
  const sizeOf = (length: number) => {
    const { request } = target.plan(jobOf(aws, "true", { env: { BIG: "x".repeat(length) } }), runOf(randomUUID()));
    return JSON.stringify((request as { runTask: { overrides?: object } }).runTask.overrides ?? {}).length;
  };
  const around = 8192 - sizeOf(0);
  expect([sizeOf(around), sizeOf(around + 1) < 1000]).toEqual([8192, true]);
  expect(
    (await target.prepare(target.plan(jobOf(aws, "true", { env: { BIG: "x".repeat(around) } }), runOf(randomUUID())), never)) as Prepared,
  ).toBeDefined();
});

test("values that all runs of a deployment share are in the definition, not in the overrides", async () => {
  const { aws, open } = await place();
  const target = await open();
  const bootstrap = { PUSHPOOL_BOOTSTRAP: "b".repeat(5800), PUSHPOOL_ENTRYPOINT: "flows/a.py:main", PUSHPOOL_PULL_STEPS: "[]" };
  await submit(target, aws, { env: { ...bootstrap, PUSHPOOL_FLOW_RUN_ID: "1" } });
  await submit(target, aws, { env: { ...bootstrap, PUSHPOOL_FLOW_RUN_ID: "2" } });
  expect(count(aws, "ecs:RegisterTaskDefinition")).toBe(1);
  for (const { record } of aws.world.tasks.values()) expect(JSON.stringify(record.overrides)).not.toContain("bbbb");
});

test("250 runs are observed with three calls; ended ones also after ECS has forgotten them", async () => {
  const { aws, open } = await place();
  const target = await open();
  const ids = await Promise.all(Array.from({ length: 250 }, () => submit(target, aws)));
  await until(async () => [...(await target.observe(ids)).values()].every(({ phase }) => phase === "running"));
  const before = count(aws, "ecs:DescribeTasks");
  await target.observe(ids);
  expect(count(aws, "ecs:DescribeTasks") - before).toBe(3);
  const [first = ""] = ids;
  aws.world.finish(parseId(first).task, { kind: "exited", code: 0 });
  await until(async () => (await target.observe([first])).get(first)?.phase === "ended");
  const end = (await target.observe([first])).get(first);
  aws.world.forget(parseId(first).task);
  expect((await (await open()).observe([first])).get(first)).toEqual(end);
});

test("a task that ECS does not show yet is pending", async () => {
  const { aws, open } = await place({ options: { describeLag: 300 } });
  const target = await open();
  const id = await submit(target, aws);
  expect((await target.observe([id])).get(id)).toMatchObject({ phase: "pending", message: "ECS does not show the task yet" });
  await until(async () => (await target.observe([id])).get(id)?.phase === "running");
});

test("a secret goes to Parameter Store and into no override; a given definition refuses it", async () => {
  const { aws, open } = await place();
  const target = await open();
  const env = { TOKEN: new Secret([{ pointer: "/t" }], "hunter2-canary") };
  await submit(target, aws, { env });
  expect(JSON.stringify(aws.calls.filter(({ action }) => action.startsWith("ecs:")))).not.toContain("hunter2-canary");
  expect([...aws.world.parameters.values()]).toMatchObject([{ value: "hunter2-canary", version: 1 }]);
  expect(() =>
    target.plan(jobOf(aws, "true", { env, task_run_request: { cluster: aws.clusterArn, taskDefinition: "given:1" } }), runOf(randomUUID())),
  ).toThrow(/job_configuration\.env\.TOKEN contains a secret/);
});

test.each<[string, Parameters<typeof jobOf>[2], RegExp]>([
  [
    "an unknown cluster",
    { cluster: "nope", task_run_request: { cluster: "nope", launchType: "FARGATE" } },
    /not found in region eu-west-1: ClusterNotFoundException: Cluster not found/,
  ],
  ["subnets of two VPCs", { network_configuration: { subnets: ["subnet-1", "subnet-9"] } }, /must belong to the same VPC/],
  ["a subnet that does not exist", { network_configuration: { subnets: ["subnet-7"] } }, /'subnet-7' does not exist/],
  [
    "a role that ECS may not assume",
    { execution_role_arn: "arn:aws:iam::111111111111:role/none", task_definition: { containerDefinitions: [{ image: "a" }] } },
    /Role is not valid/,
  ],
  ["a definition that does not exist", { task_run_request: { taskDefinition: "none:3" } }, /there is no task definition none:3/],
])(
  "%s is refused with exit code 5",
  async (_, over, message) => {
    const { aws, open } = await place();
    await expect(submit(await open(), aws, over)).rejects.toMatchObject({ exitCode: 5, message: expect.stringMatching(message) });
    expect(aws.world.tasks.size).toBe(0);
  },
  60_000,
);

test("a given definition is used unchanged; an inactive one is refused", async () => {
  const { aws, open } = await place();
  const target = await open();
  await submit(target, aws);
  const [[record] = []] = [...aws.world.families.values()];
  const arn = record?.definition.taskDefinitionArn as string;
  const over = { task_run_request: { taskDefinition: arn, cluster: aws.clusterArn, launchType: "FARGATE" } };
  const id = await submit(target, aws, over);
  expect(aws.world.task(parseId(id).task).record).toMatchObject({
    taskDefinitionArn: arn,
    overrides: { containerOverrides: [{ name: "prefect" }] },
  });
  expect(count(aws, "ecs:RegisterTaskDefinition")).toBe(1);
  if (record) record.definition.status = "INACTIVE";
  await expect(submit(target, aws, over)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/is inactive: name an active revision/),
  });
});

test("a deleted key, a wrong region and a missing permission are each reported as such", async () => {
  const { aws, key } = await place();
  const deleted = poolOf(aws, key);
  aws.world.iam.keys.delete(key.accessKeyId);
  await expect(submit(await openerOf(deleted).open(), aws)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(
      new RegExp(`AWS does not accept access key ${key.accessKeyId}; it may be deleted, inactive or expired: UnrecognizedClientException`),
    ),
  });
  const other = poolOf(aws, aws.accessKey("two"));
  const { credentials } = other;
  const wrong = { ...other, credentials: { block: "b", ...credentials, data: { ...credentials?.data, region_name: "us-east-1" } } };
  await expect(submit(await openerOf(wrong).open(), aws)).rejects.toThrow(
    /it is in eu-west-1, but the work pool's credentials are for us-east-1/,
  );
  const nothing = poolOf(aws, aws.accessKey("three", []));
  await expect(submit(await openerOf(nothing).open(), aws)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/access denied for access key .*ecs:DescribeTaskDefinition/),
  });
});

test("a region that does not match the endpoint is reported at once, although the credentials are new", async () => {
  const { aws, key } = await place();
  const pool = poolOf(aws, key);
  const data = { ...pool.credentials?.data, region_name: "eu-west-2" };
  const { open, told } = openerOf({ ...pool, credentials: { block: "b", data, createdAt: new Date().toISOString() } });
  await expect((await open()).find(randomUUID(), 1)).rejects.toMatchObject({
    exitCode: 5,
    message:
      "looking for the run: the endpoint belongs to another region than eu-west-2: " +
      'set "region_name" in the credentials block of work pool "etl" (without a block: AWS_REGION) to the region of its cluster and endpoints: ' +
      "InvalidSignatureException: Credential should be scoped to a valid region.",
  });
  expect([aws.calls.length, told]).toEqual([1, []]);
});

test("waits for a key and a policy that are not yet effective, with one message", async () => {
  const { aws, key } = await place({ options: { keyDelay: 600_000, policyDelay: 600_000 } });
  const { keys } = aws.world.iam;
  const pool = poolOf(aws, key);
  const young = openerOf({
    ...pool,
    credentials: { block: "b", ...pool.credentials, data: pool.credentials?.data ?? {}, createdAt: new Date().toISOString() },
  });
  const submitted = submit(await young.open(), aws);
  const refusals = () => aws.calls.filter(({ status }) => status === 400).length;
  await until(async () => refusals() > 0);
  const known = keys.get(key.accessKeyId);
  if (known) known.since -= 600_000;
  const before = refusals();
  await until(async () => refusals() > before);
  for (const policy of known?.principal.policies.values() ?? []) policy.since -= 600_000;
  await submitted;
  expect(withoutRetryNotices(young.told)).toEqual([
    expect.stringMatching(/the credentials of work pool "etl" are new, and not effective everywhere in AWS yet/),
  ]);
});

test("these permissions are enough; without PassRole it is refused", async () => {
  const least = (roles: string[]) => (aws: { account: string }) =>
    ({
      Statement: [
        {
          Effect: "Allow",
          Action: "ecs:RunTask",
          Resource: `arn:aws:ecs:eu-west-1:${aws.account}:task-definition/prefect_*:*`,
          Condition: { ArnEquals: { "ecs:cluster": `arn:aws:ecs:eu-west-1:${aws.account}:cluster/flows` } },
        },
        { Effect: "Allow", Action: ["ecs:StopTask", "ecs:DescribeTasks"], Resource: `arn:aws:ecs:eu-west-1:${aws.account}:task/flows/*` },
        { Effect: "Allow", Action: ["ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTasks"], Resource: "*" },
        {
          Effect: "Allow",
          Action: "ecs:TagResource",
          Resource: "*",
          Condition: { StringEquals: { "ecs:CreateAction": ["RunTask", "RegisterTaskDefinition"] } },
        },
        {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: roles,
          Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
        },
      ],
    }) as const;
  const account = "111111111111";
  const role = `arn:aws:iam::${account}:role/ecs-execution`;
  const { aws, open } = await place({ policies: [least([role])({ account })] });
  await submit(await open(), aws);
  const other = openerOf(poolOf(aws, aws.accessKey("other", [least([`${role}-2`])({ account })])));
  await expect(submit(await other.open(), aws, withImage(aws, "acme/etl:9"))).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/not authorized to perform: iam:PassRole on resource: .*ecs-execution/),
  });
});

test.each(["us-gov-west-1", "cn-north-1"])("partition of %s", async (region) => {
  const { aws, open } = await place({ options: { region } });
  const target = await open();
  const id = await submit(target, aws);
  expect(id).toMatch(region.startsWith("cn") ? /^arn:aws-cn:ecs:cn-north-1:/ : /^arn:aws-us-gov:ecs:/);
  await until(async () => (await target.observe([id])).get(id)?.phase === "running");
});

test("a task that does not start in time is stopped", async () => {
  const { aws, open } = await place({ options: { step: 3_000 } });
  const target = await open();
  const id = await submit(target, aws, { task_start_timeout_seconds: 1 });
  await until(async () => {
    const ended = (await target.observe([id])).get(id)?.phase === "ended";
    await target.enforceLimits?.([id]);
    return ended;
  });
  expect((await target.observe([id])).get(id)).toMatchObject({ outcome: { kind: "timedOut", phase: "pending" } });
});

test("looking at a task past its time limit does not stop it; watching it does", async () => {
  const { aws, open } = await place();
  const target = await open();
  const id = await submit(target, aws, {}, runOf(randomUUID(), { timeoutSeconds: 1 }));
  const look = async () => (await target.observe([id])).get(id);
  await until(async () => {
    const seen = await look();
    return seen?.phase === "running" && Date.now() > Date.parse(seen.startedAt) + 1_500;
  });
  expect(await look()).toMatchObject({ phase: "running" });
  expect(count(aws, "ecs:StopTask")).toBe(0);
  await target.enforceLimits?.([id]);
  expect(count(aws, "ecs:StopTask")).toBe(1);
  await until(async () => (await look())?.phase === "ended");
  expect(await look()).toMatchObject({ outcome: { kind: "timedOut", phase: "running" } });
});

test("settings that are not numbers are refused", async () => {
  const { aws, key } = await place();
  await expect(openerOf(poolOf(aws, key), { ...QUICK, PUSHPOOL_ECS_SETTLE_SECONDS: "soon" }).open()).rejects.toThrow(
    'PUSHPOOL_ECS_SETTLE_SECONDS: must be a number of seconds, not "soon"',
  );
});

test("a variable with an empty value is set", async () => {
  const { aws, open } = await place();
  const environment = [
    { name: "EMPTY", value: "" },
    { name: "FULL", value: "1" },
  ];
  await submit(await open(), aws, {
    task_definition: { containerDefinitions: [{ image: "acme/etl:1", environment }], executionRoleArn: aws.executionRoleArn },
  });
  const registered = aws.calls.find(({ action }) => action === "ecs:RegisterTaskDefinition")?.body;
  expect((registered?.containerDefinitions as JsonObject[] | undefined)?.[0]?.environment).toEqual(environment);
});

test("the log of a task that ECS has forgotten and this ledger does not have: where to look", async () => {
  const { aws, key, open } = await place();
  const id = await submit(await open(), aws);
  aws.world.forget(parseId(id).task);
  const elsewhere = await openerOf(poolOf(aws, key)).open();
  await until(async () => (await elsewhere.observe([id])).get(id)?.phase === "ended");
  await expect(elsewhere.logs(id)).rejects.toThrow(/has forgotten task .*the stream that ends in/);
});
