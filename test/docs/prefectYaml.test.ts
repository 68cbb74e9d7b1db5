import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { describePrefect } from "../prefect/python";
import { prefectVenv } from "../prefect/venv";
import { repo } from "./markdown";

// docs/prefect-yaml.md has a row for every field that Prefect's own model of the file has, and for every field of its API.

const FIELDS = `import json
from prefect._experimental.sla.objects import FrequencySla, LatenessSla, TimeToCompletionSla
from prefect.cli.deploy import _models as models
from prefect.client.schemas.actions import DeploymentCreate
def names(*kinds): return sorted({field.alias or name for kind in kinds for name, field in kind.model_fields.items()})
print(json.dumps({
    "The file": names(models.PrefectYamlModel),
    "\`deployments[]\`": names(models.DeploymentConfig),
    "\`work_pool\`": names(models.WorkPoolConfig),
    "\`concurrency_limit\`": names(models.ConcurrencyLimitSpec),
    "\`schedules[]\`": names(models.RawScheduleConfig),
    "\`sla[]\`": names(FrequencySla, LatenessSla, TimeToCompletionSla),
    "Other fields of the API": names(DeploymentCreate),
}))`;

/** The names in the first column of each table, by the heading above it. */
function rows(): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  let heading = "";
  for (const line of readFileSync(join(repo, "docs", "prefect-yaml.md"), "utf8").split("\n")) {
    heading = /^## (.*)$/.exec(line)?.[1] ?? heading;
    const [, first = ""] = /^\| (`.*?) +\|/.exec(line) ?? [];
    const table = tables.get(heading) ?? new Set();
    for (const [, name = ""] of first.matchAll(/`([\w.-]+)`/g)) table.add(name);
    tables.set(heading, table);
  }
  return tables;
}

describePrefect("the table of fields", () => {
  vi.setConfig({ testTimeout: 600_000 });

  test.each(["3.8.8", "3.9.1"] as const)("has a row for every field of Prefect %s", async (version) => {
    const venv = await prefectVenv(version);
    const known = JSON.parse(execFileSync(join(venv, "bin", "python"), ["-c", FIELDS], { encoding: "utf8" })) as Record<string, string[]>;
    const documented = rows();
    const deployment = documented.get("`deployments[]`") as Set<string>;
    for (const [heading, fields] of Object.entries(known)) {
      const table = documented.get(heading);
      // What the API and the file call the same is in the table of the file.
      const elsewhere = heading.startsWith("Other") ? [...deployment, "work_queue_name", "job_variables"] : [];
      expect([heading, fields.filter((field) => !table?.has(field) && !elsewhere.includes(field))]).toEqual([heading, []]);
      expect([heading, [...(table ?? [])].filter((field) => !fields.includes(field))]).toEqual([heading, []]);
    }
  });
});
