import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { loadPrefectYaml, type PrefectYaml } from "../../src/prefectYaml/load";

// What Prefect 3.8.8's own loader makes of a field of each kind in each wrong and right type; `invalid` is what it names (or "unreadable").

interface Case {
  yaml: string;
  deployments: JsonObject[];
  actions: JsonObject;
  invalid: string[] | "unreadable" | null;
  /** It ended with an exception of this type. */
  crash?: string;
}
const cases = JSON.parse(readFileSync(join(__dirname, "..", "fixtures", "prefect-yaml", "loader-cases.json"), "utf8")) as Case[];

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
