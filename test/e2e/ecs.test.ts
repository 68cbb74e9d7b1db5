import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DeregisterTaskDefinitionCommand, ECSClient } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type FakeAws, startFakeAws } from "../../src/testing";
import { openTrigger, type RunEvent } from "../../src/trigger";
import { ecsManifest, ecsPlace, ecsTemplate } from "./clouds/aws";
import { type EndRow, expectEnd } from "./ends";
import { listen, until } from "./pushpool";

// The built command line on a manifest written by hand, against a fake AWS.

const CANARY = "canary-4711-not-to-be-seen";
let aws: FakeAws;
let key: { accessKeyId: string; secretAccessKey: string };
beforeAll(async () => {
  aws = await startFakeAws({ grace: 1_000 });
  key = aws.accessKey("submitter");
});
afterAll(() => aws.stop());

const here = (commands: Record<string, string>, over: Parameters<typeof ecsManifest>[3] = {}) =>
  ecsPlace(ecsManifest(aws, key, commands, over));
const actions = () => aws.calls.map(({ action }) => action);

test.each(["ecs", "ecs.from-code"] as const)(
  "a run by the template %s: phases, log lines, COMPLETED; the second submits with one call",
  async (template) => {
    const place = here(
      { "hello/prod": `sh -c 'echo "$PUSHPOOL_PARAMETERS"; echo oops >&2'` },
      { pool: { baseJobTemplate: ecsTemplate(template) } },
    );
    const first = await place.run("run", "hello/prod", "-p", "name=Ada");
    expect(first).toMatchObject({ status: 0, stdout: '{"name":"Ada"}\noops\n' });
    for (const said of ["SCHEDULED", "PENDING InfrastructurePending", "COMPLETED"]) expect(first.stderr).toContain(said);

    aws.calls.length = 0;
    const second = await place.run("run", "hello/prod", "--detach");
    expect([second.status, actions()]).toEqual([0, ["ecs:RunTask"]]);
    const waited = await place.run("wait", second.stdout.trim());
    expect(waited.status).toBe(0);
    expect((await place.run("logs", second.stdout.trim())).stdout).toBe("{}\noops\n");
  },
);

test("a failing command is FAILED with its code, and can be retried", async () => {
  const place = here({ "hello/bad": "sh -c 'exit 3'" });
  const { status, stderr } = await place.run("run", "hello/bad", "--flow-run-name", "mine");
  expect(status).toBe(1);
  expect(stderr).toContain("exited with code 3");
  expect((await place.run("retry", "mine")).status).toBe(1);
});

test("cancel waits until ECS says stopped; ls says the same", async () => {
  const place = here({ "hello/long": "sleep 60" });
  const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
  expect((await place.run("cancel", id)).status).toBe(0);
  const [task] = [...aws.world.tasks.values()].slice(-1);
  expect(task?.record).toMatchObject({ lastStatus: "STOPPED", stopCode: "UserInitiated" });
  const { runs } = JSON.parse((await place.run("ls", "--json")).stdout) as { runs: { state: { type: string } }[] };
  expect(runs[0]?.state.type).toBe("CANCELLED");
  expect((await place.run("wait", id)).status).toBe(3);
});

test("a run past its time limit: ls only says how it is, whoever waits for it has it stopped", async () => {
  const place = here({ "hello/long": "sleep 60" }, { pool: { timeoutSeconds: 1 } });
  const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
  const task = [...aws.world.tasks.values()].slice(-1)[0]?.record;
  await until(() => task?.startedAt !== undefined && Date.now() > task.startedAt + 2_000);
  const { runs } = JSON.parse((await place.run("ls", "--json")).stdout) as { runs: { state: { type: string } }[] };
  expect([runs[0]?.state.type, task?.desiredStatus]).toEqual(["RUNNING", "RUNNING"]);
  expect(await place.run("wait", id)).toMatchObject({ status: 1, stderr: expect.stringMatching(/FAILED.*time limit/) });
  expect(task?.desiredStatus).toBe("STOPPED");
});

