import { expect, onTestFinished, test } from "vitest";
import { leastPrivilege } from "../../components/aws/leastPrivilege";
import type { JsonObject } from "../../src/json";
import { loadManifest } from "../../src/manifest";
import type { FlowRun, RunEvent, Runs } from "../../src/runs";
import type { Attached, Policy, Principal, Statement } from "../../src/testing/clouds/aws/awsIam";
import { UserError } from "../../src/userError";
import { openWorkspace } from "../../src/workspace";
import { openRuns } from "../../src/workspaceRuns";
import { type AwsPlace, awsPlace } from "./clouds/aws";

// A pool's user and execution role have exactly the permissions that runs need. Without any one of them something fails, with the action's
// name and the fix. The built command line creates the pool. The runs are started in this process, as dozens of processes would take
// minutes.

const POOL = (more: string) => `
const etl = new aws.EcsPushPool("etl", { region, endpoints, imageRepository: true, secretEnv: { PASSWORD: "x" }, taskPolicyArns: [], ${more} });
const on = (name, command, jobVariables) =>
  new Deployment(name, { workPoolName: etl.workPoolName, command, jobVariables: { image: pulumi.interpolate\`\${etl.imageRepository}:1\`, ...jobVariables } });
exports.pushPools = manifest({ pools: [etl], deployments: [
  on("hello/prod", "echo hello"),
  on("hello/long", "sleep 100"),
  on("hello/secret", "echo hello", { env: { TOKEN: pulumi.secret("t") } }),
] });`;

/** The runs of a place, as if its key were old: nobody waits for it to become effective. */
async function runsOf(here: AwsPlace): Promise<{ runs: Runs; told: string[] }> {
  const workspace = openWorkspace({ cwd: here.folder, env: here.env });
  const loaded = await loadManifest(workspace, { secrets: true });
  for (const block of Object.values(loaded.manifest.blocks ?? {})) delete block.createdAt;
  const told: string[] = [];
  const runs = await openRuns({ workspace, readManifest: async () => loaded, warn: (message) => told.push(message) });
  onTestFinished(() => runs.close());
  return { runs, told };
}

interface Heard {
  run: FlowRun;
  lines: string[];
  warnings: string[];
}

async function start(runs: Runs, deployment: string, jobVariables: JsonObject = {}): Promise<FlowRun> {
  return runs.submitRun((await runs.createRun({ deployment, jobVariables })).run.id);
}

async function done(runs: Runs, deployment: string, jobVariables: JsonObject = {}): Promise<Heard> {
  const heard: Omit<Heard, "run"> = { lines: [], warnings: [] };
  const onEvent = (event: RunEvent) => {
    if (event.kind === "log") heard.lines.push(event.line.text);
    if (event.kind === "warning") heard.warnings.push(event.message);
  };
  const { run } = await runs.createRun({ deployment, jobVariables });
  return { run: await runs.followRun(run.id, { onEvent }), ...heard };
}

const refusalOf = async (work: Promise<unknown>): Promise<UserError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`it was not refused: ${String(error)}`);
  return error;
};

const statementsOf = ({ Statement }: Policy): Statement[] => [Statement].flat() as Statement[];
const named = (place: ReadonlyMap<string, Principal>, part: string) =>
  [...place.values()].find(({ arn }) => arn.includes(part)) as Principal;

/** Remove an action from a document while `work` runs. */
async function without<T>(held: { policy: Policy | string }, action: string, work: () => Promise<T>): Promise<T> {
  const whole = held.policy as Policy;
  held.policy = { ...whole, Statement: statementsOf(whole).filter(({ Action }) => Action !== action) };
  expect(statementsOf(held.policy)).not.toHaveLength(statementsOf(whole).length);
  try {
    return await work();
  } finally {
    held.policy = whole;
  }
}

/** Without these everything works; leftovers stay, with a warning. */
const TIDYING = [
  "ecs:ListTaskDefinitionFamilies",
  "ecs:ListTaskDefinitions",
  "ecs:DeleteTaskDefinitions",
  "ssm:DescribeParameters",
  "ssm:DeleteParameters",
];

