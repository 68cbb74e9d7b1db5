import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { JsonObject } from "../../src/json";
import { readJson } from "../../src/jsonText";
import { loadPrefectYaml, type PrefectYaml } from "../../src/prefectYaml/loadPrefectYaml";
import { resolveDeployment } from "../../src/prefectYaml/resolveDeployment";
import { isMeant } from "../../src/prefectYaml/select";
import { UserError } from "../../src/userError";

// The results of Prefect 3.8.8's own loader for each kind of field with each valid and invalid type. `invalid` has the fields that it names, or
// is "unreadable".

interface Case {
  yaml: string;
  deployments: JsonObject[];
  actions: JsonObject;
  invalid: string[] | "unreadable" | null;
  /** The type of exception with which Prefect's loader crashed. */
  crash?: string;
}
const cases = readJson(readFileSync(join(__dirname, "..", "fixtures", "prefect-yaml", "loader-cases.json"), "utf8")) as unknown as Case[];

/** pushpool reads these differently, but with the same meaning: Prefect reads a schedule with an unquoted date as another model. */
const OTHERWISE = ["schedules: [{interval: 60, anchor_date: 2020-01-01T00:00:00Z}]"];

test.each(cases.map((one) => [one.yaml, one] as const))("%j", (yaml, { deployments, actions, invalid, crash }) => {
  let file: PrefectYaml | undefined;
  let refused: string | undefined;
  try {
    file = loadPrefectYaml(yaml, "prefect.yaml");
  } catch (error) {
    refused = (error as Error).message;
  }
  if (crash !== undefined || invalid === "unreadable") {
    expect(refused ?? file?.problems.length).toBeTruthy();
  } else if (OTHERWISE.some((part) => yaml.includes(part))) {
    expect(file?.problems).toEqual([]);
  } else if (invalid) {
    const named = file
      ? file.problems.map(({ name, index, message }) => `${name ?? `#${index}`}: ${/^\w*/.exec(message)?.[0]}`)
      : [`file: ${refused}`];
    expect(named.length).toBeGreaterThan(0);
    const fields = invalid.flatMap((line) => {
      const [of, list = ""] = line.split(/: (.*)/);
      return list.split(", ").map((field) => `${of}: ${field}`);
    });
    if (file) expect([...new Set(named)].sort()).toEqual(fields.sort());
  } else {
    expect(refused).toBeUndefined();
    expect(file?.problems).toEqual([]);
    expect(file?.deployments.map(({ config }) => config)).toEqual(deployments);
    expect(file?.actions).toEqual(actions);
  }
});

const key = fc.constantFrom(
  "name",
  "entrypoint",
  "tags",
  "schedules",
  "schedule",
  "cron",
  "interval",
  "rrule",
  "active",
  "parameters",
  "work_pool",
  "job_variables",
  "work_queue_name",
  "concurrency_limit",
  "limit",
  "build",
  "pull",
  "triggers",
  "deployments",
  "__proto__",
  "<<",
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      1.5,
      -3,
      "",
      "x",
      "{{ x }}",
      "{{ $HOME }}",
      "{{ prefect.blocks.a.b }}",
      "2020-01-01",
      "0 0 * * *",
    ),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 6 }),
  ),
}));

test("property: any file is read, or refused with a message", () => {
  const around = { env: process.env, blocks: {}, variables: {}, stepOutputs: {}, hasImage: () => true, folder: "/" };
  fc.assert(
    fc.property(fc.array(fc.dictionary(key, tree, { maxKeys: 8 }), { maxLength: 4 }), fc.dictionary(key, tree), (deployments, top) => {
      try {
        const file = loadPrefectYaml(stringify({ ...top, deployments }), "prefect.yaml");
        for (const deployment of file.deployments) resolveDeployment(deployment, file, around);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.message).toMatch(/^prefect\.yaml/);
      }
    }),
    { numRuns: 500 },
  );
});

test("property: any string is read, or refused with a message", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab:-[]{}#&*!|>'\"%@`, \n\t?~0"), maxLength: 60 }), (text) => {
      try {
        loadPrefectYaml(text, "prefect.yaml");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

const deployment = (more: string, over = "") => `${over}deployments:\n- name: a\n  entrypoint: f.py:g\n${more}  work_pool: { name: p }\n`;

test.each([
  [deployment("  parametrs: { a: 1 }\n"), 'parametrs is not a field of a deployment: did you mean "parameters"?'],
  [deployment("  workPool: { name: p }\n"), 'workPool is not a field of a deployment: did you mean "work_pool"?'],
  [deployment("  tag: [a]\n"), 'tag is not a field of a deployment: did you mean "tags"?'],
  [deployment("  concurrency: 1\n"), 'concurrency is not a field of a deployment: did you mean "concurrency_limit"?'],
  [
    deployment("").replace("name: p", "name: p, job_variable: {}"),
    'work_pool.job_variable is not a field of work_pool: did you mean "job_variables"?',
  ],
])("a misspelt field is refused, and the other deployments are read: %j", (yaml, message) => {
  const file = loadPrefectYaml(`${yaml}- name: b\n  entrypoint: f.py:g\n`, "prefect.yaml");
  expect(file.problems).toMatchObject([{ name: "a", message }]);
  expect(file.deployments.map(({ config }) => config.name)).toEqual(["b"]);
});

test("a misspelt field of the file is refused; keys that hold anchors are not", () => {
  expect(() => loadPrefectYaml("name: x\ndeployment:\n- name: a\n", "prefect.yaml")).toThrow(
    'prefect.yaml:3: deployment is not a field of a prefect.yaml: did you mean "deployments"?',
  );
  const holders = "definitions: { a: 1 }\n.pools: { b: 1 }\nx-deployments: []\nprefect: {}\npool: &p { name: p }\ndeployment: {}\n";
  const file = loadPrefectYaml(deployment("  owner: me\n  infra_overrides: {}\n  .note: x\n", holders), "prefect.yaml");
  expect(file.problems).toEqual([]);
  expect(file.deployments[0]?.warnings).toEqual([
    "owner is not a field of a deployment and is ignored",
    "infra_overrides is not a field of a deployment and is ignored, as in Prefect: write it as work_pool.job_variables",
  ]);
});

test.each([
  [".inf", "parameters.a.b[1] is .inf, which is not a JSON number"],
  [".NaN", "parameters.a.b[1] is .NaN, which is not a JSON number"],
  ["1.0e+400", "parameters.a.b[1] is 1.0e+400, too large for a float: Python would read infinity"],
])("a number that JSON does not have is refused with its path: %s", (number, message) => {
  const file = loadPrefectYaml(deployment(`  parameters: { a: { b: [1, ${number}] } }\n`), "prefect.yaml");
  expect(file.problems).toMatchObject([{ name: "a", line: 4, message }]);
});

test("a pattern with many stars is matched quickly", () => {
  const meant = { names: ["a".repeat(255)], flows: ["f"] };
  const before = process.cpuUsage();
  expect(isMeant(`${"*a".repeat(200)}*b`, meant)).toBe(false);
  expect(isMeant(`${"*".repeat(50_000)}a`, meant)).toBe(true);
  expect(isMeant(`f/${"*a".repeat(255)}`, meant)).toBe(true);
  expect(isMeant("a*a", { names: ["a"], flows: [] })).toBe(false);
  expect(isMeant("n*t*y", { names: ["nightly"], flows: [] })).toBe(true);
  expect(isMeant("n*t*x", { names: ["nightly"], flows: [] })).toBe(false);
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(500);
});
