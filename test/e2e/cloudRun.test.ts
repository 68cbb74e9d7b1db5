import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type FakeGoogleCloud, startFakeGoogleCloud } from "../../src/testing";
import { cloudManifest, cloudRunPlace } from "./clouds/gcp";

// The built command line with a handwritten manifest and a fake Google Cloud.

let google: FakeGoogleCloud;
let key: JsonObject;
beforeAll(async () => {
  google = await startFakeGoogleCloud({ grace: 1_000, secrets: { "api-token": { 1: "from-secret-manager" } } });
  key = google.serviceAccountKey("submitter");
  google.world.iam.bind("secrets/api-token", "roles/secretmanager.secretAccessor", `serviceAccount:${google.runtimeAccount}`);
});
afterAll(() => google.stop());

const here = (commands: Record<string, string>, over: Parameters<typeof cloudManifest>[3] = {}) =>
  cloudRunPlace(cloudManifest(google, key, commands, over));

test("a secret of Secret Manager reaches the command; only its name leaves this machine", async () => {
  const place = here(
    { "hello/secret": `sh -c 'test "$TOKEN" = from-secret-manager'` },
    {
      jobVariables: { env_from_secrets: { TOKEN: { secret: "api-token", version: "latest" } } },
    },
  );
  const { status, stderr } = await place.run("run", "hello/secret");
  expect([status, stderr.includes("warning")]).toEqual([0, false]);
});

test("many 429 and 503 on every call: one execution in the end", async () => {
  const place = here({ "hello/storm": "echo through" });
  await place.run("run", "hello/storm");
  const before = google.world.executions.size;
  google.plant({ on: /^run\./, fault: { kind: "throttle" }, times: 3 });
  google.plant({ on: /^run\./, fault: { kind: "unavailable" }, times: 3 });
  const { status, stdout } = await place.run("run", "hello/storm");
  expect([status, stdout]).toEqual([0, "through\n"]);
  expect(google.world.executions.size).toBe(before + 1);
});

test("ls without access to Google shows the last known state, with a warning", async () => {
  const place = here({ "hello/long": "sleep 600" });
  const id = (await place.run("run", "hello/long", "--detach")).stdout.trim();
  google.world.services.delete("run.googleapis.com");
  const { status, stdout, stderr } = await place.run("ls", "--json");
  google.world.services.add("run.googleapis.com");
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(/the runs on work pool "etl" are as they were last seen: .*the API is disabled/),
  ]);
  expect(stdout).toContain(id);
  await place.run("cancel", id);
});

// Bad input: one message with the field and the fix. If it can be found early, nothing is sent.

const HELLO = { "hello/prod": "true" };
const poolWith = (jobVariables: JsonObject) => ({ jobVariables });

test.each<[string, Parameters<typeof cloudManifest>[3], 2 | 5, RegExp]>([
  [
    "cpu and memory that do not go together",
    poolWith({ memory: "8Gi" }),
    2,
    /limits\.memory: 1000m CPU allows at most 4Gi, not 8Gi: use cpu 2/,
  ],
  ["memory against the template's pattern", poolWith({ memory: "lots" }), 2, /memory/],
  ["an invalid cpu", poolWith({ cpu: "3" }), 2, /limits\.cpu: "3" is not a valid number of CPUs for Cloud Run jobs/],
  [
    "an invalid region",
    poolWith({ region: "europe-west" }),
    2,
    /job_configuration\.region: "europe-west" is not a region.*did you mean "europe-west1"/,
  ],
  ["a time limit that is too long", poolWith({ timeout: 604_801 }), 2, /timeout/],
  ["an unknown variable", poolWith({ imgae: "x" }), 2, /imgae.*did you mean "image"/],
  [
    "a block that is not a key",
    { block: { service_account_info: { type: "service_account" } } },
    2,
    /service_account_info: must be the key of a service account/,
  ],
  ["an endpoint that is not a URL", { pool: { endpoints: { run: "here" } } }, 2, /pools\.etl\.endpoints\.run: "here" is not a valid URL/],
  [
    "a key of another project",
    { block: { project: "elsewhere" } },
    5,
    /the key is of project "acme", the work pool's runs go to "elsewhere"/,
  ],
])("bad input: %s", async (_, over, code, message) => {
  const before = google.calls.length;
  const place = here(HELLO, over);
  const { status, stdout, stderr } = await place.run("run", "hello/prod");
  expect([status, stdout]).toEqual([code, ""]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  if (code === 2) expect(google.calls.length).toBe(before);
});

test("without credentials: the message says what to do, and nothing is sent", async () => {
  const before = google.calls.length;
  const manifest = cloudManifest(google, key, HELLO);
  const pool = (manifest.pools as { etl: JsonObject }).etl;
  delete pool.credentials;
  const place = cloudRunPlace(manifest);
  Object.assign(place.env, { GOOGLE_CLOUD_PROJECT: "acme", METADATA_SERVER_DETECTION: "none" });
  const { status, stderr } = await place.run("run", "hello/prod");
  expect([status, stderr]).toEqual([
    5,
    expect.stringMatching(/there are no Google Cloud credentials here: log in with `gcloud auth application-default login`/),
  ]);
  expect(google.calls.length).toBe(before);
});

test("the caller's own login, from a key file", async () => {
  const manifest = cloudManifest(google, key, HELLO);
  delete (manifest.pools as { etl: JsonObject }).etl.credentials;
  const place = cloudRunPlace(manifest);
  const file = join(place.folder, "key.json");
  writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
  place.env.GOOGLE_APPLICATION_CREDENTIALS = file;
  expect((await place.run("run", "hello/prod")).status).toBe(0);
});