test("leastPrivilege: everything works with the policy, and without any one action its use fails", async () => {
  const here = await awsPlace();
  here.program(POOL(`permissions: "leastPrivilege"`));
  expect((await here.up()).status).toBe(0);
  const { iam } = here.fake.world;
  const user = named(iam.users, "user/etl-push");
  // Only this policy.
  const [[arn = ""] = []] = [...user.policies];
  const own = iam.policies.get(arn) as { policy: Policy; since: number };
  expect([user.policies.size, arn]).toEqual([1, expect.stringContaining("policy/etl-push-access-policy")]);

  const { runs, told } = await runsOf(here);
  const first = await done(runs, "hello/secret");
  expect([first.run.state.type, first.lines, first.warnings]).toEqual(["COMPLETED", ["hello"], []]);
  const long = await start(runs, "hello/long");
  let memory = 2048;
  const newShape = () => {
    memory += 1024;
    return done(runs, "hello/prod", { memory });
  };
  const unknown = { id: "0193c5a4-0000-7000-8000-000000000000", attempt: 1, stack: long.stack, workPool: "etl" };

  /** By action: what fails without it. */
  const USES: Record<string, () => Promise<unknown>> = {
    "ecs:RegisterTaskDefinition": newShape,
    "ecs:DescribeTaskDefinition": newShape,
    "ecs:TagResource": newShape,
    "iam:PassRole": newShape,
    "ecs:RunTask": () => done(runs, "hello/secret"),
    "ssm:PutParameter": async () => done((await runsOf(here)).runs, "hello/secret"),
    "ecs:DescribeTasks": () => runs.followRun(long.id),
    "ecs:StopTask": () => runs.cancelRun(long.id),
    "ecs:ListTasks": () => runs.stopUnrecorded({ poolType: "ecs:push", run: unknown }),
    "logs:FilterLogEvents": () => runs.readLogs(first.run.id, { onLine: () => {} }),
  };
  for (const [action, use] of Object.entries(USES)) {
    const { exitCode, message } = await refusalOf(without(own, action, use));
    expect([action, exitCode, message]).toEqual([action, 5, expect.stringContaining(`not authorized to perform: ${action}`)]);
    expect(message).toMatch(new RegExp(`It needs ${action}.*EcsPushPool grants it`));
  }
  // A warning that does not change the outcome.
  const watched = await without(own, "logs:FilterLogEvents", () => done(runs, "hello/prod"));
  expect([watched.run.state.type, watched.warnings]).toEqual(["COMPLETED", [expect.stringContaining("It needs logs:FilterLogEvents")]]);
  expect(told).toEqual([]);
  const kept = await without(own, "ecs:DeregisterTaskDefinition", () =>
    done(runs, "hello/prod", { auto_deregister_task_definition: true }),
  );
  expect([kept.run.state.type, told[0]]).toEqual(["COMPLETED", expect.stringContaining("It needs ecs:DeregisterTaskDefinition")]);

  const all = leastPrivilege({ partition: "aws", region: "", clusterArn: "", roleArns: [], parameterPath: "", stack: "" }).map(
    ({ action }) => action,
  );
  expect(statementsOf(own.policy).map(({ Action }) => Action)).toEqual(all);
  expect(new Set([...Object.keys(USES), ...TIDYING, "ecs:DeregisterTaskDefinition"])).toEqual(new Set(all));
  expect((await runs.cancelRun(long.id)).state.type).toBe("CANCELLED");
  // It has no access to others' roles and clusters.
  const others = here.fake;
  const refused = await refusalOf(done(runs, "hello/prod", { execution_role_arn: others.executionRoleArn }));
  expect(refused.message).toContain(`iam:PassRole on resource: ${others.executionRoleArn}`);
  const elsewhere = await refusalOf(done(runs, "hello/prod", { cluster: others.clusterArn }));
  expect(elsewhere.message).toContain("not authorized to perform: ecs:RunTask");
}, 600_000);

