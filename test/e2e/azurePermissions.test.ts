import { expect, test } from "vitest";
import { leastPrivilege } from "../../components/azure/leastPrivilege";
import { type AzurePlace, azurePlace } from "./clouds/azure";
import type { Ended } from "./pushpool";

// A pool's service principal has exactly the permissions that runs need. Without any one of them something fails, with the action's name and
// the fix.

const POOL = (more: string) => `
const etl = new Pool("etl", { ...place, imageRepository: true, network: "privateNat", ${more} });
const image = pulumi.interpolate\`\${etl.imageRepository}/etl:1\`;
const deployment = (name, command) => new Deployment(name, { workPoolName: etl.workPoolName, command, jobVariables: { image } });
exports.pushPools = manifest({ pools: [etl], deployments: [deployment("hello/prod", "echo hello"), deployment("hello/long", "sleep 100")] });`;

/** A place whose secrets are old when they are made: nobody waits for them, or for a role, to become effective. */
async function agedPlace(): Promise<AzurePlace> {
  const here = await azurePlace();
  const { directory } = here.fake.world;
  const add = directory.addSecret.bind(directory);
  directory.addSecret = (client, more) => {
    const { startAt = Date.now() } = more ?? {};
    return add(client, { ...more, startAt: startAt - 36_000_000 });
  };
  return here;
}

const RUN = ["run", "hello/prod"];
const GROUPS = "Microsoft.ContainerInstance/containerGroups";

/** By action, in this order: what fails without it, with exit code 5. */
const USES: Record<string, string[]> = {
  "Microsoft.Resources/subscriptions/resourceGroups/read": RUN,
  [`${GROUPS}/write`]: RUN,
  [`${GROUPS}/read`]: RUN,
  "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action": RUN,
  "Microsoft.Network/virtualNetworks/subnets/join/action": RUN,
  [`${GROUPS}/stop/action`]: ["cancel", "long"],
};
/** What reports the error and continues: the run has ended all the same. */
const TOLD: Record<string, string[]> = {
  [`${GROUPS}/containers/logs/read`]: RUN,
  [`${GROUPS}/delete`]: RUN,
};
/** What only Prefect's own dispatcher uses. */
const OF_PREFECT = ["write", "read", "operationstatuses/read"].map((part) => `Microsoft.Resources/deployments/${part}`);

test("leastPrivilege: everything works with the roles, and without any one action its use fails", async () => {
  const here = await agedPlace();
  here.program(POOL(`permissions: "leastPrivilege"`));
  expect((await here.up()).status).toBe(0);
  const { access } = here.fake.world;
  const own = [...access.definitions.values()].filter(({ builtIn }) => !builtIn);
  const all = leastPrivilege({ identities: true, subnet: true, workspace: false }).map(({ action }) => action);
  expect(own.flatMap(({ actions }) => actions).sort()).toEqual([...all].sort());
  expect(new Set([...Object.keys(USES), ...Object.keys(TOLD), ...OF_PREFECT])).toEqual(new Set(all));

  const restore = () => {
    for (const role of own) access.definitions.set(role.name, role);
  };
  const without = async (action: string, command: string[]): Promise<Ended> => {
    for (const role of own) access.definitions.set(role.name, { ...role, actions: role.actions.filter((each) => each !== action) });
    const ended = await here.run(...command);
    restore();
    expect([action, ended.stderr]).toEqual([action, expect.stringContaining(`'${action}'`)]);
    expect(ended.stderr).toMatch(
      /it needs "[A-Za-z ]+" on the [a-z, ]+, or a role of your own with that action\. ContainerInstancePushPool grants it/,
    );
    return ended;
  };
  for (const [action, command] of Object.entries(USES)) {
    if (command[0] === "cancel") expect((await here.run("run", "hello/long", "--detach", "--flow-run-name", "long")).status).toBe(0);
    expect([action, (await without(action, command)).status]).toEqual([action, 5]);
  }
  expect((await here.run("cancel", "long")).status).toBe(0);
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });
  for (const [action, command] of Object.entries(TOLD)) expect([action, (await without(action, command)).status]).toEqual([action, 0]);
  // Another identity of the same resource group is out of reach, and so are commands in containers.
  const [push] = [...here.fake.world.directory.principals.values()].filter(({ displayName }) => displayName.startsWith("etl-push"));
  if (!push) throw new Error("there is no service principal");
  const group = [...here.fake.world.resourceGroups.values()].find(({ name }) => name.startsWith("etl"))?.id;
  expect(access.allows(push, `${GROUPS}/write`, `${group}/providers/${GROUPS}/x`)).toBe(true);
  for (const [action, scope] of [
    [
      "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x`,
    ],
    [`${GROUPS}/containers/exec/action`, `${group}/providers/${GROUPS}/x`],
    [`${GROUPS}/write`, `${here.fake.scope}/providers/${GROUPS}/x`],
    ["Microsoft.Authorization/roleAssignments/write", group ?? ""],
  ] as const)
    expect([action, access.allows(push, action, scope)]).toEqual([action, false]);
}, 400_000);

test("documented: without any one role the message has the fix, and up restores it", async () => {
  const here = await agedPlace();
  here.program(POOL(""));
  expect((await here.up()).status).toBe(0);
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });
  const { access } = here.fake.world;
  const CASES: [role: string, told: string][] = [
    ["Azure Container Instances Contributor Role", 'it needs "Azure Container Instances Contributor Role" on the resource group'],
    ["Managed Identity Operator", 'it needs "Managed Identity Operator" on the identity'],
    ["Network Contributor", 'it needs "Network Contributor" on the subnet'],
    ["AcrPull", "AcrPull"],
  ];
  const isOf = (role: string) => (each: (typeof access.assignments)[number]) => access.definition(each.roleDefinitionId)?.roleName === role;
  expect(new Set(access.assignments.map(({ roleDefinitionId }) => access.definition(roleDefinitionId)?.roleName))).toEqual(
    new Set(["Owner", ...CASES.map(([role]) => role)]),
  );
  for (const [role, told] of CASES) {
    const at = access.assignments.findIndex(isOf(role));
    const [taken] = access.assignments.splice(at, 1);
    const ended = await here.run(...RUN);
    expect([role, ended.status, ended.stderr]).toEqual([role, 5, expect.stringContaining(told)]);
    if (taken && role !== "AcrPull") access.assignments.push(taken);
  }
  for (const command of ["refresh", "up"]) expect((await here.run(command, "--engine", "offline", "--yes")).status).toBe(0);
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });
}, 400_000);
