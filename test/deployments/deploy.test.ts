import { copyFileSync, cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type DeployPlan, ledgerRegistry, planDeploy } from "../../src/deployments";
import type { JsonObject } from "../../src/json";
import { openSqliteLedger } from "../../src/ledger";
import { parseManifest } from "../../src/manifest";
import { UserError } from "../../src/userError";
import { scratch } from "../scratch";

// The 41 files of test/prefectYaml, with the flows' code and the pools that Prefect had when it was recorded: flow names, versions, descriptions and
// parameters are what Prefect found by importing; what it refused, with the server at hand, is refused.

const fixtures = join(__dirname, "..", "fixtures", "prefect-yaml");
const { environment, results } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as {
  environment: Record<string, string>;
  results: Record<string, { deploy_all: { exit: number; deployments: JsonObject[] } }>;
};
const names = readdirSync(fixtures)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.replace(".yaml", ""));

const VARIABLES = ["command", "env", "labels", "name", "image", "cpu"];
const POOL = {
  type: "process:push",
  baseJobTemplate: {
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
  },
};
const MANIFEST = {
  kind: "pushpool.dev/manifest",
  version: 1,
  source: { project: "data", stack: "dev" },
  pools: { "yaml-pool": POOL, "yaml-pool-2": POOL },
  blocks: { "secret/lab-secret": { data: { value: "hush" } } },
  variables: { lab_tags: ["v1", "v2"], lab_region: "eu" },
};
const STEP_OUTPUTS: Record<string, JsonObject> = {
  "12-build-push-outputs": {
    "get-tag": { stdout: "v1.2.3" },
    second: { stdout: "tag-is-v1.2.3" },
    pushed: { stdout: "pushed-v1.2.3" },
    stdout: "pushed-v1.2.3",
  },
  "13-own-build": { t: { stdout: "own" } },
};

async function plan(name: string, over: { python?: string } = {}): Promise<DeployPlan | string> {
  const folder = scratch();
  cpSync(join(fixtures, "support"), folder, { recursive: true });
  const file = join(folder, "prefect.yaml");
  copyFileSync(join(fixtures, `${name}.yaml`), file);
  const ledger = openSqliteLedger(":memory:");
  const origin = "stack data/dev";
  try {
    return await planDeploy({
      file,
      folder,
      names: [],
      all: true,
      stepOutputs: STEP_OUTPUTS[name] ?? {},
      env: { ...environment, PATH: over.python ?? process.env.PATH },
      registry: ledgerRegistry({ manifest: parseManifest(MANIFEST, [], origin), origin, stack: "data/dev" }, ledger),
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  } finally {
    ledger.close();
  }
}

/** What is refused, beside what the recording refused: by deployment name, and why. */
const REFUSED: Record<string, [string, RegExp][]> = {
  "09-both-schedule-and-schedules": [["both", /^schedule and schedules are both there/]],
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
    ["typo", /^schedules\[0\]\.timezon is no field/],
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

test.each(names)("%s", async (name) => {
  const planned = await plan(name);
  if (typeof planned === "string") return expect(["26-bad-yaml", "37-empty"]).toContain(name);
  expect(planned.problems.map(({ name: of, message }) => [of, message])).toEqual(
    (REFUSED[name] ?? []).map(([of, message]) => [of, expect.stringMatching(message)]),
  );
  const { deployments } = (results[name] as { deploy_all: { deployments: JsonObject[] } }).deploy_all;
  for (const theirs of deployments) {
    const full = `${theirs.flow_name}/${theirs.name}`;
    if (REFUSED[name]?.some(([of]) => of === theirs.name)) continue;
    const mine = planned.records.find((record) => record.name === full);
    expect([full, mine?.kept.version, mine?.definition.description, mine?.definition.parameterSchema]).toEqual([
      full,
      theirs.version,
      // A flow without a docstring is described as "None" there.
      theirs.description === "None" ? undefined : theirs.description,
      theirs.parameter_openapi_schema,
    ]);
  }
});

test("without python3 a flow goes by its function's name, and that is said", async () => {
  const planned = await plan("23-module-entrypoint", { python: "/nowhere" });
  expect(planned).toMatchObject({
    deployments: [{ name: "module-flow/module-form" }, { name: "module-flow/module-colon-form" }],
    notes: [expect.stringMatching(/^there is no python3 here: flows go by their functions' names, and their parameters are not known$/)],
  });
});
