import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type FakeGoogleCloud, startFakeGoogleCloud } from "../../src/testing";
import { cloudManifest, cloudRunPlace } from "./clouds/gcp";
import { type EndRow, expectEnd } from "./ends";
import { until } from "./pushpool";

// Every way for a run on Cloud Run to end, as the built command line tells it.

let google: FakeGoogleCloud;
let key: JsonObject;
beforeAll(async () => {
  google = await startFakeGoogleCloud({ grace: 1_000, secrets: { locked: { 1: "nobody may read it" } } });
  key = google.serviceAccountKey("submitter");
});
afterAll(() => google.stop());

const here = (commands: Record<string, string>, jobVariables: JsonObject = {}) =>
  cloudRunPlace(cloudManifest(google, key, commands, { jobVariables }));

test.each<EndRow>([
  { name: "an exit code", command: "sh -c 'exit 7'", state: "FAILED", code: 1, says: /exited with code 7/ },
  { name: "a signal of its own", command: "sh -c 'kill -SEGV $$'", state: "CRASHED", code: 1, says: /was ended by SIGSEGV/ },
  {
    name: "out of memory",
    command: "sleep 60",
    during: (execution) => google.world.outOfMemory(execution),
    state: "CRASHED",
    code: 1,
    says: /ended by SIGKILL, out of memory \(The configured memory limit was reached\.\)/,
  },
  {
    name: "its time limit",
    command: "sleep 60",
    jobVariables: { timeout: 1 },
    state: "TimedOut",
    code: 1,
    says: /it reached its time limit while running/,
  },
  {
    name: "someone else's cancellation",
    command: "sleep 60",
    during: (execution) => google.world.cancel(execution),
    state: "CANCELLED",
    code: 3,
    says: /stopped by someone else/,
  },
  {
    name: "an execution that someone deleted",
    command: "sleep 60",
    during: (execution) => google.world.deleteExecution(execution),
    state: "CRASHED",
    code: 1,
    says: /its execution is no longer there: someone deleted it, or its job/,
  },
  {
    name: "a command that is not there",
    command: "no-such-command",
    state: "CRASHED",
    code: 1,
    says: /it never started: .*no-such-command/,
  },
  {
    name: "an image that is not there",
    before: () => google.world.images.set("acme/none:1", { access: "missing" }),
    jobVariables: { image: "acme/none:1" },
    state: "SCHEDULED",
    code: 5,
    says: /Cloud Run cannot run this job: Image 'acme\/none:1' not found\. \(CONTAINER_MISSING\)/,
  },
  {
    name: "an image that may not be read",
    before: () => google.world.images.set("acme/closed:1", { access: "denied" }),
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
])("$name is told as what it is", async (row) => {
  const place = here({ "hello/end": row.command ?? "true" }, row.jobVariables);
  const known = new Set(google.world.executions.keys());
  await expectEnd(place, "hello/end", row, async () => {
    const mine = () => [...google.world.executions.values()].find(({ name, startTime }) => !known.has(name) && startTime !== undefined);
    await until(() => mine() !== undefined);
    return mine()?.name as string;
  });
});

test("an image that goes away after the job was made: it never started, and why", async () => {
  const place = here({ "hello/away": "true" }, { image: "acme/away:1" });
  expect((await place.run("run", "hello/away")).status).toBe(0);
  google.world.images.set("acme/away:1", { access: "missing" });
  const { status, stderr } = await place.run("run", "hello/away");
  expect([status, stderr]).toEqual([1, expect.stringMatching(/it never started: Image 'acme\/away:1' not found\. \(CONTAINER_MISSING\)/)]);
});

const JOB_REGION = { region: "europe-west99" };
test.each<[string, () => void, () => void, JsonObject, RegExp]>([
  [
    "billing that is off",
    () => {
      google.world.billing = false;
    },
    () => {
      google.world.billing = true;
    },
    {},
    /billing is off in project "acme": This API method requires billing.*Link an open billing account/,
  ],
  [
    "a VPC Service Controls perimeter",
    () => {
      google.world.perimeter = true;
    },
    () => {
      google.world.perimeter = false;
    },
    {},
    /VPC Service Controls keep submitter@acme\S+ out of project "acme": .*vpcServiceControlsUniqueIdentifier/,
  ],
  [
    "a region that there is not",
    () => {},
    () => {},
    JOB_REGION,
    /Cloud Run has no region "europe-west99", or project "acme" may not use it: Permission denied on 'locations\/europe-west99'/,
  ],
  [
    "an answer that is not implemented",
    () =>
      google.plant({ on: "run.jobs.create", fault: { kind: "refuse", code: "UNIMPLEMENTED", message: "Operation is not implemented." } }),
    () => {},
    {},
    /was refused by Google Cloud: Operation is not implemented/,
  ],
])("%s: exit code 5 at once, and nothing is left", async (name, before, after, jobVariables, says) => {
  before();
  onTestFinished(after);
  const jobs = google.world.jobs.size;
  const place = here({ "hello/refused": "true" }, { image: `acme/${name.replaceAll(/\W+/g, "-").toLowerCase()}:1`, ...jobVariables });
  const begun = performance.now();
  const { status, stdout, stderr } = await place.run("run", "hello/refused");
  expect([status, stdout, stderr]).toEqual([5, "", expect.stringMatching(says)]);
  expect(performance.now() - begun).toBeLessThan(60_000);
  expect(google.world.jobs.size).toBe(jobs);
});

test("calls that Google gives up on (codes 1 and 15) are made again", async () => {
  for (const code of ["CANCELLED", "DATA_LOSS"] as const)
    google.plant({ on: "run.jobs.create", fault: { kind: "refuse", code, message: "The operation was given up." } });
  const { status, stderr } = await here({ "hello/again": "true" }, { image: "acme/again:1" }).run("run", "hello/again");
  expect([status, stderr]).toEqual([0, expect.stringContaining("COMPLETED")]);
});

test("an API that is not switched on: exit code 5, what to switch on, and nothing is left", async () => {
  google.world.services.delete("run.googleapis.com");
  onTestFinished(() => void google.world.services.add("run.googleapis.com"));
  const jobs = google.world.jobs.size;
  const place = here({ "hello/off": "true" }, { image: "acme/off:1" });
  const { status, stdout, stderr } = await place.run("run", "hello/off");
  expect([status, stdout, stderr]).toEqual([5, "", expect.stringMatching(/run\.googleapis\.com/)]);
  expect(stderr).toMatch(/has not been used in project .* before or it is disabled/);
  expect(google.world.jobs.size).toBe(jobs);
});
