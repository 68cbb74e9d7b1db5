import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { defaultTemplate } from "../../src/template";
import { manifestOf, placeWith } from "./pushpool";

// `pushpool pools`: where each pool is, and how old its credentials are. No cloud is asked, and no SDK is loaded.

const DAY = 24 * 3600_000;

function template(type: Parameters<typeof defaultTemplate>[0], defaults: JsonObject): JsonObject {
  const made = defaultTemplate(type) as { variables: { properties: Record<string, JsonObject> } } & JsonObject;
  for (const [name, value] of Object.entries(defaults))
    made.variables.properties[name] = { ...made.variables.properties[name], default: value };
  return made;
}

function manifest(now: number): JsonObject {
  const made = manifestOf({}, { pool: { concurrencyLimit: 2, timeoutSeconds: 60 } });
  Object.assign(made.pools as JsonObject, {
    run: {
      type: "cloud-run-v2:push",
      baseJobTemplate: template("cloud-run-v2:push", { region: "europe-west1" }),
      credentials: "gcp-credentials/run",
    },
    ecs: {
      type: "ecs:push",
      baseJobTemplate: template("ecs:push", { vpc_id: "vpc-1" }),
      credentials: "aws-credentials/ecs",
      isPaused: true,
    },
    aci: {
      type: "azure-container-instance:push",
      baseJobTemplate: template("azure-container-instance:push", { resource_group_name: "rg" }),
    },
  });
  made.blocks = {
    "gcp-credentials/run": { createdAt: new Date(now - 40.5 * DAY).toISOString(), data: { service_account_info: "[secret]" } },
    "aws-credentials/ecs": { data: { region_name: "eu-central-1", aws_secret_access_key: "[secret]" } },
  };
  return made;
}

test("a table of all pools, and the same as JSON", () => {
  const now = Date.now();
  const here = placeWith(manifest(now));
  const { status, stdout } = here.pushpool("pools");
  const rows = stdout
    .trimEnd()
    .split("\n")
    .map((row) => row.split(/ {2,}/).map((cell) => cell.trim()));
  expect([status, rows]).toEqual([
    0,
    [
      ["NAME", "TYPE", "REGION", "NETWORK", "CREDENTIALS", "LIMIT", "TIMEOUT", "PAUSED"],
      ["local", "process:push", "this machine", "none", "none needed", "2", "60 s", "no"],
      ["run", "cloud-run-v2:push", "europe-west1", "none", "gcp-credentials/run, 40 days old", "none", "none", "no"],
      ["ecs", "ecs:push", "eu-central-1", "vpc-1", "aws-credentials/ecs, age unknown", "none", "none", "yes"],
      ["aci", "azure-container-instance:push", "that of resource group rg", "none", "your own login", "none", "none", "no"],
    ],
  ]);
  const { pools } = JSON.parse(here.pushpool("pools", "--json").stdout) as { pools: JsonObject[] };
  expect(pools).toMatchObject([
    { name: "local", region: null, network: null, credentials: null, credentialsCreatedAt: null, concurrencyLimit: 2 },
    { name: "run", region: "europe-west1", credentialsCreatedAt: new Date(now - 40.5 * DAY).toISOString() },
    { name: "ecs", region: "eu-central-1", network: "vpc-1", credentials: "aws-credentials/ecs", credentialsCreatedAt: null },
    { name: "aci", type: "azure-container-instance:push", region: null, network: null },
  ]);
});

test("`pools pause` holds new runs in this ledger, and `pools resume` lets them go on", () => {
  const here = placeWith(manifestOf({ "hello/node": "true" }));
  expect(here.pushpool("pools", "pause", "local")).toMatchObject({ status: 0, stderr: expect.stringMatching(/"local" .* is paused/) });
  expect(JSON.parse(here.pushpool("pools", "--json").stdout)).toMatchObject({
    pools: [{ name: "local", isPaused: true, pausedHere: true }],
  });
  expect(here.pushpool("pools").stdout).toMatch(/^local .* here$/m);
  const waiting = here.pushpool("run", "hello/node", "--timeout", "1s", "--flow-run-name", "waits");
  expect(waiting).toMatchObject({ status: 4, stderr: expect.stringMatching(/paused here: `pushpool pools resume local`/) });
  expect(here.pushpool("pools", "resume", "local", "--json")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/"isPaused":false/),
  });
  expect(here.pushpool("wait", "waits").status).toBe(0);
});