test("documented: without any one policy the message has the fix, and so without any action of the execution role; up restores what drifted", async () => {
  const here = await awsPlace();
  const secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:prefect-AbCdEf";
  here.program(POOL(`permissions: "documented", jobVariables: { prefect_api_key_secret_arn: "${secret}" }`));
  expect((await here.up()).status).toBe(0);
  const { iam } = here.fake.world;
  const user = named(iam.users, "user/etl-push");
  const { runs } = await runsOf(here);
  const first = await done(runs, "hello/secret");
  expect([first.run.state.type, first.lines]).toEqual(["COMPLETED", ["hello"]]);
  iam.attach(named(iam.roles, "role/ecs-execution"), "AdministratorAccess");
  // AmazonECS_FullAccess lets its owner give a task any role that trusts ECS.
  expect((await done(runs, "hello/prod", { execution_role_arn: here.fake.executionRoleArn })).run.state.type).toBe("COMPLETED");

  const CASES: [policy: RegExp, action: string, fix: string][] = [
    [/iam::aws:policy\/AmazonECS_FullAccess$/, "ecs:RunTask", "It needs ecs:RunTask, as in AmazonECS_FullAccess"],
    [/policy\/etl-push-access-policy/, "ssm:PutParameter", "It needs ssm:PutParameter: EcsPushPool grants it"],
  ];
  expect(user.policies.size).toBe(CASES.length);
  for (const [policy, action, fix] of CASES) {
    const [arn = "", attached] = [...user.policies].find(([name]) => policy.test(name)) ?? [];
    user.policies.delete(arn);
    const { exitCode, message } = await refusalOf(done(action.startsWith("ecs:") ? runs : (await runsOf(here)).runs, "hello/secret"));
    expect([exitCode, message]).toEqual([5, expect.stringContaining(fix)]);
    user.policies.set(arn, attached as Attached);
  }

  const role = named(iam.roles, "role/etl-execution");
  const [[policyName, held]] = [...role.policies] as unknown as [[string, { policy: Policy }]];
  /** By action: how a run ends without it, and its state's message. */
  const FETCHES: Record<string, [state: string, told: RegExp | undefined]> = {
    "logs:CreateLogStream": ["CRASHED", /perform: logs:CreateLogStream on resource.*needs logs:CreateLogStream/],
    // Docker's log driver reports nothing.
    "logs:PutLogEvents": ["COMPLETED", undefined],
    "ecr:GetAuthorizationToken": ["CRASHED", /registry auth.*needs ecr:GetAuthorizationToken/],
    "ecr:BatchCheckLayerAvailability": ["CRASHED", /CannotPullContainerError.*needs .*ecr:BatchCheckLayerAvailability/],
    "ecr:GetDownloadUrlForLayer": ["CRASHED", /CannotPullContainerError.*needs .*ecr:GetDownloadUrlForLayer/],
    "ecr:BatchGetImage": ["CRASHED", /CannotPullContainerError.*needs ecr:BatchGetImage/],
    "ssm:GetParameters": ["CRASHED", /secrets from ssm.*needs ssm:GetParameters/],
    "secretsmanager:GetSecretValue": ["CRASHED", /secret from asm.*needs secretsmanager:GetSecretValue/],
  };
  expect(statementsOf(held.policy).map(({ Action }) => Action)).toEqual(Object.keys(FETCHES));
  for (const [action, [state, told]] of Object.entries(FETCHES)) {
    const ended = await without(held, action, () => done(runs, "hello/prod"));
    expect([action, ended.run.state.type, ended.lines]).toEqual([action, state, []]);
    if (told) expect(ended.run.state.message).toMatch(told);
  }

  // Someone removes an action from the role's policy and widens the user's: `up` restores both.
  const own = [...iam.policies.values()][0] as { policy: Policy };
  const before = [held.policy, own.policy];
  held.policy = { ...held.policy, Statement: [] };
  own.policy = { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
  const refreshed = await here.run("refresh", "--engine", "offline", "--yes");
  expect([refreshed.status, refreshed.stderr]).toEqual([0, expect.stringContaining("2 updated")]);
  expect((await here.up()).stderr).toContain("2 updated");
  expect([role.policies.get(policyName)?.policy, [...iam.policies.values()][0]?.policy]).toEqual(before);
  expect((await done(runs, "hello/prod")).run.state.type).toBe("COMPLETED");
}, 600_000);
