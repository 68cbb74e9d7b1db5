import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { FakeAws, FakeAzure, FakeGoogleCloud } from "../../../src/testing";
import { ask } from "../../testing/clouds/azure/azure";
import { AWS, awsPlace } from "./aws";
import { AZURE } from "./azure";
import { type Cloud, type CloudPlace, cloudPlace } from "./cloud";
import { GCP } from "./gcp";

// Existing parts instead of created ones; the caller's own login; the root program, which takes pools from configuration.

const repo = join(__dirname, "..", "..", "..");

interface Given<Fake> {
  options?: object;
  /**
   * Create the given parts. @returns arguments of both pools, of `mine` and of `shared`, and the output that is `undefined` for `shared`
   */
  parts(fake: Fake): Parts | Promise<Parts>;
  /** Check what `up` has added. */
  added(before: Provisioned, after: Provisioned, fake: Fake): void;
  /** Check who submitted what, after a run on each pool. */
  ran(fake: Fake): void;
  ambient: {
    /** Two callers: the first is a submitter. @returns the pool's arguments, and each caller's login */
    callers(fake: Fake): { args: string; ada: Login; bob: Login };
    /** Check what `up` has created. */
    made(before: Provisioned, here: CloudPlace<Fake>): Promise<void>;
    /** The message for callers who are not logged in, and the one for callers who may not submit. */
    loggedOut: string;
    refused: RegExp;
  };
  /** A program whose values are all unknown before `up`. */
  unknown: { program: string; previewed: string; defaults: object; after?(here: CloudPlace<Fake>, before: Provisioned): Promise<void> };
  /** A misspelt argument, and the intended one. */
  misspelt: [string, string];
  /** What only `leastPrivilege` creates. */
  leastPrivilege(provisioned: Provisioned): unknown[];
}

type Parts = { both: string; mine: string; shared: string; output: string };
/** A login: the variables that lead to it, and the file that they name, if it is in one. */
type Login = { env(file: string): Record<string, string>; file?: string };
type Provisioned = Record<string, unknown[]>;

