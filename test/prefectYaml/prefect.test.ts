import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { loadPrefectYaml, type PrefectYaml } from "../../src/prefectYaml/loadPrefectYaml";
import { resolveDeployment } from "../../src/prefectYaml/resolveDeployment";
import { Secret } from "../../src/secret";

// 41 files with the results of Prefect 3.8.8: `loader` has the output of its loader, `deploy_all` the server's deployments after
// `prefect deploy --all`.

const folder = join(__dirname, "..", "fixtures", "prefect-yaml");
interface Recorded {
  loader: { deployments: JsonObject[]; actions: JsonObject; printed: string };
  deploy_all: { exit: number; deployments: JsonObject[] };
}
const { environment, results } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
  environment: Record<string, string>;
  results: Record<string, Recorded>;
};
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.replace(".yaml", ""));

const load = (name: string) => loadPrefectYaml(readFileSync(join(folder, `${name}.yaml`), "utf8"), "prefect.yaml");
/** The file, or the reason why it cannot be read. */
const attempt = (name: string): PrefectYaml | string => {
  try {
    return load(name);
  } catch (error) {
    return (error as Error).message;
  }
};

describe("the loader", () => {
  test.each(names)("%s", (name) => {
    const { loader } = results[name] as Recorded;
    const file = attempt(name);
    if (typeof file === "string") {
      expect(loader.printed).toMatch(/Unable to (read|parse)/);
      expect(file).toMatch(/^prefect\.yaml/);
      return;
    }
    expect(file.actions).toEqual(loader.actions);
    if (file.problems.length === 0) return expect(file.deployments.map(({ config }) => config)).toEqual(loader.deployments);
    // Prefect then ignores the whole file. It names the same deployments and fields as pushpool.
    const named = file.problems.map(({ name: of, message }) => `${of}: ${/^\w+/.exec(message)?.[0]}`);
    const recorded = [...loader.printed.matchAll(/• (\S+): (.*)/g)].flatMap(([, of, fields = ""]) =>
      fields.split(", ").map((field) => `${of}: ${field}`),
    );
    expect([...new Set(named)].sort()).toEqual(recorded.sort());
  });
});

const surroundings = {
  env: environment,
  blocks: { "secret/lab-secret": { data: { value: new Secret([{ pointer: "/blocks/secret~1lab-secret/data/value" }]) } } },
  variables: { lab_tags: ["v1", "v2"], lab_region: "eu" },
  stepOutputs: {},
  hasImage: () => true,
  folder: "<cwd>",
};

/** The outputs of build and push steps in the recordings. */
const STEP_OUTPUTS: Record<string, JsonObject> = {
  "12-build-push-outputs": {
    "get-tag": { stdout: "v1.2.3" },
    second: { stdout: "tag-is-v1.2.3" },
    pushed: { stdout: "pushed-v1.2.3" },
    stdout: "pushed-v1.2.3",
  },
  "13-own-build": { t: { stdout: "own" }, stdout: "own" },
};

/** Results that differ from Prefect because Prefect would do harm. */
const SAFER: Record<string, Record<string, unknown>> = {
  // Prefect makes a tag for each letter.
  "21-tags-plain-string": { tags: ["solo"] },
  // Prefect stops at the first invalid deployment.
  "27-bad-types": { deployments: ["ok-one"] },
  // Prefect removes a list item that is only the output of a step.
  "12-build-push-outputs": { tags: ["v1.2.3", "pushed-v1.2.3", "x-"] },
  // Prefect crashes.
  "39-null-tags": { deployments: ["null-tags"] },
};

/** Files that pushpool refuses, with the reason. It refuses them before a server would, or because Prefect would do harm. */
const REFUSED: Record<string, string> = {
  "09-both-schedule-and-schedules": "schedule and schedules are both given: keep only schedules",
  "19-concurrency-object-without-strategy": "concurrency_limit.collision_strategy: must be ENQUEUE or CANCEL_NEW",
  "29-bad-cron": 'schedules[0].cron: "61 * * * *" is invalid',
  // Prefect stores the secret in the deployment in plain text.
  "35-blocks-and-variables": "parameters: {{ prefect.blocks.secret.lab-secret }} is a secret",
};

