import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { POOL_TYPES } from "../../src/model/poolType";
import { Secret } from "../../src/secret";
import { TARGET_KINDS } from "../../src/targets/kinds";
import { asPoolType } from "../../src/targets/pushType";
import { defaultTemplate } from "../../src/template";

test("the manifest's schema has the same pool types as the targets", () => {
  const schema = readFileSync(join(__dirname, "..", "..", "src", "manifest", "manifest.schema.json"), "utf8");
  const enums = [...schema.matchAll(/"enum": (\["process:push"[^\]]*\])/g)].map(([, list]) => JSON.parse(String(list)));
  expect([enums, Object.keys(TARGET_KINDS)]).toEqual([[POOL_TYPES], POOL_TYPES]);
});

test.each([
  ["ecs", "ecs:push"],
  ["azure-container-instance:push", "azure-container-instance:push"],
])("a pool of type %s runs as %s", (type, expected) => expect(asPoolType(type, "p")).toBe(expected));

test.each(["kubernetes", "toString"])("a pool of type %s is refused", (type) => {
  expect(() => asPoolType(type, "p")).toThrow(`work pool "p" is of type "${type}", which pushpool cannot run`);
});

describe("where a pool is", () => {
  type Type = (typeof POOL_TYPES)[number];
  /** Prefect's template with these defaults. */
  function template(type: Type, defaults: JsonObject): JsonObject {
    const made = defaultTemplate(type) as { variables: { properties: Record<string, JsonObject> } } & JsonObject;
    for (const [name, value] of Object.entries(defaults))
      made.variables.properties[name] = { ...made.variables.properties[name], default: value };
    return made;
  }
  const subnet = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/data/subnets/runs";

  test.each<[name: string, type: Type, defaults: JsonObject, credentials: object, env: NodeJS.ProcessEnv, expected: object]>([
    ["this machine", "process:push", {}, {}, {}, { region: null, words: "this machine", network: null }],
    ["a region", "cloud-run-v2:push", { region: "europe-west1" }, {}, {}, { region: "europe-west1", network: null }],
    [
      "a connector",
      "cloud-run-v2:push",
      { region: "europe-west1", vpc_connector_name: "projects/p/locations/europe-west1/connectors/data" },
      {},
      {},
      { region: "europe-west1", network: "connector data" },
    ],
    ["a placeholder", "cloud-run-v2:push", { region: "{{ $REGION }}" }, {}, { REGION: "x" }, { region: null, network: null }],
    [
      "a block's region and a VPC",
      "ecs:push",
      { vpc_id: "vpc-1", network_configuration: { subnets: ["a", "b"] } },
      { region_name: "eu-central-1" },
      { AWS_REGION: "us-east-1" },
      { region: "eu-central-1", network: "vpc-1, 2 subnets" },
    ],
    ["the caller's region", "ecs:push", {}, {}, { AWS_DEFAULT_REGION: "us-east-1" }, { region: "us-east-1", network: null }],
    ["a secret region", "ecs:push", {}, { region_name: new Secret([{ pointer: "/x" }]) }, {}, { region: null, network: null }],
    [
      "a resource group and subnets",
      "azure-container-instance:push",
      { resource_group_name: "rg", subnet_ids: [subnet, "other"] },
      {},
      {},
      { region: null, words: "that of resource group rg", network: "data/runs, other" },
    ],
    ["nothing that is known", "azure-container-instance:push", {}, {}, {}, { region: null, network: null }],
  ])("%s: %s", async (_, type, defaults, credentials, env, expected) => {
    const pool = { baseJobTemplate: template(type, defaults), credentials: credentials as JsonObject, env };
    expect(await TARGET_KINDS[type].locate(pool)).toEqual(expected);
  });

  test("a subnetwork and a location that a template itself has", async () => {
    const run = defaultTemplate("cloud-run-v2:push") as never as {
      job_configuration: { job_body: { template: { template: JsonObject } } };
    };
    run.job_configuration.job_body.template.template.vpcAccess = {
      networkInterfaces: [{ subnetwork: "projects/p/regions/r/subnetworks/flows" }],
    };
    const group = defaultTemplate("azure-container-instance:push") as never as {
      job_configuration: { arm_template: { parameters: { location: JsonObject } } };
    };
    group.job_configuration.arm_template.parameters.location.defaultValue = "westeurope";
    const pool = { credentials: {}, env: {} };
    const locate = (type: Type, baseJobTemplate: unknown) =>
      TARGET_KINDS[type].locate({ ...pool, baseJobTemplate: baseJobTemplate as JsonObject });
    expect(await locate("cloud-run-v2:push", run)).toEqual({ region: "us-central1", network: "flows" });
    expect(await locate("azure-container-instance:push", group)).toEqual({ region: "westeurope", network: null });
  });
});
