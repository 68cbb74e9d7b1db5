import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../../src/json";
import {
  azureadProvider,
  azureNativeProvider,
  type FakeAzure,
  type Found,
  type StandInResource,
  startFakeAzure,
} from "../../../../src/testing";
import { provisioned } from "../../../e2e/clouds/azure";
import { ask } from "../../clouds/azure/azure";

// Each resource type alone: the fake has what it creates, it reads changes there, and deleted resources no longer exist.

const SUBSCRIPTION = "/subscriptions/22222222-2222-4222-8222-222222222222";
const FLOWS = `${SUBSCRIPTION}/resourceGroups/flows`;
const IN_GROUP = { resourceGroupName: "flows", location: "westeurope" };
const PRINCIPAL = "33333333-3333-4333-8333-333333333333";
const ROLE = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`;
const GUID = "44444444-4444-4444-8444-444444444444";

interface Case {
  /** From what there is already: an application, and its id. */
  inputs: JsonObject | ((given: { clientId: string; applicationId: string }) => JsonObject);
  /** Someone changes it, and which outputs then differ. Absent: it can only be deleted. */
  drift?: [change: (azure: FakeAzure) => void, seen: JsonObject];
  /** Someone deletes it. */
  gone: (azure: FakeAzure) => void;
}

const keptGone = ({ world }: FakeAzure) => {
  for (const key of world.kept.keys()) if (!key.endsWith("/given")) world.kept.delete(key);
};
const keptHas = (more: JsonObject): Case["drift"] => [
  ({ world }) => {
    for (const [name, found] of world.kept)
      if (!name.endsWith("/given")) world.kept.set(name, { ...found, properties: { ...(found.properties as JsonObject), ...more } });
  },
  more,
];
const last = (azure: FakeAzure) => [...azure.world.directory.clients.values()].at(-1);

const CASES: Record<string, Case> = {
  "azure-native:resources:ResourceGroup": {
    inputs: { resourceGroupName: "etl", location: "westeurope" },
    gone: ({ world }) => world.resourceGroups.delete("etl"),
  },
  "azure-native:authorization:RoleAssignment": {
    inputs: { scope: FLOWS, roleAssignmentName: GUID, principalId: PRINCIPAL, principalType: "ServicePrincipal", roleDefinitionId: ROLE },
    gone: ({ world }) => world.access.assignments.splice(1),
  },
  "azure-native:authorization:RoleDefinition": {
    inputs: {
      scope: FLOWS,
      roleDefinitionId: GUID,
      roleName: "submit",
      roleType: "CustomRole",
      description: "d",
      assignableScopes: [FLOWS],
      permissions: [{ actions: ["Microsoft.ContainerInstance/containerGroups/read"], notActions: [] }],
    },
    drift: [
      ({ world }) => {
        const role = world.access.definitions.get(GUID);
        if (role) world.access.definitions.set(GUID, { ...role, description: "mine" });
      },
      { description: "mine" },
    ],
    gone: ({ world }) => world.access.definitions.delete(GUID),
  },
  "azure-native:managedidentity:UserAssignedIdentity": {
    inputs: { ...IN_GROUP, resourceName: "pull" },
    gone: ({ world }) => {
      for (const identity of [...world.identities.values()]) world.removeIdentity(identity);
    },
  },
  "azure-native:containerregistry:Registry": {
    inputs: { ...IN_GROUP, registryName: "acmeflows", sku: { name: "Basic" }, adminUserEnabled: false },
    drift: keptHas({ adminUserEnabled: true }),
    gone: keptGone,
  },
  "azure-native:containerinstance:ContainerGroupProfile": {
    inputs: {
      ...IN_GROUP,
      containerGroupProfileName: "nothing",
      osType: "Linux",
      restartPolicy: "Never",
      containers: [{ name: "a", image: "b", resources: { requests: { cpu: 1, memoryInGB: 1 } } }],
    },
    drift: keptHas({ restartPolicy: "Always" }),
    gone: keptGone,
  },
  "azure-native:network:VirtualNetwork": {
    inputs: { ...IN_GROUP, virtualNetworkName: "net", addressSpace: { addressPrefixes: ["10.1.0.0/16"] } },
    drift: keptHas({ addressSpace: { addressPrefixes: ["10.2.0.0/16"] } }),
    gone: keptGone,
  },
  "azure-native:network:PublicIPAddress": {
    inputs: { ...IN_GROUP, publicIpAddressName: "out", sku: { name: "Standard" }, publicIPAllocationMethod: "Static" },
    drift: keptHas({ publicIPAllocationMethod: "Dynamic" }),
    gone: keptGone,
  },
  "azure-native:network:NatGateway": {
    inputs: { ...IN_GROUP, natGatewayName: "nat", sku: { name: "Standard" }, publicIpAddresses: [] },
    drift: keptHas({ publicIpAddresses: [{ id: "x" }] }),
    gone: keptGone,
  },
  "azure-native:network:Subnet": {
    inputs: {
      resourceGroupName: "flows",
      virtualNetworkName: "given",
      subnetName: "runs",
      addressPrefix: "10.0.0.0/24",
      delegations: [{ name: "runs", serviceName: "Microsoft.ContainerInstance/containerGroups" }],
    },
    drift: keptHas({ addressPrefix: "10.0.1.0/24" }),
    gone: keptGone,
  },
  "azure-native:operationalinsights:Workspace": {
    inputs: { ...IN_GROUP, workspaceName: "logs", retentionInDays: 60, sku: { name: "PerGB2018" } },
    drift: [
      ({ world }) => {
        for (const workspace of world.workspaces.all.values()) workspace.retentionInDays = 90;
      },
      { retentionInDays: 90 },
    ],
    gone: ({ world }) => world.workspaces.all.clear(),
  },
  "azuread:index/application:Application": {
    inputs: { displayName: "etl" },
    drift: [(azure) => Object.assign(last(azure) ?? {}, { displayName: "mine" }), { displayName: "mine" }],
    gone: (azure) => {
      const client = last(azure);
      if (client) azure.world.directory.deleteClient(client);
    },
  },
  "azuread:index/servicePrincipal:ServicePrincipal": {
    inputs: ({ clientId }) => ({ clientId }),
    gone: ({ world: { directory } }) => {
      const [owner] = directory.principals.keys();
      for (const id of directory.principals.keys()) if (id !== owner) directory.principals.delete(id);
    },
  },
  "azuread:index/applicationPassword:ApplicationPassword": {
    inputs: ({ applicationId }) => ({ applicationId, displayName: "pushpool" }),
    gone: (azure) => Object.assign(last(azure) ?? {}, { secrets: [] }),
  },
  "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": {
    inputs: ({ applicationId }) => ({
      ...{ applicationId, displayName: "pushpool", description: "d", issuer: "https://gitlab.com", subject: "a" },
      audiences: ["api://AzureADTokenExchange"],
    }),
    drift: [(azure) => Object.assign(last(azure)?.federated[0] ?? {}, { subject: "b" }), { subject: "b" }],
    gone: (azure) => Object.assign(last(azure) ?? {}, { federated: [] }),
  },
};

let azure: FakeAzure;
let resources: Readonly<Record<string, StandInResource>>;
let given: { clientId: string; applicationId: string };
beforeEach(async () => {
  azure = await startFakeAzure();
  onTestFinished(() => azure.stop());
  resources = { ...azureNativeProvider(azure).resources, ...azureadProvider(azure).resources };
  const network = { location: "westeurope", properties: { addressSpace: { addressPrefixes: ["10.0.0.0/16"] } } };
  await ask(azure, "PUT", `${FLOWS}/providers/Microsoft.Network/virtualNetworks/given?api-version=2024-05-01`, network);
  const { appId, id } = azure.world.directory.addClient("given");
  given = { clientId: appId, applicationId: `/applications/${id}` };
});

const asked = { urn: "", name: "x" };

test("every type is here", () => expect(Object.keys(CASES).sort()).toEqual(Object.keys(resources).sort()));

test.each(Object.entries(CASES))("%s", async (token, { inputs: declared, drift, gone }) => {
  const type = resources[token] as StandInResource;
  const inputs = typeof declared === "function" ? declared(given) : declared;
  const empty = structuredClone(provisioned(azure));
  const make = async (): Promise<Found & { outputs: JsonObject }> => {
    const { id, outputs } = await type.create({ ...type.defaults, ...inputs }, asked);
    return { id, outputs: { ...inputs, ...outputs } };
  };
  const read = (known: Found & { outputs: JsonObject }) => type.read?.(known.id, known.outputs, asked);

  const made = await make();
  expect(provisioned(azure)).not.toEqual(empty);
  for (const name of type.computed ?? []) expect([name, made.outputs[name] ?? ""]).not.toEqual([name, null]);
  const found = await read(made);
  expect(found?.id).toBe(made.id);
  expect(made.outputs).toMatchObject(found?.outputs ?? {});
  if (drift) {
    drift[0](azure);
    expect((await read(made))?.outputs).toMatchObject(drift[1]);
    // What is written again is as declared.
    await type.update?.(made.id, { ...type.defaults, ...inputs }, made.outputs, asked);
    expect(made.outputs).toMatchObject((await read(made))?.outputs ?? {});
  }
  await type.delete?.(made.id, made.outputs, asked);
  expect(provisioned(azure)).toEqual(empty);
  expect(await read(made)).toBeUndefined();
  // Already deleted: nothing to do.
  await type.delete?.(made.id, made.outputs, asked);

  const again = await make();
  gone(azure);
  expect(await read(again)).toBeUndefined();
});

test("like the real provider, it does not take over existing resources", async () => {
  const group = resources["azure-native:resources:ResourceGroup"] as StandInResource;
  await expect(group.create({ resourceGroupName: "flows", location: "westeurope" }, asked)).rejects.toThrow(
    `cannot create already existing resource '${FLOWS}'`,
  );
});

test("it does not delete a resource in use: a gateway of a subnet, an address of a gateway, a role that somebody has", async () => {
  const id = (part: string) => `${FLOWS}/providers/Microsoft.Network/${part}`;
  const put = (part: string, properties: JsonObject) =>
    ask(azure, "PUT", `${id(part)}?api-version=2024-05-01`, { location: "westeurope", properties });
  const remove = async (part: string) => {
    const { status, body } = await ask(azure, "DELETE", `${id(part)}?api-version=2024-05-01`);
    return [status, (body as { error?: { code: string } } | null)?.error?.code];
  };
  expect((await put("natGateways/nat", { publicIpAddresses: [{ id: id("publicIPAddresses/out") }] })).status).toBe(400);
  await put("publicIPAddresses/out", {});
  expect((await put("natGateways/nat", { publicIpAddresses: [{ id: id("publicIPAddresses/out") }] })).status).toBe(201);
  const subnet = "virtualNetworks/given/subnets/runs";
  expect(await put(subnet, { addressPrefix: "10.9.0.0/24" })).toMatchObject({ body: { error: { code: "NetcfgInvalidSubnet" } } });
  expect((await put(subnet, { addressPrefix: "10.0.0.0/24", natGateway: { id: id("natGateways/nat") } })).status).toBe(201);
  expect(await remove("publicIPAddresses/out")).toEqual([400, "PublicIPAddressCannotBeDeleted"]);
  expect(await remove("natGateways/nat")).toEqual([400, "InUseNatGatewayCannotBeDeleted"]);
  for (const part of [subnet, "natGateways/nat", "publicIPAddresses/out"]) expect(await remove(part)).toEqual([200, undefined]);
});
