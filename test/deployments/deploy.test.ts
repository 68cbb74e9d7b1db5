import { copyFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type DeployPlan, ledgerRegistry, planDeploy } from "../../src/deployments";
import type { JsonObject } from "../../src/json";
import { openSqliteLedger } from "../../src/ledger";
import { parseManifest } from "../../src/manifest";
import { UserError } from "../../src/userError";
import { scratch } from "../scratch";
import { environment, fixtures, names, REFUSED, results, STEP_OUTPUTS, TEMPLATE } from "./recorded";

// The 41 files of test/prefectYaml, with the flows and the pools that Prefect had for the recording. Flow names, versions, descriptions and
// parameters are those that Prefect found by importing; what it refused with a server is refused.

const POOL = { type: "process:push", baseJobTemplate: TEMPLATE };
const MANIFEST = {
  kind: "pushpool.dev/manifest",
  version: 1,
  source: { project: "data", stack: "dev" },
  pools: { "yaml-pool": POOL, "yaml-pool-2": POOL },
  blocks: { "secret/lab-secret": { data: { value: "hush" } } },
  variables: { lab_tags: ["v1", "v2"], lab_region: "eu" },
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
      // Prefect gives a flow without a docstring the description "None".
      theirs.description === "None" ? undefined : theirs.description,
      theirs.parameter_openapi_schema,
    ]);
  }
});

test("without python3 each flow gets the name of its function, with a note", async () => {
  const planned = await plan("23-module-entrypoint", { python: "/nowhere" });
  expect(planned).toMatchObject({
    deployments: [{ name: "module-flow/module-form" }, { name: "module-flow/module-colon-form" }],
    notes: [expect.stringMatching(/^python3 is not on PATH: each flow gets the name of its function, and parameters are not checked$/)],
  });
});
