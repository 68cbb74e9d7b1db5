import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../../src/json";
import { azureadProvider, type Found, type StandInResource, startFakeAzure } from "../../../../src/testing";
import { checked } from "../../../../src/testing/providers/standInDecisions";

// Calls of the real azuread provider, as Pulumi recorded them: the stand-in fills in the same inputs, and answers with ids and outputs of the
// same form. The recording is not ours to copy.

const folder = join(__dirname, "..", "..", "..", "..", "..", "shared", "recordings", "pulumi-azuread");
const there = existsSync(folder);
if (!there) console.warn(`SKIPPED: there are no recordings of the azuread provider in ${folder}`);

interface Recorded {
  method: string;
  request: JsonObject;
  response: JsonObject;
}

const calls = there
  ? readFileSync(join(folder, "ad-app-password-5.53.5.grpc.jsonl"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Recorded)
  : [];
const of = (method: string) => calls.filter((call) => call.method === `/pulumirpc.ResourceProvider/${method}`);

/** Version 6 calls it applicationId only, and fills in nothing for it. */
function asToday({ applicationObjectId, __defaults: _, ...inputs }: JsonObject): JsonObject {
  return applicationObjectId === undefined ? inputs : { ...inputs, applicationId: applicationObjectId };
}

/** A value's form: what its characters are of a GUID or a time, and all else as it is. */
function formOf(value: unknown): string {
  return String(value)
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "GUID")
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g, "TIME");
}

describe.skipIf(!there)("the azuread provider", () => {
  test("Check fills in the same inputs", async () => {
    const azure = await startFakeAzure();
    onTestFinished(() => azure.stop());
    const { resources } = azureadProvider(azure);
    expect(of("Check")).toHaveLength(2);
    for (const { request, response } of of("Check")) {
      const type = resources[String(request.type)] as StandInResource;
      const inputs = checked(type, String(request.name), asToday(request.news as JsonObject), {}, Buffer.from("seed"));
      expect(inputs).toEqual(asToday(response.inputs as JsonObject));
    }
  });

  test("Create answers with ids and outputs of the same form", async () => {
    const azure = await startFakeAzure();
    onTestFinished(() => azure.stop());
    const { resources } = azureadProvider(azure);
    let application = "";
    expect(of("Create")).toHaveLength(2);
    for (const { request, response } of of("Create")) {
      const type = resources[String(request.type)] as StandInResource;
      const properties = response.properties as JsonObject;
      const inputs = asToday(request.properties as JsonObject);
      if (inputs.applicationId !== undefined) inputs.applicationId = application;
      const { id, outputs = {} }: Found = await type.create(inputs, { urn: "", name: String(request.name) });
      application ||= id;
      expect(formOf(id)).toBe(formOf(response.id));
      for (const [name, value] of Object.entries(outputs)) {
        // A secret: its value was taken out of the recording.
        if (name === "value") expect(properties[name]).toMatchObject({ "4dabf18193072939515e22adb298388d": expect.any(String) });
        else expect([name, formOf(value)]).toEqual([name, formOf(properties[name])]);
      }
      // All that components read of it.
      for (const name of type.computed ?? []) if (name !== "publisherDomain") expect([name, outputs[name]]).not.toEqual([name, undefined]);
    }
  });
});
