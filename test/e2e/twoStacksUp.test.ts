import { expect, test } from "vitest";
import { awsPlace } from "./clouds/aws";
import { azurePlace } from "./clouds/azure";
import { gcpPlace } from "./clouds/gcp";
import type { Ended } from "./pushpool";

// Two stacks of one program side by side in one account. Each runs with its own secrets, cannot access the other, and is destroyed alone.

const SAYS = "sh -c 'echo $PASSWORD and $TOKEN'";

interface Side {
  up(...args: string[]): Promise<Ended>;
  run(...args: string[]): Promise<Ended>;
}

async function bothRun(here: Side): Promise<void> {
  for (const stack of ["dev", "prod"]) expect([stack, await here.up("--stack", stack)]).toMatchObject([stack, { status: 0 }]);
  for (const stack of ["dev", "prod"])
    expect(await here.run("run", "hello/secret", "--stack", stack)).toMatchObject({
      status: 0,
      stdout: `${stack}-password and ${stack}-token\n`,
    });
}

test("AWS", async () => {
  const here = await awsPlace();
  here.program(`
const stack = pulumi.getStack();
const etl = new aws.EcsPushPool("etl", { region, endpoints, permissions: "leastPrivilege", secretEnv: { PASSWORD: stack + "-password" }, jobVariables: { image: "acme/etl:1" } });
const env = { TOKEN: pulumi.secret(stack + "-token") };
const hello = new Deployment("hello/secret", { workPoolName: etl.workPoolName, command: ${JSON.stringify(SAYS)}, jobVariables: { env } });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
  await bothRun(here);
  const { world } = here.fake;
  const { iam } = world;
  const names = [...world.parameters.keys()];
  const taskOf = (stack: string) => {
    const found = [...world.tasks.values()].find(({ tags }) => tags.some(({ value }) => String(value).startsWith(`data-${stack}-`)));
    if (!found) throw new Error(`there is no task of ${stack}`);
    return found;
  };
  const sides = ["dev", "prod"].map((stack) => {
    const { record, definition, tags: ofTask } = taskOf(stack);
    const { executionRoleArn } = definition.definition as { executionRoleArn?: string };
    const role = iam.roles.get(executionRoleArn ?? "");
    const { registeredBy } = definition.definition as { registeredBy?: string };
    const user = [...iam.users.values()].find(({ arn }) => arn === registeredBy);
    if (!role || !user) throw new Error(`${stack} has no role or no user`);
    const tags = Object.fromEntries(ofTask.map(({ key, value }) => [`aws:ResourceTag/${key}`, String(value)]));
    const definitionTags = Object.fromEntries(definition.tags.map(({ key, value }) => [`aws:ResourceTag/${key}`, String(value)]));
    return {
      stack,
      record,
      definition,
      role,
      user,
      tags,
      definitionTags,
      parameters: names.filter((name) => name.includes(`/data-${stack}-`)),
    };
  });
  expect(sides.map(({ parameters }) => parameters.length)).toEqual([2, 2]);
  for (const own of sides) {
    for (const of of sides) {
      const same = own === of;
      const { record, definition } = of;
      const cluster = { "ecs:cluster": record.clusterArn };
      // As if both were in one cluster: tags must separate them too.
      const shared = { "ecs:cluster": own.record.clusterArn };
      const sharedTask = record.taskArn.replace(/task\/[^/]+/, `task/${own.record.clusterArn.split("/")[1]}`);
      for (const name of of.parameters) {
        const arn = world.arn("ssm", `parameter${name}`);
        expect([name, iam.allows(own.role, "ssm:GetParameters", arn, {})]).toEqual([name, same]);
        for (const action of ["ssm:GetParameters", "ssm:GetParameter"]) expect(iam.allows(own.user, action, arn, {})).toBe(false);
        for (const action of ["ssm:PutParameter", "ssm:DeleteParameters"]) expect(iam.allows(own.user, action, arn, {})).toBe(same);
      }
      const may = (action: string, arn: string, context: Record<string, string>) => iam.allows(own.user, action, arn, context);
      expect(may("ecs:RunTask", definition.definition.taskDefinitionArn, { ...shared, ...of.definitionTags })).toBe(same);
      expect(may("ecs:DeleteTaskDefinitions", definition.definition.taskDefinitionArn, of.definitionTags)).toBe(same);
      for (const action of ["ecs:StopTask", "ecs:DescribeTasks"]) {
        expect(may(action, record.taskArn, { ...cluster, ...of.tags })).toBe(same);
        expect(may(action, sharedTask, { ...shared, ...of.tags })).toBe(same);
      }
      expect(may("iam:PassRole", of.role.arn, { "iam:PassedToService": "ecs-tasks.amazonaws.com" })).toBe(same);
      const { logConfiguration } =
        (definition.definition.containerDefinitions as { logConfiguration?: { options: Record<string, string> } }[])[0] ?? {};
      const group = logConfiguration?.options["awslogs-group"];
      expect(may("logs:FilterLogEvents", `${world.arn("logs", `log-group:${group}`)}:*`, {})).toBe(same);
    }
  }

  const destroyed = await here.run("destroy", "--engine", "offline", "--yes", "--stack", "dev");
  expect([destroyed.status, destroyed.stderr]).toEqual([
    0,
    expect.stringContaining(`work pool "etl": removed what its runs had made: 1 secret in Parameter Store, 1 task definition`),
  ]);
  expect([...world.parameters.keys()].sort()).toEqual(sides[1]?.parameters.sort());
  const active = [...world.families.values()].flat().filter(({ definition }) => definition.status !== "DELETE_IN_PROGRESS");
  expect(active).toEqual([sides[1]?.definition]);
  expect(await here.run("run", "hello/secret", "--stack", "prod")).toMatchObject({ status: 0, stdout: "prod-password and prod-token\n" });
  expect((await here.run("destroy", "--engine", "offline", "--yes", "--stack", "prod")).status).toBe(0);
  expect(world.parameters.size).toBe(0);
}, 300_000);

test("Google Cloud", async () => {
  const here = await gcpPlace();
  here.program(`
const stack = pulumi.getStack();
const etl = new gcp.CloudRunPushPool("etl", { project: "acme", region: "europe-west1", endpoints, permissions: "leastPrivilege", secretEnv: { PASSWORD: stack + "-password" }, jobVariables: { image: "acme/etl:1" } });
const env = { TOKEN: pulumi.secret(stack + "-token") };
const hello = new Deployment("hello/secret", { workPoolName: etl.workPoolName, command: ${JSON.stringify(SAYS)}, jobVariables: { env } });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
  await bothRun(here);
  const { world } = here.fake;
  const { iam } = world;
  const jobs = [...world.jobs.values()];
  expect(jobs.map(({ labels }) => labels?.["pushpool-stack"]?.slice(0, -11))).toEqual(["data-dev", "data-prod"]);
  const readers = iam.bindings.filter(({ role }) => role === "roles/secretmanager.secretAccessor");
  expect(new Set(readers.map(({ resource, member }) => `${resource} ${member}`)).size).toBe(2);
  for (const { resource, member } of readers)
    for (const other of readers)
      expect(iam.may(member, "secretmanager.versions.access", [other.resource])).toBe(other.resource === resource);
  // No submitter can read secrets, or act as the other stack's account.
  for (const email of [...iam.accounts.keys()].filter((each) => each.startsWith("etl-push"))) {
    for (const { resource } of readers)
      expect(iam.may(`serviceAccount:${email}`, "secretmanager.versions.access", ["projects/acme", resource])).toBe(false);
    const accounts = [...iam.accounts.keys()].filter((each) =>
      iam.may(`serviceAccount:${email}`, "iam.serviceAccounts.actAs", ["projects/acme", `serviceAccounts/${each}`]),
    );
    expect(accounts).toHaveLength(1);
  }

  const destroyed = await here.run("destroy", "--engine", "offline", "--yes", "--stack", "dev");
  expect([destroyed.status, destroyed.stderr]).toEqual([0, expect.stringContaining(`removed what its runs had made: 1 Cloud Run Job`)]);
  expect([...world.jobs.values()]).toEqual([jobs[1]]);
  expect([...world.secrets.keys()]).toHaveLength(1);
  expect(await here.run("run", "hello/secret", "--stack", "prod")).toMatchObject({ status: 0, stdout: "prod-password and prod-token\n" });
  expect((await here.run("destroy", "--engine", "offline", "--yes", "--stack", "prod")).status).toBe(0);
  expect([world.jobs.size, world.secrets.size]).toEqual([0, 0]);
}, 300_000);

test("Azure", async () => {
  const here = await azurePlace();
  here.program(`
const stack = pulumi.getStack();
const etl = new Pool("etl", { ...place, permissions: "leastPrivilege", imageRepository: true, secretEnv: { PASSWORD: stack + "-password" } });
const own = { image: pulumi.interpolate\`\${etl.imageRepository}/etl:1\`, env: { TOKEN: pulumi.secret(stack + "-token") } };
const hello = new Deployment("hello/secret", { workPoolName: etl.workPoolName, command: ${JSON.stringify(SAYS)}, jobVariables: own });
exports.pushPools = manifest({ pools: [etl], deployments: [hello] });`);
  const empty = here.provisioned();
  await bothRun(here);
  const { world } = here.fake;
  const ofStack = (mark: string) => [...world.directory.principals.values()].filter(({ displayName }) => displayName.startsWith(mark));
  const groups = [...world.resourceGroups.values()].filter(({ name }) => name.startsWith("etl-"));
  const pushes = ofStack("etl-push");
  expect([groups.length, pushes.length]).toEqual([2, 2]);
  // Each principal may submit to one of the two groups, and assign one of the two identities.
  for (const [action, scopes] of [
    [
      "Microsoft.ContainerInstance/containerGroups/write",
      groups.map(({ id }) => `${id}/providers/Microsoft.ContainerInstance/containerGroups/x`),
    ],
    ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", [...world.identities.values()].map(({ id }) => id)],
  ] as const) {
    const allowed = pushes.map((push) => scopes.filter((scope) => world.access.allows(push, action, scope)));
    expect([action, allowed.map((mine) => mine.length), new Set(allowed.flat()).size]).toEqual([action, [1, 1], 2]);
  }
  // No name is there twice: not in the subscription, and not in the tenant.
  const { roles, clients, identities } = here.provisioned() as Record<string, string[]>;
  for (const names of [roles, clients, identities]) expect(new Set(names).size).toBe(names?.length);

  expect((await here.destroy("--stack", "dev")).status).toBe(0);
  expect(await here.run("run", "hello/secret", "--stack", "prod")).toMatchObject({ status: 0, stdout: "prod-password and prod-token\n" });
  expect((await here.destroy("--stack", "prod")).status).toBe(0);
  expect(here.provisioned()).toEqual(empty);
}, 600_000);