test("--credentials ambient: the caller's own login in place of the pool's, which need not even be readable, for whatever is done with the run", async () => {
  const own = aws.accessKey("ada");
  const place = here({ "hello/prod": "echo hello" }, { block: { aws_secret_access_key: "[secret]" } });
  Object.assign(place.env, { AWS_ACCESS_KEY_ID: own.accessKeyId, AWS_SECRET_ACCESS_KEY: own.secretAccessKey });
  expect(await place.run("run", "hello/prod")).toMatchObject({ status: 2, stderr: expect.stringContaining("--credentials ambient") });

  aws.calls.length = 0;
  const { status, stdout } = await place.run("run", "hello/prod", "--credentials", "ambient", "--detach");
  expect(status).toBe(0);
  const id = stdout.trim();
  // Another process, which was not told: the run says it.
  expect((await place.run("wait", id)).status).toBe(0);
  expect((await place.run("logs", id)).stdout).toBe("hello\n");
  expect(await place.run("retry", id)).toMatchObject({ status: 2, stderr: expect.stringContaining("COMPLETED") });
  expect(new Set(aws.calls.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set([own.accessKeyId]));
});

test("a secret in env is found in no plan, log, ledger, definition, override or argument", async () => {
  const manifest = ecsManifest(
    aws,
    key,
    { "hello/env": `sh -c 'test \${#TOKEN} -eq ${CANARY.length}; echo done'` },
    {
      jobVariables: { env: { TOKEN: "{{ prefect.blocks.secret.token }}" } },
    },
  );
  (manifest.blocks as JsonObject)["secret/token"] = { data: { value: CANARY } };
  const place = ecsPlace(manifest);
  const calls = aws.calls.length;
  const dry = await place.run("run", "hello/env", "--dry-run");
  const done = await place.run("run", "hello/env", "--flow-run-name", "canary");
  expect(done).toMatchObject({ status: 0, stdout: "done\n" });
  const shown = await place.run("show", "canary", "--json");
  const everything = [dry, done, shown].map(({ stdout, stderr }) => stdout + stderr);
  everything.push(
    JSON.stringify([...aws.world.families.values()]),
    JSON.stringify([...aws.world.tasks.values()].map(({ record, tags }) => ({ record, tags }))),
    JSON.stringify([...aws.world.log.groups.values()].map((streams) => [...streams])),
    JSON.stringify([...aws.world.parameters.keys()]),
  );
  for (const file of readdirSync(place.home, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) everything.push(readFileSync(join(file.parentPath, file.name), "latin1"));
  }
  for (const text of everything) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(key.secretAccessKey);
  }
  // The one call that it is in: to where secrets are kept.
  const carrying = aws.calls.slice(calls).filter(({ body, reply }) => JSON.stringify([body, reply]).includes(CANARY));
  expect(carrying.map(({ action }) => action)).toEqual(["ssm:PutParameter"]);
});

const template = (containers: JsonObject[]) => ({
  ...ecsTemplate(),
  job_configuration: {
    ...(ecsTemplate().job_configuration as JsonObject),
    task_definition: {
      ...((ecsTemplate().job_configuration as JsonObject).task_definition as JsonObject),
      containerDefinitions: [{ image: "{{ image }}", name: "{{ container_name }}" }, ...containers],
    },
  },
});

