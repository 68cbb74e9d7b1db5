import type { JsonObject } from "../../../src/json";
import { type FakeAzure, type FakeAzureOptions, startFakeAzure } from "../../../src/testing";
import { aciTemplate, QUICK } from "../../targets/containerInstances/place";
import { type Cloud, manifestPlace, type RunningPlace } from "./cloud";

/** Of the fake's authority: it serves https, and the command line has to trust it. */
let caFile = "";

export const AZURE: Pick<Cloud<FakeAzure, FakeAzureOptions>, "name" | "startFake" | "ownLogin" | "env" | "callsOf"> = {
  name: "Azure",
  startFake: async (options = {}) => {
    const fake = await startFakeAzure({ grace: 1_000, ...options });
    ({ caFile } = fake);
    return fake;
  },
  ownLogin: /^(AZURE|ARM|MSI|IDENTITY)_/,
  env: (folder) => ({ ...QUICK, HOME: folder, NODE_EXTRA_CA_CERTS: caFile }),
  callsOf: ({ calls }) => calls.map(({ action }) => action).filter((action) => !action.startsWith("entra/")),
};

export type AzureClient = ReturnType<FakeAzure["client"]>;

/** A manifest written by hand: one push pool in the fake's subscription, and deployments by command. */
export function aciManifest(
  azure: FakeAzure,
  { tenant_id, client_id, client_secret }: AzureClient,
  commands: Record<string, string>,
  over: { pool?: JsonObject; jobVariables?: JsonObject; block?: JsonObject } = {},
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
    blocks: { "azure-container-instance-credentials/etl": { data: { tenant_id, client_id, client_secret, ...over.block } } },
    variables: {},
    deployments: Object.fromEntries(
      Object.entries(commands).map(([name, command]) => [name, { command, workPool: { name: "etl", jobVariables } }]),
    ),
  };
}

export const aciPlace = (manifest: JsonObject): RunningPlace => manifestPlace(AZURE, manifest);
