import { describe, expect, test } from "vitest";
import { leastPrivilege } from "../../components/aws/leastPrivilege";
import type { FakeAws, FakeAwsOptions } from "../../src/testing";
import type { Attached, Policy, Principal, Statement } from "../../src/testing/clouds/aws/awsIam";
import { AWS, awsPlace } from "./clouds/aws";
import { describePermissions, refusalOf, type Submitter, submitter } from "./permissions";

// Whoever submits, and the execution role, have exactly the permissions that runs need.

const DEPLOYMENTS = `((image) => ({
  prod: { command: "echo hello", jobVariables: { image } },
  long: { command: "sleep 100", jobVariables: { image } },
  secret: { command: "echo hello", jobVariables: { image, env: { TOKEN: pulumi.secret("t") } } },
}))(pulumi.interpolate\`\${pool.imageRepository}:1\`)`;
const POOL = (more: string) => `
const pool = new Pool("etl", { ...place, imageRepository: true, secretEnv: { PASSWORD: "x" }, taskPolicyArns: [], ${more} });
const deployments = Object.entries(${DEPLOYMENTS}).map(([name, of]) => new Deployment("etl/" + name, { workPoolName: pool.workPoolName, ...of }));
exports.pushPools = manifest({ pools: [pool], deployments });`;

const statementsOf = ({ Statement }: Policy): Statement[] => [Statement].flat() as Statement[];
const named = (place: ReadonlyMap<string, Principal>, part: string) =>
  [...place.values()].find(({ arn }) => arn.includes(part)) as Principal;

/** Remove an action from a document. @returns restores the document */
function removed(held: { policy: Policy | string }, action: string): () => void {
  const whole = held.policy as Policy;
  held.policy = { ...whole, Statement: statementsOf(whole).filter(({ Action }) => Action !== action) };
  expect(statementsOf(held.policy)).not.toHaveLength(statementsOf(whole).length);
  return () => {
    held.policy = whole;
  };
}

/** Of a task definition that does not exist yet. */
const newShape = (memory: number) => (by: Submitter) => by.done("prod", { memory });
const watch = (by: Submitter) => by.done("prod");

describe("leastPrivilege", () => {
  describePermissions<FakeAws, FakeAwsOptions>({
    cloud: AWS,
    args: `imageRepository: true, secretEnv: { PASSWORD: "x" }, taskPolicyArns: []`,
    deployments: DEPLOYMENTS,
    person: (aws) => {
      const { accessKeyId, secretAccessKey } = aws.accessKey("ada", []);
      return { member: "user/ada", env: () => ({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }) };
    },
    granted: ({ world: { iam } }, mode) => {
      const holder = {
        key: () => named(iam.users, "user/key-push"),
        federated: () => named(iam.roles, "role/federated-push"),
        ambient: () => named(iam.users, "user/ada"),
      }[mode]();
      // Only this policy.
      const [[arn = ""] = []] = [...holder.policies];
      expect([holder.policies.size, arn]).toEqual([1, expect.stringContaining(`policy/${mode}-`)]);
      const own = iam.policies.get(arn) as { policy: Policy };
      return {
        all: statementsOf(own.policy).map(({ Action }) => String(Action)),
        remove: (action) => removed(own, action),
      };
    },
    needed: leastPrivilege({ partition: "aws", region: "", clusterArn: "", roleArns: [], parameterPath: "", stack: "" }).map(
      ({ action }) => action,
    ),
    begin: async (by, { fake }) => {
      const { run, lines, warnings } = await by.done("secret");
      expect([run.state.type, lines, warnings]).toEqual(["COMPLETED", ["hello"], []]);
      // Others' roles and clusters are out of reach.
      const { executionRoleArn: execution_role_arn, clusterArn: cluster } = fake;
      const role = await refusalOf(by.done("prod", { execution_role_arn }));
      expect(role.message).toContain(`iam:PassRole on resource: ${execution_role_arn}`);
      const elsewhere = await refusalOf(by.done("prod", { cluster }));
      expect(elsewhere.message).toContain("not authorized to perform: ecs:RunTask");
      return { first: run, long: await by.start("long") };
    },
    refused: {
      "ecs:RegisterTaskDefinition": newShape(3072),
      "ecs:DescribeTaskDefinition": newShape(4096),
      "ecs:TagResource": newShape(5120),
      "iam:PassRole": newShape(6144),
      "ecs:RunTask": (by) => by.done("secret"),
      "ssm:PutParameter": (by) => by.done("secret"),
      "ecs:DescribeTasks": ({ runs }, { long }) => runs.followRun(long.id),
      "ecs:StopTask": ({ runs }, { long }) => runs.cancelRun(long.id),
      "ecs:ListTasks": ({ runs }, { long: { stack, workPool } }) =>
        runs.stopUnrecorded({ poolType: "ecs:push", run: { id: "0193c5a4-0000-7000-8000-000000000000", attempt: 1, stack, workPool } }),
      "logs:FilterLogEvents": ({ runs }, { first }) => runs.readLogs(first.id, { onLine: () => {} }),
    },
    warned: {
      "logs:FilterLogEvents": watch,
      "ecs:DeregisterTaskDefinition": (by) => by.done("prod", { auto_deregister_task_definition: true }),
    },
    tidying: [
      "ssm:DescribeParameters",
      "ssm:DeleteParameters",
      "ecs:ListTaskDefinitionFamilies",
      "ecs:ListTaskDefinitions",
      "ecs:DeleteTaskDefinitions",
    ],
    leave: (by) => by.done("secret"),
    denial: (action) => `not authorized to perform: ${action}`,
    fix: (action) => new RegExp(`It needs ${action}.*EcsPushPool grants it`),
    denied: { key: /access key AKIA/, federated: /role arn:\S+:role\/federated-push/, ambient: /your own AWS login/ },
  });
});

test("documented: without any one policy the message has the fix, and so without any action of the execution role; up restores what drifted", async () => {
  const here = await awsPlace();
  const secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:prefect-AbCdEf";
  here.program(POOL(`permissions: "documented", jobVariables: { prefect_api_key_secret_arn: "${secret}" }`));
  expect((await here.up()).status).toBe(0);
  const { iam } = here.fake.world;
  const user = named(iam.users, "user/etl-push");
  const { done } = await submitter(here, "etl");
  const first = await done("secret");
  expect([first.run.state.type, first.lines]).toEqual(["COMPLETED", ["hello"]]);
  iam.attach(named(iam.roles, "role/ecs-execution"), "AdministratorAccess");
  // AmazonECS_FullAccess lets its owner give a task any role that trusts ECS.
  expect((await done("prod", { execution_role_arn: here.fake.executionRoleArn })).run.state.type).toBe("COMPLETED");

  const CASES: [policy: RegExp, action: string, fix: string][] = [
    [/iam::aws:policy\/AmazonECS_FullAccess$/, "ecs:RunTask", "It needs ecs:RunTask, as in AmazonECS_FullAccess"],
    [/policy\/etl-push-access-policy/, "ssm:PutParameter", "It needs ssm:PutParameter: EcsPushPool grants it"],
  ];
  expect(user.policies.size).toBe(CASES.length);
  for (const [policy, action, fix] of CASES) {
    const [arn = "", attached] = [...user.policies].find(([name]) => policy.test(name)) ?? [];
    user.policies.delete(arn);
    const { exitCode, message } = await refusalOf((action.startsWith("ecs:") ? done : (await submitter(here, "etl")).done)("secret"));
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
    const restore = removed(held, action);
    const ended = await done("prod");
    restore();
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
  expect((await done("prod")).run.state.type).toBe("COMPLETED");
}, 600_000);
