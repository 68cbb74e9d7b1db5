import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type FakeGoogleCloud, startFakeGoogleCloud } from "../../src/testing";
import { cloudManifest, cloudRunPlace } from "./clouds/gcp";

// What can keep a run on Cloud Run from starting, and the command line's messages.

let google: FakeGoogleCloud;
let key: JsonObject;
beforeAll(async () => {
  google = await startFakeGoogleCloud({ grace: 1_000 });
  key = google.serviceAccountKey("submitter");
});
afterAll(() => google.stop());

const here = (commands: Record<string, string>, jobVariables: JsonObject = {}) =>
  cloudRunPlace(cloudManifest(google, key, commands, { jobVariables }));

test("an image that disappears after the job was created: it never started, and why", async () => {
  const place = here({ "hello/away": "true" }, { image: "acme/away:1" });
  expect((await place.run("run", "hello/away")).status).toBe(0);
  google.world.images.set("acme/away:1", { access: "missing" });
  const { status, stderr } = await place.run("run", "hello/away");
  expect([status, stderr]).toEqual([1, expect.stringMatching(/it never started: Image 'acme\/away:1' not found\. \(CONTAINER_MISSING\)/)]);
});

const JOB_REGION = { region: "europe-west99" };
test.each<[string, () => void, () => void, JsonObject, RegExp]>([
  [
    "disabled billing",
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
    "a region that does not exist",
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
])("%s: exit code 5 at once, and nothing stays behind", async (name, before, after, jobVariables, says) => {
  before();
  onTestFinished(after);
  const jobs = google.world.jobs.size;
  const place = here({ "hello/refused": "true" }, { image: `acme/${name.replaceAll(/\W+/g, "-").toLowerCase()}:1`, ...jobVariables });
  const asked = () => google.calls.filter(({ method }) => method === "run.jobs.create").length;
  const askedBefore = asked();
  const { status, stdout, stderr } = await place.run("run", "hello/refused");
  expect([status, stdout, stderr]).toEqual([5, "", expect.stringMatching(says)]);
  expect(asked() - askedBefore).toBe(1);
  expect(google.world.jobs.size).toBe(jobs);
});

test("calls that Google aborts (codes 1 and 15) are repeated", async () => {
  for (const code of ["CANCELLED", "DATA_LOSS"] as const)
    google.plant({ on: "run.jobs.create", fault: { kind: "refuse", code, message: "The operation was given up." } });
  const { status, stderr } = await here({ "hello/again": "true" }, { image: "acme/again:1" }).run("run", "hello/again");
  expect([status, stderr]).toEqual([0, expect.stringContaining("COMPLETED")]);
});

test("a disabled API: exit code 5, the API to enable, and nothing stays behind", async () => {
  google.world.services.delete("run.googleapis.com");
  onTestFinished(() => void google.world.services.add("run.googleapis.com"));
  const jobs = google.world.jobs.size;
  const place = here({ "hello/off": "true" }, { image: "acme/off:1" });
  const { status, stdout, stderr } = await place.run("run", "hello/off");
  expect([status, stdout, stderr]).toEqual([5, "", expect.stringMatching(/run\.googleapis\.com/)]);
  expect(stderr).toMatch(/has not been used in project .* before or it is disabled/);
  expect(google.world.jobs.size).toBe(jobs);
});
