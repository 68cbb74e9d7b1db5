import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { ContainerInstancePushPool, type ContainerInstancePushPoolArgs } from "../../../components/azure";

// Names in Azure: by Azure's rules, whatever the component is called, and none twice. What is secret is marked so.

interface Declared {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

const declared: Declared[] = [];

beforeAll(() => {
  pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      declared.push({ type, name, inputs });
      return { id: `/subscriptions/s/resourceGroups/g/providers/${name}`, state: { name, objectId: name, clientId: name, ...inputs } };
    },
    call: ({ inputs }) => ({ ...inputs, primarySharedKey: "key", principalId: "principal" }),
  });
});

const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";
const EVERYTHING: ContainerInstancePushPoolArgs = {
  subscriptionId: SUBSCRIPTION,
  location: "westeurope",
  permissions: "leastPrivilege",
  network: "privateNat",
  imageRepository: true,
  logAnalytics: true,
  registerProvider: true,
};

/** What a pool declares, once all of it is declared. */
async function declare(name: string, more: ContainerInstancePushPoolArgs = {}): Promise<Declared[]> {
  declared.splice(0);
  new ContainerInstancePushPool(name, { ...EVERYTHING, workPoolName: "etl", ...more });
  await pulumi.runtime.disconnect();
  return [...declared];
}

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
const RULES: Record<string, RegExp> = {
  resourceGroupName: /^[-\w.()]{0,89}[-\w()]$/,
  registryName: /^[a-zA-Z0-9]{5,50}$/,
  resourceName: /^[a-zA-Z0-9][\w-]{2,127}$/,
  virtualNetworkName: /^[a-zA-Z0-9]([\w.-]{0,62}\w)$/,
  subnetName: /^[a-zA-Z0-9]([\w.-]{0,78}\w)$/,
  natGatewayName: /^[a-zA-Z0-9]([\w.-]{0,78}\w)$/,
  publicIpAddressName: /^[a-zA-Z0-9]([\w.-]{0,78}\w)$/,
  workspaceName: /^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$/,
  containerGroupProfileName: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  displayName: /^.{1,120}$/,
  roleName: /^.{1,512}$/,
};

test("Azure takes every name, whatever the component is called", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }), async (name) => {
      // In a resource inside of another one, the mocks give the other's name.
      const own = (await declare(name)).map(({ type, inputs: { resourceGroupName, virtualNetworkName, ...inputs } }) => ({
        ...inputs,
        ...(type.endsWith(":ResourceGroup") ? { resourceGroupName } : {}),
        ...(type.endsWith(":VirtualNetwork") ? { virtualNetworkName } : {}),
      }));
      const found = own.flatMap((inputs) => Object.entries(inputs).filter(([field]) => Object.hasOwn(RULES, field)));
      expect(new Set(found.map(([field]) => field))).toEqual(new Set(Object.keys(RULES)));
      for (const [field, value] of found) expect([field, value]).toEqual([field, expect.stringMatching(RULES[field] as RegExp)]);
    }),
    { numRuns: 20 },
  );
});

test("a registry has another name in another subscription, and each name another one for another pool", async () => {
  const namesOf = (all: Declared[]) =>
    all.flatMap(({ inputs }) =>
      Object.entries(inputs).filter(([field]) => field !== "subnetName" && field !== "resourceGroupName" && Object.hasOwn(RULES, field)),
    );
  const registryOf = (all: Declared[]) => all.find(({ type }) => type.endsWith(":Registry"))?.inputs.registryName;
  const [one, other, elsewhere] = [
    await declare("etl"),
    await declare("load"),
    await declare("etl", { subscriptionId: SUBSCRIPTION.replace("2222", "3333") }),
  ];
  expect(registryOf(one)).not.toBe(registryOf(elsewhere));
  const mine = new Set(namesOf(one).map(([, value]) => value));
  const shared = namesOf(other).filter(([field, value]) => field !== "displayName" && mine.has(value));
  expect(shared).toEqual([]);
});

test("every role assignment says what it is for whom: Azure does not find a new principal yet", async () => {
  const assigned = (await declare("etl", { submitters: [`user/${SUBSCRIPTION}`, `group/${SUBSCRIPTION}`] })).filter(({ type }) =>
    type.endsWith(":RoleAssignment"),
  );
  expect(assigned.map(({ inputs }) => inputs.principalType).sort()).toEqual([
    ...Array(4).fill("Group"),
    ...Array(5).fill("ServicePrincipal"),
    ...Array(4).fill("User"),
  ]);
});

test("what is secret is marked so: the client secret, the workspace's key, secretEnv", async () => {
  const pool = new ContainerInstancePushPool("secrets", { ...EVERYTHING, secretEnv: { PASSWORD: "plain" } });
  const { blocks, pool: fields } = pool.definition;
  const credentials = blocks["azure-container-instance-credentials/secrets"].data;
  const values = blocks["secret/secrets-runs"].data.value;
  for (const secret of [credentials.client_secret, values.PASSWORD, values["workspace-key"]])
    expect(await pulumi.isSecret(secret)).toBe(true);
  for (const plain of [credentials.client_id, credentials.tenant_id]) expect(await pulumi.isSecret(plain)).toBe(false);
  const { env, log_workspace_key: key } = fields.baseJobTemplate.variables.properties;
  expect([env.default, key.default]).toEqual([
    { PASSWORD: "{{ prefect.blocks.secret.secrets-runs.PASSWORD }}" },
    "{{ prefect.blocks.secret.secrets-runs.workspace-key }}",
  ]);
});