test.each<EndRow & { containers?: JsonObject[] }>([
  { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
  { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /SIGSEGV/ },
  {
    name: "out of memory",
    command: "sleep 60",
    during: (task) => aws.world.outOfMemory(task),
    state: "CRASHED",
    code: 1,
    says: /out of memory \(OutOfMemoryError: Container killed due to memory usage\)/,
  },
  {
    name: "a Spot interruption",
    command: "sleep 60",
    during: (task) => aws.world.interruptSpot(task),
    state: "CRASHED",
    code: 1,
    says: /SpotInterruption/,
  },
  {
    name: "a failing machine",
    command: "sleep 60",
    during: (task) => aws.world.loseHost(task),
    state: "CRASHED",
    code: 1,
    says: /underlying infrastructure failure/,
  },
  {
    name: "someone else's stop",
    command: "sleep 60",
    during: (task) => aws.world.stopTask(task),
    state: "CANCELLED",
    code: 3,
    says: /someone else/,
  },
  {
    name: "a sidecar that ends the task",
    command: "sleep 60",
    containers: [{ name: "proxy", image: "acme/proxy:1", essential: true, command: ["sh", "-c", "exit 9"] }],
    state: "CRASHED",
    code: 1,
    says: /container "proxy" exited with code 9, and ECS stopped the task with it/,
  },
  {
    name: "a sidecar that runs out of memory",
    command: "sleep 60",
    containers: [{ name: "proxy", image: "acme/proxy:1", command: ["sleep", "60"] }],
    during: (task) => aws.world.outOfMemory(task, "proxy"),
    state: "CRASHED",
    code: 1,
    says: /container "proxy" ran out of memory \(OutOfMemoryError: .*\), and ECS stopped the task with it/,
  },
  {
    name: "a kill that nobody explains, beside a finished init container",
    command: "sh -c 'sleep 0.5; kill -9 $$'",
    containers: [{ name: "init", image: "acme/init:1", essential: false, command: ["sh", "-c", "exit 2"] }],
    state: "CRASHED",
    code: 1,
    says: /SIGKILL, exit code 137: ECS gives no reason; most often its memory was used up/,
  },
  {
    name: "a success of the run's own container beside a failed one",
    command: "sleep 0.5",
    containers: [{ name: "init", image: "acme/init:1", essential: false, command: ["sh", "-c", "exit 2"] }],
    state: "COMPLETED",
    code: 0,
    says: /COMPLETED/,
  },
  {
    name: "an image that is not there",
    before: () => {
      aws.world.options.images["acme/none:1"] = { access: "missing" };
    },
    jobVariables: { image: "acme/none:1" },
    state: "CRASHED",
    code: 1,
    says: /CannotPullContainerError: .*repository does not exist/,
  },
  {
    name: "an image that may not be read",
    before: () => {
      aws.world.options.images["acme/closed:1"] = { access: "denied" };
    },
    jobVariables: { image: "acme/closed:1" },
    state: "CRASHED",
    code: 1,
    says: /CannotPullContainerError: .*403 Forbidden/,
  },
  {
    name: "no room in its network",
    before: () => aws.world.keepFromStarting("Timeout waiting for network interface provisioning to complete."),
    state: "CRASHED",
    code: 1,
    says: /Timeout waiting for network interface provisioning/,
  },
  {
    name: "an end before it had containers",
    before: () =>
      aws.world.keepFromStarting("Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1'", "none"),
    state: "CRASHED",
    code: 1,
    says: /Unexpected EC2 error while attempting to Create Network Interface/,
  },
  {
    name: "a secret that is not there",
    containers: [{ name: "other", image: "acme/other:1", essential: false, secrets: [{ name: "T", valueFrom: "/nobody/has/it" }] }],
    state: "CRASHED",
    code: 1,
    says: /unable to retrieve secrets from ssm: invalid parameters: \/nobody\/has\/it/,
  },
])("$name is told as what it is", async ({ containers, ...row }) => {
  const { command = "true", jobVariables = {} } = row;
  const place = here(
    { "hello/end": command },
    { jobVariables, ...(containers ? { pool: { baseJobTemplate: template(containers) } } : {}) },
  );
  const tasks = aws.world.tasks.size;
  await expectEnd(place, "hello/end", row, async () => {
    await until(() => [...aws.world.tasks.values()].slice(tasks).some(({ record }) => record.lastStatus === "RUNNING"));
    return [...aws.world.tasks.keys()].at(-1) as string;
  });
});

test("a reply that is lost after ECS accepted: one task, COMPLETED", async () => {
  const place = here({ "hello/lost": "true" });
  for (const fault of [{ kind: "reset", after: true }, { kind: "unavailableAfter" }] as const) {
    const before = aws.world.tasks.size;
    aws.plant({ on: "ecs:RunTask", fault });
    expect((await place.run("run", "hello/lost")).status).toBe(0);
    expect(aws.world.tasks.size).toBe(before + 1);
  }
});

test("a wait for AWS is told after a few seconds: by run, with --json, by wait, in serve's log, as a trigger's event", async () => {
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
  // What those have left is taken up by serve.
  for (const { child } of [run, json, wait]) child.kill("SIGKILL");
  const serve = start("serve", "--port", "0");
  await until(() => said.test(serve.stdout()));
});

test("a clock that is off by more than AWS takes is told, and the run goes on by AWS' time", async () => {
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

test("kill -9 while ECS' answer is on its way: the next watcher takes the run up, and it ran once", async () => {
  const place = here({ "hello/killed": "true" });
  await place.run("run", "hello/killed");
  const before = aws.world.tasks.size;
  aws.plant({ on: "ecs:RunTask", fault: { kind: "hang", after: true } });
  const child = place.start("run", "hello/killed", "--flow-run-name", "killed");
  const heard = listen(child);
  await until(() => aws.world.tasks.size > before);
  child.kill("SIGKILL");
  await heard.ended;
  expect((await place.run("wait", "killed")).status).toBe(0);
  expect(aws.world.tasks.size).toBe(before + 1);
});

test.each<[string, JsonObject, number, RegExp]>([
  [
    "a Fargate size that there is none of",
    { cpu: 256, memory: 4096 },
    2,
    /task_definition\.memory: with 256 CPU units Fargate takes 512, 1024, 2048 MiB, not "4096"/,
  ],
  ["an image with blanks", { image: "a b" }, 2, /image: "a b" has blanks/],
  ["only a VPC", { vpc_id: "vpc-1", network_configuration: {} }, 2, /vpc_id: pushpool does not look for the subnets of "vpc-1"/],
  ["no subnets", { network_configuration: {} }, 2, /network_configuration: a task with a network of its own needs subnets/],
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
    /ECS takes 8192/,
  ],
])("%s: one clear message and exit code", async (_, jobVariables, code, message) => {
  const place = here({ "hello/wrong": "true" }, { jobVariables });
  const { status, stdout, stderr } = await place.run("run", "hello/wrong");
  expect([status, stdout, stderr]).toEqual([code, "", expect.stringMatching(message)]);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test.each(["EC2", "EXTERNAL"] as const)(
  "on machines of one's own, %s: refused while the cluster has none, then to its end",
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

test("what is too long for overrides runs all the same, and is said", async () => {
  const place = here({ "hello/long": `sh -c 'echo "\${#LONG}"'` }, { jobVariables: { env: { LONG: "x".repeat(9_000) } } });
  const { status, stdout, stderr } = await place.run("run", "hello/long");
  expect([status, stdout]).toEqual([0, "9000\n"]);
  expect(stderr).toMatch(/ECS takes 8192 with a run: a task definition of its own is registered for it/);
});

test("a wrong region: exit code 5, and what to look at", async () => {
  const place = here({ "hello/far": "true" }, { block: { region_name: "eu-north-1" }, jobVariables: { cluster: "main" } });
  const { status, stdout, stderr } = await place.run("run", "hello/far");
  expect([status, stdout, stderr]).toEqual([5, "", expect.stringMatching(/answers there for eu-north-1: look at "region_name"/)]);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test("a key that was deactivated: exit code 5, and it is named", async () => {
  const off = aws.accessKey("off");
  (aws.world.iam.keys.get(off.accessKeyId) as { active: boolean }).active = false;
  const { status, stderr } = await ecsPlace(ecsManifest(aws, off, { "hello/off": "true" })).run("run", "hello/off");
  expect([status, stderr]).toEqual([5, expect.stringContaining(`AWS does not accept access key ${off.accessKeyId}`)]);
});

test("a key that was deleted: exit code 5, and it is named", async () => {
  const gone = aws.accessKey("gone");
  aws.world.iam.keys.delete(gone.accessKeyId);
  const place = ecsPlace(ecsManifest(aws, gone, { "hello/gone": "true" }));
  const { status, stderr } = await place.run("run", "hello/gone");
  expect([status, stderr]).toEqual([5, expect.stringContaining(`AWS does not accept access key ${gone.accessKeyId}`)]);
});
