import { join } from "node:path";
import { DeregisterTaskDefinitionCommand, ECSClient } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type FakeAws, startFakeAws } from "../../src/testing";
import { openTrigger, type RunEvent } from "../../src/trigger";
import { until } from "../until";
import { ecsManifest, ecsPlace } from "./clouds/aws";
import { listen } from "./pushpool";

// The built command line with a handwritten manifest and a fake AWS.

let aws: FakeAws;
let key: { accessKeyId: string; secretAccessKey: string };
beforeAll(async () => {
  aws = await startFakeAws({ grace: 1_000 });
  key = aws.accessKey("submitter");
});
afterAll(() => aws.stop());

const here = (commands: Record<string, string>, over: Parameters<typeof ecsManifest>[3] = {}) =>
  ecsPlace(ecsManifest(aws, key, commands, over));

test("a run past its time limit: ls only shows it; whoever waits for it stops it", async () => {
  const place = here({ "hello/long": "sleep 600" }, { pool: { timeoutSeconds: 1 } });
  const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
  const task = [...aws.world.tasks.values()].slice(-1)[0]?.record;
  await until(() => task?.startedAt !== undefined && Date.now() > task.startedAt + 2_000);
  const { runs } = JSON.parse((await place.run("ls", "--json")).stdout) as { runs: { state: { type: string } }[] };
  expect([runs[0]?.state.type, task?.desiredStatus]).toEqual(["RUNNING", "RUNNING"]);
  expect(await place.run("wait", id)).toMatchObject({ status: 1, stderr: expect.stringMatching(/FAILED.*time limit/) });
  expect(task?.desiredStatus).toBe("STOPPED");
});

test("a message after a few seconds of waiting for AWS: by run, with --json, by wait, in serve's log, as a trigger's event", async () => {
  const busy = await startFakeAws({ simulated: true });
  onTestFinished(() => busy.stop());
  const place = ecsPlace(ecsManifest(busy, busy.accessKey("submitter"), { "hello/slow": "true" }));
  const running = (await place.run("run", "hello/slow", "--detach")).stdout.trim();
  busy.plant({ on: /^ecs:/, fault: { kind: "throttle" }, times: 1_000_000 });
  const said = /ecs:\w+: trying again, \d+ tr(y|ies) in [\d.]+ s so far.*: ThrottlingException: Rate exceeded/;
  const start = (...args: string[]) => {
    const child = place.start(...args);
    onTestFinished(() => void child.kill("SIGKILL"));
    return { child, ...listen(child) };
  };
  const events: RunEvent[] = [];
  const trigger = openTrigger({ cwd: place.folder, env: place.env });
  onTestFinished(() => trigger.close());
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  trigger.run("hello/slow", { onEvent: (event) => events.push(event), signal: leave.signal }).catch(() => {});
  const [run, json, wait] = [start("run", "hello/slow"), start("run", "hello/slow", "--json"), start("wait", running)];
  await until(() => [run.stderr(), json.stdout(), wait.stderr()].every((text) => said.test(text)));
  expect(json.stdout()).toContain('{"event":"warning","message":"work pool');
  await until(() => events.some((event) => event.kind === "warning" && said.test(event.message)));
  // serve takes up what these leave.
  for (const { child } of [run, json, wait]) child.kill("SIGKILL");
  const serve = start("serve", "--port", "0");
  await until(() => said.test(serve.stdout()));
});

test("a clock that is too far off for AWS is reported, and the run continues with AWS' time", async () => {
  for (const [ahead, said] of [
    [1_200_000, /this machine's clock is (19|20) min \d+ s ahead of AWS'/],
    [-1_200_000, /this machine's clock is (19|20) min \d+ s behind AWS'/],
  ] as const) {
    const place = here({ "hello/prod": "echo hello" });
    const shifted = join(__dirname, "..", "prefect", "shiftedClock.cjs");
    Object.assign(place.env, { NODE_OPTIONS: `--require ${shifted}`, SHIFTED_CLOCK: String(ahead) });
    const { status, stderr } = await place.run("run", "hello/prod", "--detach");
    expect([status, stderr]).toEqual([0, expect.stringMatching(said)]);
  }
});