function describeGiven<Fake>(cloud: Cloud<Fake, never>, row: Given<Fake>): void {
  const holds = (here: CloudPlace<Fake>) => here.provisioned() as unknown as Provisioned;
  const start = () => cloudPlace(cloud, row.options as never);

  test(`${cloud.name}: given parts are not created again, and runs use them`, async () => {
    const here = await start();
    const { both, mine, shared, output } = await row.parts(here.fake);
    here.program(`
const given = { ...place, ${both} };
const mine = new Pool("mine", { ...given, ${mine} });
const shared = new Pool("shared", { ...given, ${shared} });
const on = (pool, name) => new Deployment(name, { workPoolName: pool.workPoolName, command: "echo " + name, jobVariables: { image: "acme/etl:1" } });
exports.push = shared.${output} ?? "none";
exports.pushPools = manifest({ pools: [mine, shared], deployments: [on(mine, "hello/mine"), on(shared, "hello/shared")] });`);
    const before = holds(here);
    const up = await here.up();
    expect([up.status, up.stdout]).toEqual([0, expect.stringContaining('push: "none"')]);
    row.added(before, holds(here), here.fake);
    for (const name of ["hello/mine", "hello/shared"])
      expect(await here.run("run", name)).toMatchObject({ status: 0, stdout: `${name}\n` });
    row.ran(here.fake);
    expect((await here.destroy()).status).toBe(0);
    expect(holds(here)).toEqual(before);
  }, 600_000);

  test(`${cloud.name}: ambient: no key anywhere; a submitter's own login runs it, another's does not and the message says why`, async () => {
    const here = await start();
    const { callers, made, loggedOut, refused } = row.ambient;
    const { args, ada, bob } = callers(here.fake);
    here.program(`
const etl = new Pool("etl", { ...place, workPoolName: "etl_jobs", credentials: ${cloud.sdk}.Credentials.Ambient, permissions: "leastPrivilege", ${args} });
const hello = new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo hello", jobVariables: { image: "acme/etl:1" } });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
    const before = holds(here);
    expect((await here.up()).status).toBe(0);
    await made(before, here);
    const as = ({ env, file = "" }: Login) => {
      Object.assign(here.env, env(join(here.folder, "login")));
      writeFileSync(join(here.folder, "login"), file, { mode: 0o600 });
    };
    expect(await here.run("run", "hello/prod")).toMatchObject({ status: 5, stderr: expect.stringContaining(loggedOut) });
    as(bob);
    expect(await here.run("run", "hello/prod")).toMatchObject({ status: 5, stderr: expect.stringMatching(refused) });
    as(ada);
    expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: "hello\n" });
  }, 600_000);

  test(`${cloud.name}: a preview with unknown given parts calls nothing and does not fail`, async () => {
    const here = await start();
    const { program, previewed, defaults, after } = row.unknown;
    here.program(program);
    const before = holds(here);
    const preview = await here.preview();
    expect([preview.status, preview.stderr, holds(here), cloud.callsOf(here.fake)]).toEqual([
      0,
      expect.stringContaining(previewed),
      before,
      [],
    ]);
    const up = await here.up();
    expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
    expect((await here.up()).stderr).toContain("no changes");
    const { pools } = JSON.parse((await here.run("manifest", "show")).stdout) as {
      pools: { etl: { baseJobTemplate: { variables: { properties: object } } } };
    };
    expect(pools.etl.baseJobTemplate.variables.properties).toMatchObject(
      Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { default: value }])),
    );
    await after?.(here, before);
  }, 600_000);

  test(`${cloud.name}: the root program: a pool from the stack's configuration only, up, deploy, run, destroy`, async () => {
    const here = await start();
    const empty = holds(here);
    rmSync(join(here.folder, "Pulumi.yaml"));
    for (const name of ["Pulumi.yaml", "components", "src", "tsconfig.json", "tsconfig.build.json"])
      cpSync(join(repo, name), join(here.folder, name), { recursive: true });
    const { endpoints = "" } = cloud.placeOf(here.fake);
    const etl = {
      type: cloud.poolType,
      permissions: "leastPrivilege",
      endpoints: JSON.parse(endpoints),
      jobVariables: { image: "acme/etl:1", ...cloud.jobVariables },
    };
    const [wrong, right] = row.misspelt;
    here.configure({ "pushpool:pools": { etl: { ...etl, [wrong]: "x" } } });
    expect(await here.preview()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`pushpool:pools.etl.${wrong} is unknown: did you mean "${right}"?`),
    });
    here.configure({ "pushpool:pools": { etl } });
    expect((await here.up()).status).toBe(0);
    expect(row.leastPrivilege(holds(here))).toHaveLength(1);
    here.write("hello.py", "def hello(name):\n    print(name)\n");
    here.write(
      "prefect.yaml",
      "deployments:\n- name: prod\n  entrypoint: hello.py:hello\n  parameters: { name: Ada }\n  work_pool: { name: etl, job_variables: { command: \"sh -c 'echo $PUSHPOOL_PARAMETERS'\" } }\n",
    );
    expect((await here.run("deploy", "--all")).status).toBe(0);
    expect(await here.run("run", "hello/prod")).toMatchObject({ status: 0, stdout: '{"name":"Ada"}\n' });
    expect((await here.destroy()).status).toBe(0);
    expect(holds(here)).toEqual(empty);
  }, 600_000);
}

