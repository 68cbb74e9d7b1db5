import { describe, expect, test } from "vitest";
import type { JsonObject, Value, ValueObject } from "../../src/json";
import { Secret } from "../../src/secret";
import { asWhole, asWritten, resolveJob, unlikePrefect } from "../../src/template";
import { UserError } from "../../src/userError";

const schema: JsonObject = {
  type: "object",
  properties: {
    image: { type: "string" },
    cpu: { anyOf: [{ type: "integer" }, { type: "string" }] },
    retries: { type: "integer" },
    label: { allOf: [{ $ref: "#/definitions/Label" }] },
    env: { type: "object", additionalProperties: { type: "string" }, default: { BASE: "pool", LEVEL: "pool" } },
    resources: { type: "object", default: { cpu: 1, mem: 2 } },
    paths: { type: "array" },
  },
  definitions: { Label: { type: "string" } },
};

function rendered(deployment: ValueObject, run: ValueObject): ValueObject {
  return resolveJob({
    baseJobTemplate: { job_configuration: { env: "{{ env }}", resources: "{{ resources }}" }, variables: schema },
    deploymentJobVariables: deployment,
    flowRunJobVariables: run,
    blocks: {},
    variables: {},
    env: {},
  });
}

interface Case {
  deployment?: ValueObject;
  run: ValueObject;
  env?: ValueObject;
  resources?: Value;
  /** Whether a Prefect worker merges it differently. */
  differs: boolean;
}

const base = { BASE: "pool" };
describe("the last value wins", () => {
  test.each<[string, Case]>([
    [
      "a dotted key of the run over a whole variable of the deployment",
      {
        deployment: { env: { LEVEL: "info", B: "b" } },
        run: { "env.LEVEL": "debug" },
        env: { ...base, LEVEL: "debug", B: "b" },
        differs: true,
      },
    ],
    [
      "a whole variable of the run over dotted keys of the deployment",
      {
        deployment: { "env.LEVEL": "info", "env.B": "b" },
        run: { env: { LEVEL: "debug" } },
        env: { ...base, LEVEL: "debug", B: "b" },
        differs: false,
      },
    ],
    [
      "a dotted key over a dotted key",
      { deployment: { "env.LEVEL": "info" }, run: { "env.LEVEL": "debug" }, env: { ...base, LEVEL: "debug" }, differs: false },
    ],
    ["a dotted key over a default", { run: { "env.LEVEL": "debug" }, env: { ...base, LEVEL: "debug" }, differs: false }],
    [
      "a dotted key after a whole variable, in one layer",
      { run: { env: { LEVEL: "one", A: "a" }, "env.LEVEL": "two" }, env: { ...base, LEVEL: "two", A: "a" }, differs: true },
    ],
    [
      "a whole variable after dotted keys, in one layer",
      { run: { "env.LEVEL": "one", "env.B": "b", env: { LEVEL: "two" } }, env: { ...base, LEVEL: "two", B: "b" }, differs: false },
    ],
    [
      "unset by a dotted null",
      { deployment: { env: { LEVEL: "info" } }, run: { "env.LEVEL": null }, env: { ...base, LEVEL: null }, differs: true },
    ],
    [
      "__proto__ as a normal name",
      {
        deployment: { env: { A: "a" } },
        run: { "env.__proto__": "x" },
        env: Object.fromEntries([...Object.entries({ ...base, LEVEL: "pool", A: "a" }), ["__proto__", "x"]]),
        differs: true,
      },
    ],
    [
      "a dotted key in an object of the deployment",
      { deployment: { resources: { cpu: 4, disk: 5 } }, run: { "resources.cpu": 8 }, resources: { cpu: 8, disk: 5 }, differs: true },
    ],
    ["a dotted key in an object of the defaults", { run: { "resources.cpu": 8 }, resources: { cpu: 8, mem: 2 }, differs: true }],
    [
      "a whole object replaces a dotted key",
      { deployment: { "resources.cpu": 4 }, run: { resources: { disk: 1 } }, resources: { disk: 1 }, differs: true },
    ],
    [
      "a dotted key replaces the plain value of another layer",
      { deployment: { resources: "none" }, run: { "resources.cpu": 8 }, resources: { cpu: 8 }, differs: true },
    ],
  ])("%s", (_, { deployment = {}, run, env, resources, differs }) => {
    const made = rendered(deployment, run);
    if (env) expect(made.env).toEqual(env);
    if (resources !== undefined) expect(made.resources).toEqual(resources);
    expect(unlikePrefect({ schema, deployment, run }).length > 0).toBe(differs);
  });

  test("the variables for a Prefect server have no dotted keys, and Prefect's own merge gives the same result", () => {
    const deployment = { env: { LEVEL: "info", B: "b" }, resources: { cpu: 4, disk: 5 } };
    const run = { "env.LEVEL": "debug", "resources.cpu": 8, image: "x" };
    const sent = asWhole(schema, deployment, run);
    expect(sent).toEqual({ env: { LEVEL: "debug" }, resources: { cpu: 8, disk: 5 }, image: "x" });
    expect(rendered(deployment, sent)).toEqual(rendered(deployment, run));
    expect(unlikePrefect({ schema, deployment, run: sent })).toEqual([]);
  });

  test("the notice names the key and shows no value", () => {
    expect(unlikePrefect({ schema, deployment: { env: { LEVEL: "hunter2" } }, run: { "env.LEVEL": "swordfish" } })).toEqual([
      "job variable env.LEVEL overrides part of env from another layer; a Prefect worker would merge them differently",
    ]);
  });

  test("one name of a secret object can be set; an unavailable secret is refused", () => {
    const known = new Secret([{ pointer: "/env" }], { LEVEL: "info", KEY: "k" });
    const made = rendered({ env: known }, { "env.LEVEL": "debug" }).env as ValueObject;
    expect(made.LEVEL).toBe("debug");
    expect((made.KEY as Secret).reveal()).toBe("k");
    expect(() => rendered({ env: new Secret([{ pointer: "/env" }]) }, { "env.LEVEL": "debug" })).toThrow(UserError);
  });
});

test.each<[string, Value, Value]>([
  ["image", 7325e1, "7325e01"],
  ["image", true, "true"],
  ["image", null, null],
  ["image", { a: 1 }, { a: 1 }],
  ["label", 12, "012"],
  ["cpu", 12, 12],
  ["retries", 3, 3],
  ["env.V", 1.1, "1.10"],
  ["env.V", { a: 1 }, '{"a": 1}'],
  ["env.V", null, null],
  ["env.V", "quoted", "quoted"],
  ["unknown", 1, 1],
])("%s=%j from a command line becomes %j", (key, read, wanted) => {
  const text = typeof wanted === "string" ? wanted : "as written";
  expect(asWritten({ variables: schema }, { [key]: read }, { [key]: text })).toEqual({ [key]: wanted });
});
