import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AccessKey } from "../../src/testing/clouds/aws/iam";
import { awsPlace, provisioned } from "./awsPlace";

// Parts that are there already in place of made ones; the caller's own login; the root program, which takes pools from configuration.

const repo = join(__dirname, "..", "..");

test("given user, roles, cluster, network, log group and block: nothing is made in their place, and runs go as they say", async () => {
  const here = await awsPlace({ logGroups: ["flows"] });
  const { aws } = here;
  const { iam } = aws.world;
  iam.addUser("old-push");
  const taskRoleArn = iam.addRole("flows-may").arn;
  here.program(`
const place = { region, endpoints, clusterArn: "${aws.clusterArn}", executionRoleArn: "${aws.executionRoleArn}", taskRoleArn: "${taskRoleArn}",
  vpcId: "vpc-1", subnetIds: ["subnet-1", "subnet-2"], securityGroupIds: ["sg-1"], assignPublicIp: true, logGroupName: "flows" };
const mine = new aws.EcsPushPool("mine", { ...place, user: "old-push", permissions: "leastPrivilege" });
const shared = new aws.EcsPushPool("shared", { ...place, credentialsBlock: "aws-credentials/mine" });
const on = (pool, name) => new Deployment(name, { workPoolName: pool.workPoolName, command: "echo " + name, jobVariables: { image: "acme/etl:1" } });
exports.push = shared.pushUser ?? "none";
exports.pushPools = manifest({ pools: [mine, shared], deployments: [on(mine, "hello/mine"), on(shared, "hello/shared")] });`);
  const before = provisioned(aws);
  const up = await here.up();
  expect([up.status, up.stdout]).toEqual([0, expect.stringContaining('push: "none"')]);
  const { policies, keys, ...rest } = provisioned(aws);
  const { policies: _, keys: __, ...restBefore } = before;
  expect(rest).toEqual(restBefore);
  expect([policies.length, keys]).toEqual([1, [iam.arn("user/old-push")]]);
  for (const name of ["hello/mine", "hello/shared"]) expect(await here.run("run", name)).toMatchObject({ status: 0, stdout: `${name}\n` });
  const tasks = [...aws.world.tasks.values()];
  expect(tasks.map(({ record }) => record.clusterArn)).toEqual([aws.clusterArn, aws.clusterArn]);
  for (const { definition, record } of tasks)
    expect([definition.definition.executionRoleArn, record.overrides.taskRoleArn]).toEqual([aws.executionRoleArn, taskRoleArn]);
  const [key] = iam.keys.keys();
  const sent = aws.calls.filter(({ action }) => action === "ecs:RunTask");
  expect(sent.map(({ accessKeyId, body }) => [accessKeyId, body.networkConfiguration])).toEqual(
    Array(2).fill([
      key,
      { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2"], securityGroups: ["sg-1"], assignPublicIp: "ENABLED" } },
    ]),
  );
  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  expect(provisioned(aws)).toEqual(before);
}, 600_000);

test("ambient: no key anywhere; a submitter's own login runs it, another's does not and hears why", async () => {
  const here = await awsPlace();
  const { aws } = here;
  const ada = aws.accessKey("ada", []);
  const bob = aws.accessKey("bob", []);
  here.program(`
const etl = new aws.EcsPushPool("etl", { region, endpoints, credentials: aws.Credentials.Ambient, permissions: "leastPrivilege", submitters: ["user/ada"] });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello", jobVariables: { image: "acme/etl:1" } });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
  const before = provisioned(aws);
  expect((await here.up()).status).toBe(0);
  expect([provisioned(aws).keys, provisioned(aws).users]).toEqual([before.keys, before.users]);
  const { blocks } = JSON.parse((await here.run("manifest", "show")).stdout) as { blocks: unknown };
  expect(blocks).toEqual({ "aws-credentials/etl": { data: { region_name: "eu-west-1" } } });
  const as = ({ accessKeyId, secretAccessKey }: AccessKey) => {
    here.env.AWS_SHARED_CREDENTIALS_FILE = join(here.folder, "login");
    const text = `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    writeFileSync(here.env.AWS_SHARED_CREDENTIALS_FILE, text, { mode: 0o600 });
  };
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 5, stderr: expect.stringContaining("aws sso login") });
  as(bob);
  expect(await here.run("run", "hello/prod")).toMatchObject({
    status: 5,
    stderr: expect.stringMatching(/perform: ecs:DescribeTaskDefinition.*EcsPushPool gives it for its cluster, to those in its submitters/),
  });
  as(ada);
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: "hello\n" });
}, 600_000);

