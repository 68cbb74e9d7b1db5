import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { JsonObject } from "../../../src/json";
import { type FakeGoogleCloud, type FakeGoogleCloudOptions, gcpProvider, startFakeGoogleCloud } from "../../../src/testing";
import { QUICK } from "../../targets/cloudRun/place";
import type { EndRow } from "../ends";
import { CANARY, type Cloud, type CloudPlace, cloudPlace, manifestPlace, type RunningPlace, type Runs } from "./cloud";

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
  registry: ({ registry }) => registry,
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

export const GCP_RUNS: Runs<FakeGoogleCloud, FakeGoogleCloudOptions, JsonObject> = {
  options: { secrets: { locked: { 1: "nobody may read it" } } },
  key: (google, name) => google.serviceAccountKey(name) as JsonObject,
  manifest: cloudManifest,
  templates: [["cloud-run-v2.from-code", {}]],
  merged: false,
  submit: ["run.jobs.run"],
  lose: (google, fault) => google.plant({ on: "run.jobs.run", fault }),
  started: ({ world }) => [...world.executions.keys()],
  isRunning: ({ world }, name) => world.executions.get(name)?.startTime !== undefined,
  cancel: {
    args: ["--grace", "5s"],
    says: /warning: a grace period of 5 s is not possible: Cloud Run gives a cancelled execution 10 s/,
    stopped: ({ world }) => {
      const [execution] = [...world.executions.values()].slice(-1);
      expect(execution?.conditions.find(({ type }) => type === "Completed")).toMatchObject({ executionReason: "CANCELLED" });
    },
  },
  secret: {
    kept: ({ world, calls }) => [
      [...world.jobs.values()],
      world.log.entries,
      calls.map(({ path }) => path),
      ...[...world.executions.values()].map(({ template }) => template.containers.map(({ command, args }) => [command, args])),
    ],
    ofKey: ({ private_key }) => String(private_key).split("\n")[5] ?? "",
    says: [/TOKEN: Cloud Run shows a variable's value/, 1],
    carriers: ({ calls }, since) =>
      calls
        .slice(since)
        .filter(({ body }) => JSON.stringify(body).includes(CANARY))
        .map(({ method }) => method),
    carrier: "run.jobs.run",
  },
  login: (place, key) => {
    place.env.GOOGLE_APPLICATION_CREDENTIALS = join(place.folder, "key.json");
    writeFileSync(place.env.GOOGLE_APPLICATION_CREDENTIALS, JSON.stringify(key), { mode: 0o600 });
  },
  sealed: { service_account_info: "[secret]" },
  callers: ({ calls }, since) => calls.slice(since).map(({ member }) => member),
  caller: ({ client_email }) => `serviceAccount:${client_email}`,
  ends: (google): EndRow[] => [
    { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
    { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /was ended by SIGSEGV/ },
    {
      name: "out of memory",
      command: "sleep 600",
      during: (execution) => google().world.outOfMemory(execution),
      state: "CRASHED",
      code: 1,
      says: /ended by SIGKILL, out of memory \(The configured memory limit was reached\.\)/,
    },
    {
      name: "its time limit",
      command: "sleep 600",
      jobVariables: { timeout: 1 },
      state: "TimedOut",
      code: 1,
      says: /it reached its time limit while running/,
    },
    {
      name: "someone else's cancellation",
      command: "sleep 600",
      during: (execution) => google().world.cancel(execution),
      state: "CANCELLED",
      code: 3,
      says: /stopped by someone else: Execution cancelled/,
    },
    {
      name: "an execution that someone deleted",
      command: "sleep 600",
      during: (execution) => google().world.deleteExecution(execution),
      state: "CRASHED",
      code: 1,
      says: /its execution no longer exists: someone deleted it, or its job/,
    },
    {
      name: "a command that does not exist",
      command: "no-such-command",
      state: "CRASHED",
      code: 1,
      says: /it never started: .*no-such-command/,
    },
    {
      name: "an image that does not exist",
      before: () => google().world.images.set("acme/none:1", { access: "missing" }),
      jobVariables: { image: "acme/none:1" },
      state: "SCHEDULED",
      code: 5,
      says: /Cloud Run cannot run this job: Image 'acme\/none:1' not found\. \(CONTAINER_MISSING\)/,
    },
    {
      name: "an image that may not be read",
      before: () => google().world.images.set("acme/closed:1", { access: "denied" }),
      jobVariables: { image: "acme/closed:1" },
      state: "SCHEDULED",
      code: 5,
      says: /must have permission to read the image.*\(CONTAINER_PERMISSION_DENIED\)/,
    },
    {
      name: "a secret that may not be read",
      jobVariables: { env_from_secrets: { T: { secret: "locked", version: "1" } } },
      state: "SCHEDULED",
      code: 5,
      says: /Permission denied on secret: .*\(SECRETS_ACCESS_CHECK_FAILED\)/,
    },
    {
      name: "a service account that the key may not act as",
      jobVariables: { service_account_name: "other@acme.iam.gserviceaccount.com" },
      state: "SCHEDULED",
      code: 5,
      says: /iam\.serviceaccounts\.actAs/i,
    },
  ],
};
