import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../../src/json";
import { type FakeGoogleCloud, type FakeGoogleCloudOptions, gcpProvider, startFakeGoogleCloud } from "../../../src/testing";
import { QUICK } from "../../targets/cloudRun/place";
import { type Cloud, type CloudPlace, cloudPlace, manifestPlace, type RunningPlace } from "./cloud";

export const GCP: Cloud<FakeGoogleCloud, FakeGoogleCloudOptions> = {
  name: "Google Cloud",
  sdk: "gcp",
  component: "CloudRunPushPool",
  poolType: "cloud-run-v2:push",
  placeOf: ({ project, endpoints }) => ({
    project: JSON.stringify(project),
    region: JSON.stringify("europe-west1"),
    endpoints: JSON.stringify(endpoints),
  }),
  config: { "gcp:project": "acme", "gcp:region": "europe-west1" },
  startFake: (options = {}) => startFakeGoogleCloud({ grace: 1_000, ...options }),
  providers: (fake) => ({ gcp: gcpProvider(fake) }),
  ownLogin: /^(GOOGLE_APPLICATION_CREDENTIALS|GOOGLE_CLOUD_PROJECT|GCLOUD_PROJECT)$/,
  env: (folder) => ({ ...QUICK, HOME: folder, CLOUDSDK_CONFIG: join(folder, "gcloud") }),
  provisioned,
  callsOf: ({ calls }) => calls.map(({ method }) => method),
};

export type GcpPlace = CloudPlace<FakeGoogleCloud>;
export const gcpPlace = (options?: FakeGoogleCloudOptions): Promise<GcpPlace> => cloudPlace(GCP, options);

/** What a fake Google Cloud has that did not exist from the start. */
export function provisioned({ world, runtimeAccount }: FakeGoogleCloud) {
  const { iam } = world;
  return {
    accounts: [...iam.accounts.keys()].filter((email) => email !== runtimeAccount),
    keys: [...iam.keys.values()].map(({ email }) => email),
    roles: [...iam.roles.keys()],
    bindings: iam.bindings
      .filter(({ member }) => member !== "user:owner@example.com")
      .map(({ resource, role, member }) => ({ resource, role, member })),
    secrets: [...world.secrets.keys()],
  };
}

const fixtures = join(__dirname, "..", "..", "fixtures", "base-job-templates");

/** Prefect's template for Cloud Run pools. */
export function prefectTemplate(name = "cloud-run-v2.from-code"): JsonObject {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8")) as JsonObject;
}

/** A handwritten manifest: one push pool in the fake's project, and deployments by command. */
export function cloudManifest(
  google: FakeGoogleCloud,
  key: JsonObject,
  commands: Record<string, string>,
  over: { pool?: JsonObject; jobVariables?: JsonObject; deployments?: JsonObject; block?: JsonObject } = {},
): JsonObject {
  const jobVariables = {
    image: "acme/etl:1",
    region: "europe-west1",
    service_account_name: google.runtimeAccount,
    timeout: 60,
    ...over.jobVariables,
  };
  return {
    kind: "pushpool.dev/manifest",
    version: 1,
    source: { project: "data", stack: "dev" },
    pools: {
      etl: {
        type: "cloud-run-v2:push",
        baseJobTemplate: prefectTemplate(),
        credentials: "gcp-credentials/etl",
        endpoints: google.endpoints,
        ...over.pool,
      },
    },
    blocks: { "gcp-credentials/etl": { data: { service_account_info: key, project: google.project, ...over.block } } },
    variables: {},
    deployments: {
      ...Object.fromEntries(
        Object.entries(commands).map(([name, command]) => [name, { command, workPool: { name: "etl", jobVariables } }]),
      ),
      ...over.deployments,
    },
  };
}

export const cloudRunPlace = (manifest: JsonObject): RunningPlace => manifestPlace(GCP, manifest);