test.each<[string, JsonObject, number, RegExp]>([
  [
    "an invalid Fargate size",
    { cpu: 256, memory: 4096 },
    2,
    /task_definition\.memory: with 256 CPU units Fargate allows 512, 1024, 2048 MiB, not "4096"/,
  ],
  ["an image with spaces", { image: "a b" }, 2, /image: "a b" contains spaces/],
  ["only a VPC", { vpc_id: "vpc-1", network_configuration: {} }, 2, /vpc_id: pushpool does not look for the subnets of "vpc-1"/],
  ["no subnets", { network_configuration: {} }, 2, /network_configuration: a task with its own network needs subnets/],
  ["logs without a role", { execution_role_arn: null }, 2, /configure_cloudwatch_logs: needs an execution role/],
  [
    "a wrapped network",
    { network_configuration: { awsvpcConfiguration: { subnets: ["subnet-1"] }, subnets: ["subnet-1"] } },
    2,
    /network_configuration: give subnets, securityGroups and assignPublicIp without/,
  ],
  ["subnets of two VPCs", { network_configuration: { subnets: ["subnet-1", "subnet-9"] } }, 5, /must belong to the same VPC/],
  ["an unknown cluster", { cluster: "nope" }, 5, /ClusterNotFoundException: Cluster not found/],
  ["an unknown definition", { task_definition_arn: "nope:1" }, 5, /task_definition_arn: there is no task definition nope:1/],
  [
    "a cluster of another region",
    { cluster: "arn:aws:ecs:eu-north-1:123456789012:cluster/c" },
    2,
    /it is in eu-north-1, but the work pool's credentials/,
  ],
  [
    "overrides for a given definition that do not fit",
    { task_definition_arn: "big:1", env: { LONG: "x".repeat(9_000) } },
    2,
    /ECS accepts 8192/,
  ],
])("%s: one clear message and exit code", async (_, jobVariables, code, message) => {
  const place = here({ "hello/wrong": "true" }, { jobVariables });
  const { status, stdout, stderr } = await place.run("run", "hello/wrong");
  expect([status, stdout, stderr]).toEqual([code, "", expect.stringMatching(message)]);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test.each(["EC2", "EXTERNAL"] as const)(
  "on the user's own machines, %s: refused while the cluster has none, then it runs to its end",
  async (launch_type) => {
    const network: JsonObject = launch_type === "EXTERNAL" ? { network_configuration: {} } : {};
    const place = here({ "hello/own": "echo here" }, { jobVariables: { launch_type, ...network } });
    const instances = aws.world.clusters.get("flows")?.instances as Set<string>;
    const before = aws.world.tasks.size;
    const refused = await place.run("run", "hello/own");
    expect([refused.status, refused.stderr]).toEqual([
      5,
      expect.stringMatching(/set launch_type to FARGATE: .*No Container Instances were found/),
    ]);
    expect(aws.world.tasks.size).toBe(before);
    instances.add(launch_type);
    onTestFinished(() => void instances.delete(launch_type));
    expect(await place.run("run", "hello/own")).toMatchObject({ status: 0, stdout: "here\n" });
    expect([...aws.world.tasks.values()].at(-1)?.record.more.launchType).toBe(launch_type);
  },
);

test("an inactive definition: one clear message, exit code 5, and nothing runs", async () => {
  const place = here({ "hello/old": "true" });
  expect((await place.run("run", "hello/old")).status).toBe(0);
  const [revision] = [...aws.world.families.values()].at(-1) ?? [];
  const arn = String(revision?.definition.taskDefinitionArn);
  const client = new ECSClient({ endpoint: aws.url, region: aws.region, credentials: key });
  await client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: arn }));
  const before = aws.world.tasks.size;
  const given = here({ "hello/old": "true" }, { jobVariables: { task_definition_arn: arn } });
  const { status, stdout, stderr } = await given.run("run", "hello/old");
  expect([status, stdout, stderr]).toEqual([
    5,
    "",
    expect.stringContaining(`task_definition_arn: ${arn} is inactive: name an active revision`),
  ]);
  expect(aws.world.tasks.size).toBe(before);
});

test("a command that is too long for overrides runs anyway, with a message", async () => {
  const place = here({ "hello/long": `sh -c 'echo "\${#LONG}"'` }, { jobVariables: { env: { LONG: "x".repeat(9_000) } } });
  const { status, stdout, stderr } = await place.run("run", "hello/long");
  expect([status, stdout]).toEqual([0, "9000\n"]);
  expect(stderr).toMatch(/ECS accepts 8192 with a run: pushpool registers a task definition only for it/);
});

test("a wrong region: exit code 5, and what to check", async () => {
  const place = here({ "hello/far": "true" }, { block: { region_name: "eu-north-1" }, jobVariables: { cluster: "main" } });
  const { status, stdout, stderr } = await place.run("run", "hello/far");
  expect([status, stdout, stderr]).toEqual([
    5,
    "",
    expect.stringMatching(/the endpoint belongs to another region than eu-north-1: set "region_name"/),
  ]);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test("a deactivated key: exit code 5, and the message names it", async () => {
  const off = aws.accessKey("off");
  (aws.world.iam.keys.get(off.accessKeyId) as { active: boolean }).active = false;
  const { status, stderr } = await ecsPlace(ecsManifest(aws, off, { "hello/off": "true" })).run("run", "hello/off");
  expect([status, stderr]).toEqual([5, expect.stringContaining(`AWS does not accept access key ${off.accessKeyId}`)]);
});

test("a deleted key: exit code 5, and the message names it", async () => {
  const gone = aws.accessKey("gone");
  aws.world.iam.keys.delete(gone.accessKeyId);
  const place = ecsPlace(ecsManifest(aws, gone, { "hello/gone": "true" }));
  const { status, stderr } = await place.run("run", "hello/gone");
  expect([status, stderr]).toEqual([5, expect.stringContaining(`AWS does not accept access key ${gone.accessKeyId}`)]);
});
