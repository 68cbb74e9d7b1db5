import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { JsonObject } from "../../src/json";
import { readJson } from "../../src/jsonText";
import { loadPrefectYaml, type PrefectYaml } from "../../src/prefectYaml/load";
import { resolveDeployment } from "../../src/prefectYaml/resolve";
import { UserError } from "../../src/userError";

// What Prefect 3.8.8's own loader makes of a field of each kind in each wrong and right type; `invalid` is what it names (or "unreadable").

interface Case {
  yaml: string;
  deployments: JsonObject[];
  actions: JsonObject;
  invalid: string[] | "unreadable" | null;
  /** It ended with an exception of this type. */
  crash?: string;
}
const cases = readJson(readFileSync(join(__dirname, "..", "fixtures", "prefect-yaml", "loader-cases.json"), "utf8")) as unknown as Case[];

/** Read in another way, with the same meaning: Prefect takes a schedule with an unquoted date for another of its models. */
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

test("law: whatever the file holds, it is read or refused in words; nothing crashes", () => {
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

test("law: text that is no prefect.yaml at all is refused in words", () => {
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
