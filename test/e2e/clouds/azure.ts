import { expect } from "vitest";
import type { JsonObject } from "../../../src/json";
import { azureadProvider, azureNativeProvider, type FakeAzure, type FakeAzureOptions, startFakeAzure } from "../../../src/testing";
import { aciTemplate, QUICK, trust } from "../../targets/containerInstances/place";
import { azureEnds } from "./azureEnds";
import { CANARY, type Cloud, type CloudPlace, cloudPlace, manifestPlace, type Over, type RunningPlace, type Runs } from "./cloud";

/** Of the fake's authority: it serves https, and the command line has to trust it. */
let caFile = "";

/** Prefect's template puts the entrypoint of Prefect's images before the command. */
const WITHOUT_PREFECT = { entrypoint: "" };

export const AZURE: Cloud<FakeAzure, FakeAzureOptions> = {
  name: "Azure",
  sdk: "azure",
  component: "ContainerInstancePushPool",
  poolType: "azure-container-instance:push",
  placeOf: ({ subscription, location, endpoints, url }) => ({
    subscriptionId: JSON.stringify(subscription),
    location: JSON.stringify(location),
    endpoints: JSON.stringify({ ...endpoints, registry: url, graph: url }),
    jobVariables: JSON.stringify(WITHOUT_PREFECT),
  }),
  jobVariables: WITHOUT_PREFECT,
  config: { "azure-native:subscriptionId": "22222222-2222-4222-8222-222222222222", "azure-native:location": "westeurope" },
  providers: (fake) => ({ "azure-native": azureNativeProvider(fake), azuread: azureadProvider(fake) }),
  registry: ({ registry }) => registry,
  provisioned,
  startFake: async (options = {}) => {
    const fake = await startFakeAzure({ grace: 1_000, ...options });
    ({ caFile } = fake);
    trust(fake);
    return fake;
  },
  ownLogin: /^(AZURE|ARM|MSI|IDENTITY)_/,
  env: (folder) => ({ ...QUICK, HOME: folder, NODE_EXTRA_CA_CERTS: caFile }),
  callsOf: ({ calls }) => calls.map(({ action }) => action).filter((action) => !action.startsWith("entra/")),
};

export type AzurePlace = CloudPlace<FakeAzure>;
export const azurePlace = (options?: FakeAzureOptions): Promise<AzurePlace> => cloudPlace(AZURE, options);

/** What a fake Azure has besides container groups and Azure's own roles. */
export function provisioned({ world }: FakeAzure) {
  const { access, directory } = world;
  return {
    resourceGroups: [...world.resourceGroups.keys()],
    clients: [...directory.clients.values()].map(({ displayName }) => displayName),
    principals: [...directory.principals.values()].map(({ displayName }) => displayName),
    secrets: [...directory.clients.values()].flatMap(({ displayName, secrets }) => secrets.map(() => displayName)),
    trusts: [...directory.clients.values()].flatMap(({ federated }) => federated.map(({ issuer, subject }) => `${issuer} ${subject}`)),
    roles: [...access.definitions.values()].flatMap(({ builtIn, roleName }) => (builtIn ? [] : [roleName])),
    assignments: access.assignments.map(({ scope, roleDefinitionId, principalId }) => ({
      scope,
      role: access.definition(roleDefinitionId)?.roleName ?? "",
      principal: directory.principals.get(principalId)?.displayName ?? "",
    })),
    identities: [...world.identities.values()].map(({ name }) => name),
    workspaces: [...world.workspaces.all.values()].map(({ name }) => name),
    things: [...world.kept.values()].map(({ type }) => String(type)).sort(),
  };
}

export type AzureClient = ReturnType<FakeAzure["client"]>;

/** A manifest written by hand: one push pool in the fake's subscription, and deployments by command. */
export function aciManifest(
  azure: FakeAzure,
  { tenant_id, client_id, client_secret }: AzureClient,
  commands: Record<string, string>,
  over: Over & { blocks?: JsonObject; createdAt?: string } = {},
): JsonObject {
  const jobVariables = {
    image: "acme/etl:1",
    entrypoint: "",
    resource_group_name: azure.resourceGroup,
    subscription_id: azure.subscription,
    ...over.jobVariables,
  };
  return {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: {
      etl: {
        type: "azure-container-instance:push",
        baseJobTemplate: aciTemplate(),
        credentials: "azure-container-instance-credentials/etl",
        endpoints: azure.endpoints,
        ...over.pool,
      },
    },
    blocks: {
      "azure-container-instance-credentials/etl": {
        ...(over.createdAt === undefined ? {} : { createdAt: over.createdAt }),
        data: { tenant_id, client_id, client_secret, ...over.block },
      },
      ...over.blocks,
    },
    variables: {},
    deployments: Object.fromEntries(
      Object.entries(commands).map(([name, command]) => [name, { command, workPool: { name: "etl", jobVariables } }]),
    ),
  };
}

export const aciPlace = (manifest: JsonObject): RunningPlace => manifestPlace(AZURE, manifest);

const GROUPS = "Microsoft.ContainerInstance/containerGroups";

export const AZURE_RUNS: Runs<FakeAzure, FakeAzureOptions, AzureClient> = {
  options: {},
  key: (azure, name) => azure.client(name),
  manifest: aciManifest,
  templates: (["azure-container-instance", "azure-container-instance.from-code"] as const).map((name) => [
    name,
    { baseJobTemplate: aciTemplate(name) },
  ]),
  merged: true,
  // Looked for before.
  submit: [`${GROUPS}/read`, `${GROUPS}/write`],
  lose: (azure, fault) => azure.plant({ on: `${GROUPS}/write`, fault }),
  started: ({ world }) => [...world.operations.values()].map(({ group }) => group),
  isRunning: ({ world }, id) => world.groups.get(id.toLowerCase())?.containers[0]?.current?.state === "Running",
  cancel: {
    args: ["--grace", "5s"],
    says: /warning: a grace period of 5 s is not possible: Azure itself decides/,
    stopped: ({ world, calls }) => {
      expect(world.groups.size).toBe(0);
      expect(calls.map(({ action }) => action)).toEqual(expect.arrayContaining([`${GROUPS}/stop/action`, `${GROUPS}/delete`]));
    },
  },
  secret: {
    // Of what is sent, only a `secureValue` is hidden.
    kept: ({ calls }) =>
      calls.map(({ path, body, reply, action }) => [
        path,
        reply,
        action.startsWith("entra/") ? "" : JSON.stringify(body, (key, value) => (key === "secureValue" ? "" : value)),
      ]),
    ofKey: ({ client_secret }) => client_secret,
    says: [/TOKEN: /, 0],
    carriers: ({ calls }, since) =>
      calls
        .filter(({ action }) => !action.startsWith("entra/"))
        .slice(since)
        .filter(({ body, reply }) => JSON.stringify([body, reply]).includes(CANARY))
        .map(({ action }) => action),
    carrier: `${GROUPS}/write`,
  },
  login: ({ env }, { tenant_id, client_id, client_secret }) =>
    void Object.assign(env, { AZURE_TENANT_ID: tenant_id, AZURE_CLIENT_ID: client_id, AZURE_CLIENT_SECRET: client_secret }),
  sealed: { client_secret: "[secret]" },
  callers: ({ calls }, since) =>
    calls
      .filter(({ action }) => !action.startsWith("entra/"))
      .slice(since)
      .map(({ caller }) => caller),
  caller: ({ object_id }) => object_id,
  ends: azureEnds,
};
