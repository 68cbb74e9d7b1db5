import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/json";

// The 41 files of test/fixtures/prefect-yaml, and what `prefect deploy --all` stored for each on a real server.

export const fixtures = join(__dirname, "..", "fixtures", "prefect-yaml");
export const { environment, results } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as {
  environment: Record<string, string>;
  results: Record<string, { deploy_all: { exit: number; deployments: JsonObject[] } }>;
};
/** The files' names, without `.yaml`. */
export const names = readdirSync(fixtures)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.replace(".yaml", ""));

const VARIABLES = ["command", "env", "labels", "name", "image", "cpu"];
/** The template of the pools yaml-pool and yaml-pool-2. */
export const TEMPLATE = {
  job_configuration: Object.fromEntries(VARIABLES.map((name) => [name, `{{ ${name} }}`])),
  variables: {
    type: "object",
    properties: {
      command: { type: "string" },
      env: { type: "object", additionalProperties: true },
      labels: { type: "object" },
      name: { type: "string" },
      image: { type: "string", default: "default:img" },
      cpu: { type: "integer", default: 1 },
    },
  },
};
/** The outputs of build and push steps there. */
export const STEP_OUTPUTS: Record<string, JsonObject> = {
  "12-build-push-outputs": {
    "get-tag": { stdout: "v1.2.3" },
    second: { stdout: "tag-is-v1.2.3" },
    pushed: { stdout: "pushed-v1.2.3" },
    stdout: "pushed-v1.2.3",
  },
  "13-own-build": { t: { stdout: "own" } },
};

/** Deployments that pushpool refuses, but the recording did not: by deployment name, with the reason. */
export const REFUSED: Record<string, [string, RegExp][]> = {
  "09-both-schedule-and-schedules": [["both", /^schedule and schedules are both given/]],
  "16-null-mappings-invalid": [
    ["null-parameters", /^parameters must be a mapping/],
    ["null-parameters", /^work_pool\.job_variables must be a mapping/],
  ],
  "19-concurrency-object-without-strategy": [["object-no-strategy", /^concurrency_limit\.collision_strategy: must be/]],
  "27-bad-types": [
    ["bad-one", /^concurrency_limit must be a whole number/],
    ["bad-one", /^schedules must be a list/],
  ],
  "28-bad-schedule-key": [
    ["typo", /^schedules\[0\]\.timezon is not a field/],
    ["two-kinds", /^schedules\[0\] must have exactly one of/],
  ],
  "29-bad-cron": [["bad-cron", /^schedules\[0\]\.cron: "61 /]],
  "30-no-pool": [["no-pool", /^work_pool\.name is missing: .* stack data\/dev has yaml-pool, yaml-pool-2$/]],
  "31-unknown-pool": [["unknown-pool", /^work_pool\.name: there is no work pool "no-such-pool" in stack data\/dev/]],
  "33-no-entrypoint": [["no-entrypoint", /^entrypoint is missing/]],
  "34-flow-not-found": [["not-found", /^entrypoint: there is no function nope in flows\.py/]],
  "35-blocks-and-variables": [["blocks-variables", /^parameters: .* is a secret/]],
  "36-bad-job-variable": [["bad-job-variable", /^work_pool\.job_variables\.cpu must be integer/]],
  "38-required-parameters": [["bad-param-type", /^parameters\.who must be string.*; parameters\.when must be integer/]],
  "40-env-number-parameter": [["env-number", /^parameters\.n must be integer/]],
  "41-null-work-pool": [["null-work-pool", /^work_pool\.name is missing/]],
};
