import { expect, test } from "vitest";
import { awsContract, type Difference } from "../../../../src/testing/clouds/aws/awsContract";

// The fake reads AWS' description of its API itself: it finds every difference, with its path.

const SIDECAR = { name: "main", image: "busybox" };

test.each<[what: string, value: Parameters<Awaited<ReturnType<typeof awsContract>>["difference"]>[0], found: Difference | undefined]>([
  ["what fits", { family: "etl", containerDefinitions: [SIDECAR], cpu: "256" }, undefined],
  ["a member that is missing", { family: "etl" }, { path: "containerDefinitions", kind: "missing" }],
  [
    "an unknown member",
    { family: "etl", containerDefinitions: [{ ...SIDECAR, memroy: 1 }] },
    { path: "containerDefinitions[0].memroy", kind: "unknown" },
  ],
  [
    "a name from JavaScript's Object",
    { family: "etl", containerDefinitions: [], constructor: "x" },
    { path: "constructor", kind: "unknown" },
  ],
  [
    "a number for a string",
    { family: "etl", containerDefinitions: [], cpu: 256 },
    { path: "cpu", kind: "type", wanted: "string", value: 256 },
  ],
  [
    "a string for a number",
    { family: "etl", containerDefinitions: [{ cpu: "1" }] },
    { path: "containerDefinitions[0].cpu", kind: "type", wanted: "number", value: "1" },
  ],
  [
    "a string for a boolean",
    { family: "etl", containerDefinitions: [{ essential: "no" }] },
    { path: "containerDefinitions[0].essential", kind: "type", wanted: "boolean", value: "no" },
  ],
  [
    "an object for a list",
    { family: "etl", containerDefinitions: {} },
    { path: "containerDefinitions", kind: "type", wanted: "list", value: {} },
  ],
  [
    "a list for a structure",
    { family: "etl", containerDefinitions: [[]] },
    { path: "containerDefinitions[0]", kind: "type", wanted: "structure", value: [] },
  ],
  [
    "a wrong value in a map",
    { family: "etl", containerDefinitions: [{ logConfiguration: { logDriver: "awslogs", options: { a: 1 } } }] },
    { path: "containerDefinitions[0].logConfiguration.options.a", kind: "type", wanted: "string", value: 1 },
  ],
])("%s", async (_, value, found) => {
  const contract = await awsContract();
  expect(contract.difference(value, "RegisterTaskDefinitionRequest")).toEqual(found);
  if (found) expect(() => contract.checkRequest(value, "RegisterTaskDefinitionRequest")).toThrow();
});

test("a reply that differs from the description is the fake's own mistake", async () => {
  const contract = await awsContract();
  expect(() => contract.checkReply({ tasks: [{ lastStatus: 1 }] }, "RunTaskResponse")).toThrow(
    /the fake's RunTaskResponse differs from AWS' description/,
  );
  expect(() => contract.difference({}, "NoSuchRequest")).toThrow("the SDK has no description of NoSuchRequest");
});