/** Files that a later step refuses, which has the flow or the pool. In the recordings, the server or the import of the flow refused them. */
const LATER = [
  "30-no-pool",
  "31-unknown-pool",
  "33-no-entrypoint",
  "34-flow-not-found",
  "36-bad-job-variable",
  "38-required-parameters",
  "40-env-number-parameter",
  "41-null-work-pool",
];

describe("deployments equal those of `prefect deploy --all`, except for values from the imported flow", () => {
  test.each(names.filter((name) => typeof attempt(name) !== "string"))("%s", (name) => {
    const file = load(name);
    const { deployments: recorded, exit } = (results[name] as Recorded).deploy_all;
    const around = { ...surroundings, stepOutputs: STEP_OUTPUTS[name] ?? {} };
    const named = file.deployments.filter(({ config }) => config.name !== undefined);
    const refused = REFUSED[name];
    if (refused !== undefined) {
      for (const deployment of named) {
        const { problems } = resolveDeployment(deployment, file, around) as { problems: string[] };
        expect(problems).toHaveLength(1);
        expect(problems[0]).toContain(refused);
      }
      return;
    }
    const ours = named.map((deployment) => {
      const resolved = resolveDeployment(deployment, file, around);
      if ("problems" in resolved) throw new Error(resolved.problems.join("; "));
      return resolved;
    });
    const safer = SAFER[name];
    if (exit !== 0) {
      // At least the deployments that Prefect made. A later step refuses the others, or pushpool handles them more safely.
      expect(LATER.includes(name) || safer?.deployments !== undefined || file.problems.length > 0).toBe(true);
      if (safer?.deployments) expect(ours.map((deployment) => deployment.name)).toEqual(safer.deployments);
    } else expect(ours).toHaveLength(recorded.length);
    for (const [index, theirs] of recorded.entries()) {
      const mine = ours[index];
      expect(mine).toBeDefined();
      if (!mine) continue;
      const { tags = theirs.tags } = safer ?? {};
      expect({
        name: mine.name,
        tags: mine.tags,
        paused: mine.paused ?? false,
        schedules: inOrder(mine.schedules),
        global_concurrency_limit: mine.concurrencyLimit === null ? null : { limit: mine.concurrencyLimit },
        concurrency_options: mine.concurrencyOptions && {
          collision_strategy: mine.concurrencyOptions.collisionStrategy,
          grace_period_seconds: mine.concurrencyOptions.gracePeriodSeconds,
        },
        job_variables: mine.workPool.jobVariables,
        parameters: mine.parameters,
        work_queue_name: mine.workPool.queue ?? "default",
        pull_steps: mine.pullSteps,
        entrypoint: mine.entrypoint,
        work_pool_name: mine.workPool.name,
        enforce_parameter_schema: mine.enforceParameterSchema,
        ...(mine.version === null ? {} : { version: mine.version }),
        ...(mine.description === null ? {} : { description: mine.description }),
      }).toEqual({
        name: theirs.name,
        tags,
        paused: theirs.paused,
        schedules: inOrder(theirs.schedules as JsonObject[]),
        global_concurrency_limit: theirs.global_concurrency_limit,
        concurrency_options: theirs.concurrency_options,
        job_variables: theirs.job_variables,
        parameters: theirs.parameters,
        work_queue_name: theirs.work_queue_name,
        pull_steps: theirs.pull_steps ?? [],
        entrypoint: theirs.entrypoint,
        work_pool_name: theirs.work_pool_name,
        enforce_parameter_schema: theirs.enforce_parameter_schema,
        ...(mine.version === null ? {} : { version: theirs.version }),
        ...(mine.description === null ? {} : { description: theirs.description }),
      });
    }
  });
});

/** Sort schedules as in the recording, and remove a start time that Prefect took from its clock. */
function inOrder(schedules: JsonObject[]): Json[] {
  const key = ({ slug, schedule }: JsonObject) => `${slug ?? ""} ${JSON.stringify(Object.entries(schedule as JsonObject).sort())}`;
  return schedules
    .map((schedule) => JSON.parse(JSON.stringify(schedule).replace('"anchor_date":"<time>",', "")) as JsonObject)
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
