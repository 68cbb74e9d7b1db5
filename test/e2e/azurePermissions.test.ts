import { describe, expect, test } from "vitest";
import { leastPrivilege } from "../../components/azure/leastPrivilege";
import type { FakeAzure, FakeAzureOptions } from "../../src/testing";
import type { RoleDefinition } from "../../src/testing/clouds/azure/azureAccess";
import { AZURE, type AzurePlace, azurePlace } from "./clouds/azure";
import { describePermissions, type Submitter } from "./permissions";

// Whoever submits has exactly the permissions that runs need.

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

describe("leastPrivilege", () => {
  const watch = (by: Submitter) => by.done("prod");
  describePermissions<FakeAzure, FakeAzureOptions>({
    cloud: AZURE,
    args: `imageRepository: true, network: "privateNat"`,
    deployments: `((image) => ({
  prod: { command: "echo hello", jobVariables: { image } },
  long: { command: "sleep 100", jobVariables: { image } },
}))(pulumi.interpolate\`\${pool.imageRepository}/etl:1\`)`,
    person: (azure) => {
      const { tenant_id, client_id, client_secret, object_id } = azure.client("ada", []);
      return {
        member: `servicePrincipal/${object_id}`,
        env: () => ({ AZURE_TENANT_ID: tenant_id, AZURE_CLIENT_ID: client_id, AZURE_CLIENT_SECRET: client_secret }),
      };
    },
    granted: ({ world: { access, directory, resourceGroups } }, mode) => {
      const names = { key: "key-push", federated: "federated-push", ambient: "ada" };
      const who = [...directory.principals.values()].find(({ displayName }) => displayName.startsWith(names[mode]));
      if (!who) throw new Error("there is no service principal");
      const assigned = access.assignments.filter(({ principalId }) => principalId === who.objectId);
      const own = assigned.map(({ roleDefinitionId }) => access.definition(roleDefinitionId) as RoleDefinition);
      expect(own.filter(({ builtIn }) => builtIn)).toEqual([]);
      const roles = [...new Set(own)];

      // Another identity of the same resource group is out of reach, and so are commands in containers.
      const group = [...resourceGroups.values()].find(({ name }) => name.startsWith(`${mode}-`))?.id ?? "";
      const allows = (action: string, scope: string) => access.allows(who, action, scope);
      expect(allows(`${GROUPS}/write`, `${group}/providers/${GROUPS}/x`)).toBe(true);
      const subscription = group.replace(/\/resourceGroups\/.*/, "");
      for (const [action, scope] of [
        [
          "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
          `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x`,
        ],
        [`${GROUPS}/containers/exec/action`, `${group}/providers/${GROUPS}/x`],
        [`${GROUPS}/write`, `${subscription}/resourceGroups/flows/providers/${GROUPS}/x`],
        ["Microsoft.Authorization/roleAssignments/write", group],
      ] as const)
        expect([action, allows(action, scope)]).toEqual([action, false]);

      return {
        all: roles.flatMap(({ actions }) => actions),
        remove: (action) => {
          for (const role of roles) access.definitions.set(role.name, { ...role, actions: role.actions.filter((each) => each !== action) });
          return () => {
            for (const role of roles) access.definitions.set(role.name, role);
          };
        },
      };
    },
    needed: leastPrivilege({ identities: true, subnet: true, workspace: false }).map(({ action }) => action),
    begin: async (by) => {
      const { run, lines, warnings } = await by.done("prod");
      expect([run.state.type, lines, warnings]).toEqual(["COMPLETED", ["hello"], []]);
      return { first: run, long: await by.start("long") };
    },
    refused: {
      // The ledger knows where the resource group is.
      "Microsoft.Resources/subscriptions/resourceGroups/read": async (by) => watch(await by.elsewhere()),
      [`${GROUPS}/write`]: watch,
      [`${GROUPS}/read`]: watch,
      "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action": watch,
      "Microsoft.Network/virtualNetworks/subnets/join/action": watch,
      [`${GROUPS}/stop/action`]: ({ runs }, { long }) => runs.cancelRun(long.id),
    },
    // The run has ended all the same.
    warned: { [`${GROUPS}/containers/logs/read`]: watch, [`${GROUPS}/delete`]: watch },
    tidying: [],
    ofPrefect: ["write", "read", "operationstatuses/read"].map((part) => `Microsoft.Resources/deployments/${part}`),
    denial: (action) => `'${action}'`,
    fix: () => /it needs "[A-Za-z ]+" on the [a-z, ]+, or a role of your own with that action\. ContainerInstancePushPool grants it/,
    denied: { key: /application \S+/, federated: /application \S+/, ambient: /your own Azure login/ },
  });
});

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
  expect((await here.run("up", "--engine", "offline", "--yes", "--", "--refresh")).status).toBe(0);
  expect(await here.run(...RUN)).toMatchObject({ status: 0, stdout: "hello\n" });
}, 400_000);