describeGiven<FakeAws>(AWS, {
  options: { logGroups: ["flows"] },
  parts: ({ clusterArn, executionRoleArn, world: { iam } }) => {
    iam.addUser("old-push");
    const taskRoleArn = iam.addRole("flows-may").arn;
    return {
      both: `clusterArn: "${clusterArn}", executionRoleArn: "${executionRoleArn}", taskRoleArn: "${taskRoleArn}",
  vpcId: "vpc-1", subnetIds: ["subnet-1", "subnet-2"], securityGroupIds: ["sg-1"], assignPublicIp: true, logGroupName: "flows"`,
      mine: `user: "old-push", permissions: "leastPrivilege"`,
      shared: `credentialsBlock: "aws-credentials/mine"`,
      output: "pushUser",
    };
  },
  added: ({ policies: _, keys: __, ...before }, { policies, keys, ...rest }, { world: { iam } }) => {
    expect(rest).toEqual(before);
    expect([policies?.length, keys]).toEqual([1, [iam.arn("user/old-push")]]);
  },
  ran: ({ world, calls, clusterArn, executionRoleArn }) => {
    const tasks = [...world.tasks.values()];
    expect(tasks.map(({ record }) => record.clusterArn)).toEqual([clusterArn, clusterArn]);
    for (const { definition, record } of tasks)
      expect([definition.definition.executionRoleArn, record.overrides.taskRoleArn]).toEqual([
        executionRoleArn,
        world.iam.arn("role/flows-may"),
      ]);
    const [key] = world.iam.keys.keys();
    const network = { subnets: ["subnet-1", "subnet-2"], securityGroups: ["sg-1"], assignPublicIp: "ENABLED" };
    const sent = calls.filter(({ action }) => action === "ecs:RunTask");
    expect(sent.map(({ accessKeyId, body }) => [accessKeyId, body.networkConfiguration])).toEqual(
      Array(2).fill([key, { awsvpcConfiguration: network }]),
    );
  },
  ambient: {
    callers: (aws) => {
      const login = (name: string): Login => {
        const { accessKeyId, secretAccessKey } = aws.accessKey(name, []);
        const file = `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
        return { env: (path) => ({ AWS_SHARED_CREDENTIALS_FILE: path }), file };
      };
      return { args: `submitters: ["user/ada"]`, ada: login("ada"), bob: login("bob") };
    },
    made: async (before, here) => {
      const { keys, users } = here.provisioned();
      expect([keys, users]).toEqual([before.keys, before.users]);
      const { blocks } = JSON.parse((await here.run("manifest", "show")).stdout) as { blocks: unknown };
      // Prefect allows no underscore in a block's name.
      expect(blocks).toEqual({ "aws-credentials/etl-jobs": { data: { region_name: "eu-west-1" } } });
    },
    loggedOut: "aws sso login",
    refused: /perform: ecs:DescribeTaskDefinition.*EcsPushPool grants it for its cluster, to everyone in submitters/,
  },
  unknown: {
    program: `
const { User } = require("@pulumi/aws/iam");
const ada = new User("ada");
const cluster = new aws.TaskCluster("flows", { region, serviceLinkedRole: true });
const logs = new aws.TaskLogGroup("flows", { region, retentionDays: 7 });
const network = new aws.TaskNetwork("flows", { region: logs.logGroupName.apply(() => region), access: "privateNat" });
const images = new aws.EcrRepository("images", { region });
const execution = new aws.ExecutionRole("flows", { region, workPoolName: "etl", logGroupArn: logs.arn, repositoryArns: [images.arn] });
const flows = new aws.TaskRole("may", { policyArns: [] });
const etl = new Pool("etl", { region: ada.name.apply(() => region), endpoints, permissions: "leastPrivilege", user: ada.name,
  clusterArn: cluster.arn, executionRoleArn: execution.arn, taskRoleArn: flows.arn, logGroupName: logs.logGroupName,
  vpcId: network.vpcId, subnetIds: network.subnetIds, securityGroupIds: [network.securityGroupId],
  jobVariables: { image: pulumi.interpolate\`\${images.url}:1\`, env: { ID: ada.uniqueId }, command: "echo hello" },
  secretEnv: { SALT: ada.uniqueId } });
exports.pushPools = manifest({ pools: [etl], deployments: [new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo $ID" })] });`,
    previewed: "etl-push-access-policy",
    defaults: {
      image: expect.stringMatching(/^111111111111\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/images-[0-9a-f]{6}:1$/),
      cluster: expect.stringMatching(/cluster\/flows-cluster-/),
      task_role_arn: expect.stringMatching(/role\/may-role-/),
      network_configuration: { assignPublicIp: "DISABLED", subnets: [expect.stringMatching(/^subnet-/), expect.any(String)] },
      cloudwatch_logs_options: { "awslogs-group": expect.stringMatching(/^\/pushpool\/flows-/) },
    },
    after: async (here, before) => {
      expect((await here.run("run", "hello/prod")).status).toBe(0);
      expect((await here.destroy()).status).toBe(0);
      // The account's service-linked role stays: others may need it by then.
      const linked = here.fake.world.iam.arn("role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
      expect(here.provisioned()).toEqual({ ...before, roles: [...(before.roles ?? []), linked] });
    },
  },
  misspelt: ["clusterARN", "clusterArn"],
  leastPrivilege: ({ policies = [] }) => policies,
});

describeGiven<FakeGoogleCloud>(GCP, {
  parts: ({ runtimeAccount, world: { iam } }) => {
    iam.addAccount("acme", "old-push");
    return {
      both: `runtimeServiceAccount: "${runtimeAccount}"`,
      mine: `serviceAccount: "old-push@acme.iam.gserviceaccount.com"`,
      shared: `credentialsBlock: "gcp-credentials/mine"`,
      output: "pushServiceAccount",
    };
  },
  added: (before, after) => {
    expect([after.accounts, after.keys]).toEqual([before.accounts, ["old-push@acme.iam.gserviceaccount.com"]]);
  },
  ran: ({ calls, world, runtimeAccount }) => {
    const submits = calls.filter(({ method }) => method === "run.jobs.run");
    expect(submits.map(({ member }) => member)).toEqual(Array(2).fill("serviceAccount:old-push@acme.iam.gserviceaccount.com"));
    expect([...world.executions.values()].map(({ template }) => template.serviceAccount)).toEqual(Array(2).fill(runtimeAccount));
  },
  ambient: {
    callers: (google) => {
      const [ada, bob] = [google.serviceAccountKey("ada", []), google.serviceAccountKey("bob", [])];
      const runtime = `serviceAccounts/${google.runtimeAccount}`;
      google.world.iam.bindings = google.world.iam.bindings.filter(({ resource }) => resource !== runtime);
      const env = (path: string) => ({ GOOGLE_APPLICATION_CREDENTIALS: path });
      const login = (key: object): Login => ({ env, file: JSON.stringify(key) });
      return { args: `submitters: ["serviceAccount:${ada.client_email}"]`, ada: login(ada), bob: login(bob) };
    },
    made: async (before, here) => {
      expect(here.provisioned().keys).toEqual(before.keys);
      const { blocks } = JSON.parse((await here.run("manifest", "show")).stdout) as { blocks: unknown };
      // Prefect allows no underscore in a block's name.
      expect(blocks).toEqual({ "gcp-credentials/etl-jobs": { data: { project: "acme" } } });
    },
    loggedOut: "gcloud auth application-default login",
    refused: /'run\.jobs\.create' denied.*CloudRunPushPool grants it, to everyone in submitters/,
  },
  unknown: {
    program: `
const { Account } = require("@pulumi/gcp/serviceaccount");
const account = new Account("flows", { project, accountId: "flows-account" });
const apis = new gcp.ApiEnablement("apis", { project, apis: ["artifactregistry", "compute", "secretmanager"].map((api) => api + ".googleapis.com") });
const images = new gcp.ImageRepository("images", { project, region }, { dependsOn: apis });
const network = new gcp.RunNetwork("net", { project, region, access: "direct" }, { dependsOn: apis });
const etl = new Pool("etl", { project: account.project, region: account.project.apply(() => region), endpoints, permissions: "leastPrivilege",
  runtimeServiceAccount: account.email, subnetwork: network.subnetworkId, jobVariables: { image: pulumi.interpolate\`\${images.url}/etl:1\`, env: { ID: account.uniqueId } },
  secretEnv: { SALT: account.uniqueId }, submitters: [account.member] });
exports.pushPools = manifest({ pools: [etl] });`,
    previewed: "etl-push-account",
    defaults: {
      image: expect.stringMatching(/^europe-west1-docker\.pkg\.dev\/acme\/.*\/etl:1$/),
      service_account_name: "flows-account@acme.iam.gserviceaccount.com",
      region: "europe-west1",
    },
  },
  misspelt: ["permisions", "permissions"],
  leastPrivilege: ({ roles = [] }) => roles,
});

/** Make something in the fake Azure as its owner. @returns its properties */
async function put(azure: FakeAzure, id: string, version: string, body: JsonObject): Promise<JsonObject> {
  const reply = await ask(azure, "PUT", `${azure.scope}/providers/${id}?api-version=${version}`, { location: "westeurope", ...body });
  expect([id, reply.status, reply.body]).toEqual([id, 201, expect.anything()]);
  return (reply.body?.properties ?? {}) as JsonObject;
}

describeGiven<FakeAzure>(AZURE, {
  parts: async (azure) => {
    const { client_id } = azure.client("old-push", []);
    const [registry, pull, flows, network, workspace] = [
      "Microsoft.ContainerRegistry/registries/acmeimages",
      "Microsoft.ManagedIdentity/userAssignedIdentities/pull",
      "Microsoft.ManagedIdentity/userAssignedIdentities/flows-may",
      "Microsoft.Network/virtualNetworks/hub",
      "Microsoft.OperationalInsights/workspaces/flows-log",
    ] as const;
    await put(azure, registry, "2023-01-01-preview", { sku: { name: "Basic" } });
    for (const identity of [pull, flows]) await put(azure, identity, "2023-01-31", {});
    await put(azure, network, "2024-05-01", { properties: { addressSpace: { addressPrefixes: ["10.0.0.0/16"] } } });
    const delegations = [{ name: "aci", properties: { serviceName: "Microsoft.ContainerInstance/containerGroups" } }];
    await put(azure, `${network}/subnets/runs`, "2024-05-01", { properties: { addressPrefix: "10.0.0.0/24", delegations } });
    await put(azure, workspace, "2023-09-01", {});
    const id = (part: string) => `"${azure.scope}/providers/${part}"`;
    return {
      both: `resourceGroupName: "flows", registryId: ${id(registry)}, pullIdentityId: ${id(pull)}, identityIds: [${id(flows)}],
  subnetId: ${id(`${network}/subnets/runs`)}, logWorkspaceId: ${id(workspace)}`,
      mine: `clientId: "${client_id}", permissions: "leastPrivilege"`,
      shared: `credentialsBlock: "azure-container-instance-credentials/mine"`,
      output: "pushClientId",
    };
  },
  added: (
    { roles: _, secrets: __, assignments: ___, ...before },
    { roles = [], secrets, assignments = [], ...rest },
    { world: { access } },
  ) => {
    expect(rest).toEqual(before);
    expect([roles.length, secrets]).toEqual([2, ["old-push", "old-push"]]);
    // On the resource group, both identities, the subnet and the workspace.
    expect(assignments.slice(1).map((each) => (each as { principal: string }).principal)).toEqual(Array(5).fill("old-push"));
    expect(access.assignments.slice(1).every(({ principalType }) => principalType === "ServicePrincipal")).toBe(true);
  },
  ran: ({ calls, world, scope }) => {
    const push = [...world.directory.principals.values()].find(({ displayName }) => displayName === "old-push");
    const created = calls.filter(({ action }) => action === "Microsoft.ContainerInstance/containerGroups/write");
    expect(created.map(({ caller }) => caller)).toEqual(Array(2).fill(push?.objectId));
    const identity = (name: string) => `${scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
    for (const { body } of created)
      expect(body).toMatchObject({
        identity: { type: "UserAssigned", userAssignedIdentities: { [identity("pull")]: {}, [identity("flows-may")]: {} } },
        properties: {
          imageRegistryCredentials: [{ server: "acmeimages.azurecr.io", identity: identity("pull") }],
          subnetIds: [{ id: `${scope}/providers/Microsoft.Network/virtualNetworks/hub/subnets/runs` }],
          diagnostics: { logAnalytics: { workspaceKey: [...world.workspaces.all.values()][0]?.sharedKeys.primary } },
        },
      });
  },
  ambient: {
    callers: (azure) => {
      const [ada, bob] = [azure.client("ada", []), azure.client("bob", [])];
      const login = ({ tenant_id, client_id, client_secret }: typeof ada): Login => ({
        env: () => ({ AZURE_TENANT_ID: tenant_id, AZURE_CLIENT_ID: client_id, AZURE_CLIENT_SECRET: client_secret }),
      });
      return { args: `submitters: ["servicePrincipal/${ada.object_id}"]`, ada: login(ada), bob: login(bob) };
    },
    made: async (before, here) => {
      const { clients, secrets } = here.provisioned();
      expect([clients, secrets]).toEqual([before.clients, before.secrets]);
      const { blocks } = JSON.parse((await here.run("manifest", "show")).stdout) as { blocks: unknown };
      // Prefect allows no underscore in a block's name.
      expect(blocks).toEqual({ "azure-container-instance-credentials/etl-jobs": { data: {} } });
    },
    loggedOut: "az login",
    refused: /resourceGroups\/read'.*ContainerInstancePushPool grants it, to everyone in submitters/,
  },
  unknown: {
    program: `
const group = new azure.RunResourceGroup("flows", { location });
const inGroup = { resourceGroupName: group.resourceGroupName, location };
const images = new azure.ContainerRegistry("images", { ...inGroup, subscriptionId });
const pull = new azure.PullIdentity("pull", { ...inGroup, registryId: images.registryId });
const network = new azure.RunSubnet("net", inGroup);
const logs = new azure.RunLogWorkspace("logs", inGroup);
const registered = new azure.ProviderRegistration("registered", inGroup);
const push = new azure.PushServicePrincipal("other", { resourceGroupName: group.resourceGroupName, subscriptionId });
const etl = new Pool("etl", { subscriptionId: group.location.apply(() => subscriptionId), endpoints, permissions: "leastPrivilege",
  resourceGroupName: group.resourceGroupName, clientId: push.clientId, registryId: images.registryId, pullIdentityId: pull.identityId,
  subnetId: network.subnetId, logWorkspaceId: logs.workspaceId, submitters: [pulumi.interpolate\`servicePrincipal/\${pull.principalId}\`],
  jobVariables: { ...jobVariables, image: pulumi.interpolate\`\${images.loginServer}/etl:1\`, env: { ID: pull.principalId } },
  secretEnv: { SALT: pull.principalId } });
exports.pushPools = manifest({ pools: [etl], deployments: [new Deployment("hello/prod", { workPoolName: etl.workPoolName, command: "echo $ID" })] });`,
    previewed: "etl-push-access-role",
    defaults: {
      image: expect.stringMatching(/^images[0-9a-f]{16}\.azurecr\.io\/etl:1$/),
      image_registry: { registry_url: expect.stringMatching(/^images/), identity: expect.stringMatching(/userAssignedIdentities\/pull-/) },
      identities: [expect.stringMatching(/userAssignedIdentities\/pull-/)],
      subnet_ids: [expect.stringMatching(/\/subnets\/runs$/)],
      subscription_id: "22222222-2222-4222-8222-222222222222",
    },
    after: async (here, before) => {
      expect((await here.run("run", "hello/prod")).status).toBe(0);
      expect((await here.destroy()).status).toBe(0);
      expect(here.provisioned()).toEqual(before);
    },
  },
  misspelt: ["resourceGroup", "resourceGroupName"],
  leastPrivilege: ({ roles = [] }) => roles,
});

test("AWS in China: a pool of that partition can be created, and runs, on spot capacity too", async () => {
  const [region, partition, domain] = ["cn-north-1", "aws-cn", ".amazonaws.com.cn"];
  const here = await awsPlace({ region });
  here.program(`
const etl = new Pool("etl", { ...place, permissions: "leastPrivilege", imageRepository: true, secretEnv: { PASSWORD: "x" } });
const on = (name, launch_type) => new Deployment(name, { workPoolName: etl.workPoolName, command: "echo hello",
  jobVariables: { launch_type, image: pulumi.interpolate\`\${etl.imageRepository}:1\` } });
exports.pushPools = manifest({ pools: [etl], deployments: [on("hello/prod", "FARGATE"), on("hello/spot", "FARGATE_SPOT")] });`);
  expect((await here.up()).status).toBe(0);
  for (const name of ["hello/prod", "hello/spot"]) expect(await here.run("run", name)).toMatchObject({ status: 0, stdout: "hello\n" });
  const tasks = [...here.fake.world.tasks.values()].map(({ record }) => record);
  expect(tasks.map(({ taskArn }) => taskArn)).toEqual(Array(2).fill(expect.stringMatching(new RegExp(`^arn:${partition}:ecs:${region}:`))));
  expect(tasks.map(({ more }) => more.capacityProviderName)).toEqual([undefined, "FARGATE_SPOT"]);
  const image = new RegExp(`^111111111111\\.dkr\\.ecr\\.${region}${domain.replaceAll(".", "\\.")}/etl-images-[0-9a-f]{6}:1$`);
  expect(tasks[0]?.containers[0]?.image).toMatch(image);
}, 600_000);