test("preview where what is given is not known yet: nothing is called, nothing breaks", async () => {
  const here = await awsPlace();
  here.program(`
const { User } = require("@pulumi/aws/iam");
const ada = new User("ada");
const cluster = new aws.TaskCluster("flows", { region, serviceLinkedRole: true });
const logs = new aws.TaskLogGroup("flows", { region, retentionDays: 7 });
const network = new aws.TaskNetwork("flows", { region: logs.logGroupName.apply(() => region), access: "privateNat" });
const images = new aws.EcrRepository("images", { region });
const execution = new aws.ExecutionRole("flows", { region, workPoolName: "etl", logGroupArn: logs.arn, repositoryArns: [images.arn] });
const flows = new aws.TaskRole("may", { policyArns: [] });
const etl = new aws.EcsPushPool("etl", { region: ada.name.apply(() => region), endpoints, permissions: "leastPrivilege", user: ada.name,
  clusterArn: cluster.arn, executionRoleArn: execution.arn, taskRoleArn: flows.arn, logGroupName: logs.logGroupName,
  vpcId: network.vpcId, subnetIds: network.subnetIds, securityGroupIds: [network.securityGroupId],
  jobVariables: { image: pulumi.interpolate\`\${images.url}:1\`, env: { ID: ada.uniqueId }, command: "echo hello" },
  secretEnv: { SALT: ada.uniqueId } });
exports.pushPools = manifest({ pools: [etl], deployments: [new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo $ID" })] });`);
  const before = provisioned(here.aws);
  const preview = await here.run("preview", "--engine", "offline");
  expect([preview.status, preview.stderr, provisioned(here.aws), here.aws.calls]).toEqual([
    0,
    expect.stringContaining("etl-push-access-policy"),
    before,
    [],
  ]);
  const up = await here.up();
  expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
  expect((await here.up()).stderr).toContain("no changes");
  const { pools } = JSON.parse((await here.run("manifest", "show")).stdout) as {
    pools: { etl: { baseJobTemplate: { variables: { properties: object } } } };
  };
  expect(pools.etl.baseJobTemplate.variables.properties).toMatchObject({
    image: { default: expect.stringMatching(/^111111111111\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/images-[0-9a-f]{6}:1$/) },
    cluster: { default: expect.stringMatching(/cluster\/flows-cluster-/) },
    task_role_arn: { default: expect.stringMatching(/role\/may-role-/) },
    network_configuration: { default: { assignPublicIp: "DISABLED", subnets: [expect.stringMatching(/^subnet-/), expect.any(String)] } },
    cloudwatch_logs_options: { default: { "awslogs-group": expect.stringMatching(/^\/pushpool\/flows-/) } },
  });
  expect((await here.run("run", "hello/prod")).status).toBe(0);
  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  // The role that an account has once stays: others may have come to need it.
  const linked = here.aws.world.iam.arn("role/AWSServiceRoleForECS");
  expect(provisioned(here.aws)).toEqual({ ...before, roles: [...before.roles, linked] });
}, 600_000);

test("in China: a pool of that partition goes up, and runs, on spot capacity too", async () => {
  const [region, partition, domain] = ["cn-north-1", "aws-cn", ".amazonaws.com.cn"];
  const here = await awsPlace({ region });
  here.program(`
const etl = new aws.EcsPushPool("etl", { region, endpoints, permissions: "leastPrivilege", imageRepository: true, secretEnv: { PASSWORD: "x" } });
const on = (name, launch_type) => new Deployment(name, { workPoolName: etl.workPoolName, command: "echo hello",
  jobVariables: { launch_type, image: pulumi.interpolate\`\${etl.imageRepository}:1\` } });
exports.pushPools = manifest({ pools: [etl], deployments: [on("hello/prod", "FARGATE"), on("hello/spot", "FARGATE_SPOT")] });`);
  expect((await here.up()).status).toBe(0);
  for (const name of ["hello/prod", "hello/spot"]) expect(await here.run("run", name)).toMatchObject({ status: 0, stdout: "hello\n" });
  const tasks = [...here.aws.world.tasks.values()].map(({ record }) => record);
  expect(tasks.map(({ taskArn }) => taskArn)).toEqual(Array(2).fill(expect.stringMatching(new RegExp(`^arn:${partition}:ecs:${region}:`))));
  expect(tasks.map(({ more }) => more.capacityProviderName)).toEqual([undefined, "FARGATE_SPOT"]);
  const image = new RegExp(`^111111111111\\.dkr\\.ecr\\.${region}${domain.replaceAll(".", "\\.")}/etl-images-[0-9a-f]{6}:1$`);
  expect(tasks[0]?.containers[0]?.image).toMatch(image);
}, 600_000);

test("the root program: a pool of this type from the stack's configuration alone, up, deploy, run, destroy", async () => {
  const here = await awsPlace();
  const { endpoints } = here.aws;
  const empty = provisioned(here.aws);
  rmSync(join(here.folder, "Pulumi.yaml"));
  for (const name of ["Pulumi.yaml", "components", "src", "tsconfig.json"])
    cpSync(join(repo, name), join(here.folder, name), { recursive: true });
  const pools = { etl: { type: "ecs:push", permissions: "leastPrivilege", endpoints, jobVariables: { image: "acme/etl:1" } } };
  const configured = (of: object) =>
    here.write("Pulumi.dev.yaml", JSON.stringify({ config: { "aws:region": "eu-west-1", "pushpool:pools": of } }));
  configured({ etl: { ...pools.etl, clusterARN: "x" } });
  expect(await here.run("preview", "--engine", "offline")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/pushpool:pools\.etl\.clusterARN is unknown: did you mean "clusterArn"\?/),
  });
  configured(pools);
  expect((await here.up()).status).toBe(0);
  expect(provisioned(here.aws).policies).toHaveLength(1);
  here.write("hello.py", "def hello(name):\n    print(name)\n");
  here.write(
    "prefect.yaml",
    "deployments:\n- name: prod\n  entrypoint: hello.py:hello\n  parameters: { name: Ada }\n  work_pool: { name: etl, job_variables: { command: \"sh -c 'echo $PUSHPOOL_PARAMETERS'\" } }\n",
  );
  expect((await here.run("deploy", "--all")).status).toBe(0);
  expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: '{"name":"Ada"}\n' });
  expect((await here.run("destroy", "--engine", "offline", "--yes")).status).toBe(0);
  expect(provisioned(here.aws)).toEqual(empty);
}, 600_000);
