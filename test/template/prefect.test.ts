import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { readJson } from "../../src/jsonText";
import { prepareJob, resolveJob, validateJob } from "../../src/template";
import { UserError } from "../../src/userError";

// Prefect itself computed the expected results: see test/fixtures/templating/README.md.

interface Case {
  name: string;
  base_job_template: JsonObject;
  deployment_job_variables: JsonObject;
  flow_run_job_variables: JsonObject;
  blocks?: { id: string; type: string; name: string; data: JsonObject }[];
  variables?: JsonObject;
  process_env?: Record<string, string>;
  expected?: JsonObject;
  validated?: JsonObject;
  validation_error?: unknown;
  error?: unknown;
  nondeterministic?: { expected: JsonObject }[];
}

/** Our result and the reason, for cases where it differs from Prefect's, or where Prefect's result varies. */
const OURS: Record<string, { expected: JsonObject; because: string }> = {
  "env-dotted-on-run-does-not-merge-with-worker-merge-but-later": {
    expected: { env: { A: "run", B: "dep" }, labels: {} },
    because: "the last value of the run wins, dotted or not",
  },
  "dotted-key-through-scalar-nondot-wins": { expected: { x: { b: 1 } }, because: "the key that comes last wins" },
  "dotted-key-replaces-default-dict": {
    expected: { x: { p: 9, q: 2 } },
    because: "a dotted key sets one place and leaves the others",
  },
  "value-containing-other-placeholder-mixed": {
    expected: { x: "<{{ b }}>|B" },
    because: "Prefect's result depends on its hash seed; pushpool does not search inserted values again",
  },
};

function read(...files: string[]): [string, Case][] {
  const cases = files.flatMap(
    (file) => readJson(readFileSync(join(__dirname, "../fixtures/templating", file), "utf8")) as unknown as Case[],
  );
  return cases.map((given) => [given.name, given]);
}

function resolve(given: Case): JsonObject {
  return resolveJob({
    baseJobTemplate: given.base_job_template,
    deploymentJobVariables: given.deployment_job_variables,
    flowRunJobVariables: given.flow_run_job_variables,
    blocks: Object.fromEntries((given.blocks ?? []).map(({ id, type, name, data }) => [`${type}/${name}`, { id, data }])),
    variables: given.variables ?? {},
    env: given.process_env ?? {},
  }) as JsonObject;
}

function refusal(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a job is rendered as by Prefect", () => {
  test.each(read("cases.json", "more-cases.json"))("%s", (name, given) => {
    const before = structuredClone(given);
    if (given.error) {
      expect(refusal(() => resolve(given)).message).toMatch(/^(job_configuration|baseJobTemplate|job variable)\b/);
    } else {
      const resolved = resolve(given);
      expect(resolved).toEqual(OURS[name]?.expected ?? given.expected);
      if (given.validation_error) expect(refusal(() => validateJob(resolved)).message).toMatch(/^job_configuration\.\w+/);
      else if (!OURS[name]) expect(validateJob(resolved)).toEqual(given.validated);
    }
    expect(given).toEqual(before);
  });

  test("every listed exception still differs from Prefect", () => {
    const byName = new Map(read("cases.json"));
    for (const [name, { expected }] of Object.entries(OURS)) expect(expected).not.toEqual(byName.get(name)?.expected);
  });
});

describe("a job is prepared as by Prefect", () => {
  test.each(read("prepared.json", "more-prepared.json"))("%s", (name, given) => {
    const prepared = prepareJob(validateJob(resolve(given)), {
      prefect: true,
      flowRun: {
        id: "00000000-0000-0000-0000-0000000000a1",
        name: name === "prepared-name-default-is-run-name" ? "run-42" : "brave-fox",
        parameters: { p: 1 },
      },
      flow: { id: "00000000-0000-0000-0000-0000000000f1", name: "my-flow" },
      deployment: { id: "00000000-0000-0000-0000-0000000000d1", name: "my-deployment", updated: "2024-05-06T07:08:09Z" },
      workPool: { id: "00000000-0000-0000-0000-0000000000b1", name: "my-pool" },
      worker: { id: "00000000-0000-0000-0000-0000000000e1", name: "my-worker" },
      prefectEnv: {
        PREFECT_HOME: "<prefect-home>",
        PREFECT_API_URL: "http://prefect.test/api",
        PREFECT_LOGGING_LEVEL: "CRITICAL",
        PREFECT_SERVER_EPHEMERAL_ENABLED: "True",
      },
      version: "3.8.8",
      env: given.process_env,
    });
    expect(prepared).toEqual(given.expected);
  });
});
