import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { dockerBuildProvider, type FakeGoogleCloud, type StandInResource, startFakeGoogleCloud } from "../../../src/testing";
import { scratch } from "../../scratch";

// What the stand-in for `docker-build` refuses, in the words of BuildKit and of the registry. More of a registry's words are in e2e/clouds/images.test.ts.

const REPOSITORY = "europe-west1-docker.pkg.dev/acme/none/etl";
const DOCKERFILE =
  "FROM python:3.12 AS base\nCOPY requirements.txt ./\nRUN --mount=type=secret,id=INDEX,required pip install\nFROM base AS last\n";

let google: FakeGoogleCloud;
beforeAll(async () => {
  google = await startFakeGoogleCloud();
});
afterAll(() => google.stop());

/** The resource, in a folder with this Dockerfile, and the inputs of an image that could be built there. */
function builder(files: Record<string, string> = {}): { image: StandInResource; inputs: JsonObject } {
  const folder = scratch();
  mkdirSync(join(folder, "app"));
  for (const [name, text] of Object.entries({ Dockerfile: DOCKERFILE, "requirements.txt": "prefect\n", ...files }))
    writeFileSync(join(folder, "app", name), text);
  const image = dockerBuildProvider({ registries: [google.registry], folder }).resources["docker-build:index:Image"] as StandInResource;
  return { image, inputs: { context: { location: "app" }, secrets: { INDEX: "x" } } };
}

const pushed = { push: true, tags: [`${REPOSITORY}:1`] };

test.each<[string, JsonObject, Record<string, string>, RegExp]>([
  ["a required secret that is not given", { secrets: {} }, {}, /^failed to solve: secret INDEX: not found$/],
  ["a file that .dockerignore leaves out", {}, { ".dockerignore": "requirements.txt\n" }, /"\/requirements\.txt": not found$/],
  ["a stage that the Dockerfile does not have", { target: "none" }, {}, /^failed to solve: target stage "none" could not be found$/],
  ["a copy from something unknown", {}, { Dockerfile: "FROM a\nCOPY --from=typo /x /y\n" }, /^failed to solve: typo: pull access denied$/],
  ["a push without a login", pushed, {}, /^failed to solve: failed to push \S+none\/etl:1: denied: Unauthenticated request/],
  [
    "a registry that does not exist",
    { push: true, tags: ["nowhere.example/etl:1"] },
    {},
    /failed to push nowhere\.example\S+: .*no such host$/,
  ],
])("refuses %s", async (_, more, files, says) => {
  const { image, inputs } = builder(files);
  await expect((async () => image.create({ ...inputs, ...more }, {} as never))()).rejects.toThrow(says);
  expect(google.registry.images.names()).toEqual([]);
});

test.each<[string, JsonObject, Record<string, string>, JsonObject]>([
  ["nothing", {}, {}, {}],
  [
    "a context that is not a folder",
    { context: { location: "gone" } },
    {},
    { "context.location": expect.stringMatching(/not a valid directory/) as never },
  ],
  ["an invalid platform", { platforms: ["x86"] }, {}, { "platforms[0]": expect.stringMatching(/unknown operating system/) as never }],
  ["a push without a name", { push: true }, {}, { "exports[0]": expect.stringMatching(/at least one tag/) as never }],
])("checks: %s", (_, more, files, faults) => {
  const { image, inputs } = builder(files);
  expect(image.check?.({ ...inputs, ...more }, {} as never) ?? {}).toMatchObject(faults);
});

test("builds the same image again from the same context only", async () => {
  const { image, inputs } = builder();
  const digestOf = async (more: JsonObject) => (await image.create({ ...inputs, ...more }, {} as never)).outputs?.contextHash;
  const first = await digestOf({});
  expect(await digestOf({})).toBe(first);
  const other = builder({ "requirements.txt": "prefect==3\n" });
  expect((await other.image.create(other.inputs, {} as never)).outputs?.contextHash).not.toBe(first);
});
