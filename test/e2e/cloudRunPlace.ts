import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/json";
import type { FakeGoogleCloud } from "../../src/testing";
import { QUICK } from "../targets/cloudRun/place";
import { type Ended, listen, type Place, placeWith } from "./pushpool";

const fixtures = join(__dirname, "..", "fixtures", "base-job-templates");

/** Prefect's own template of Cloud Run pools. */
export function prefectTemplate(name = "cloud-run-v2.from-code"): JsonObject {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8")) as JsonObject;
}

/** A manifest written by hand: one push pool in the fake's project, and deployments by command. */
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

export interface CloudPlace extends Place {
  /** As `pushpool`, but this process goes on meanwhile: the fake cloud lives in it. */
  run(...args: string[]): Promise<Ended>;
}

export function cloudPlace(manifest: JsonObject): CloudPlace {
  const made = placeWith(manifest);
  Object.assign(made.env, QUICK);
  // What is on this machine is nothing that a test should find.
  for (const name of ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"]) delete made.env[name];
  Object.assign(made.env, { HOME: made.folder, CLOUDSDK_CONFIG: join(made.folder, "gcloud") });
  return {
    ...made,
    run: async (...args) => {
      const child = made.start(...args);
      const heard = listen(child);
      const status = await heard.ended;
      return { status, stdout: heard.stdout(), stderr: heard.stderr() };
    },
  };
}
