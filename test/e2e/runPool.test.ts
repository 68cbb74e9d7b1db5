import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { defaultTemplate } from "../../src/template";
import { until } from "../until";
import { manifestOf, type Place, placeWith } from "./pushpool";

// `pushpool run --pool`: one run on another work pool than its deployment's.

/** The template of a local pool, without some of its variables and what they fill, and with others. */
function template({ without = [], with: more = {} }: { without?: string[]; with?: JsonObject } = {}): JsonObject {
  const { job_configuration: job, variables } = structuredClone(defaultTemplate("process:push")) as Record<string, JsonObject>;
  const properties = variables?.properties as JsonObject;
  for (const name of without) {
    delete properties[name];
    delete (job as JsonObject)[name];
  }
  return { job_configuration: job as JsonObject, variables: { ...variables, properties: { ...properties, ...more } } };
}

/** Deployments of pool `local`, and more pools. */
function manifest(): JsonObject {
  const say = "sh -c 'echo in $POOL; exit $CODE'";
  const env = { CODE: "0" };
  const poolEnv = (name: string) => ({
    env: { type: "object", additionalProperties: { type: ["string", "null"] }, default: { POOL: name } },
  });
  const made = manifestOf(
    {},
    {
      pool: { baseJobTemplate: template({ with: { ...poolEnv("local"), level: { type: "string" } } }), queues: { high: {} } },
      deployments: {
        "hello/prod": { command: say, workPool: { name: "local", queue: "high", jobVariables: { env, level: "low" } } },
        "hello/plain": { command: say, workPool: { name: "local", jobVariables: { env } } },
        "hello/slow": { command: "sh -c 'echo up; sleep 600'", workPool: { name: "local" } },
        "hello/homeless": { command: say, workPool: { name: "gone", jobVariables: { env } } },
      },
    },
  );
  Object.assign(made.pools as JsonObject, {
    other: { type: "process:push", baseJobTemplate: template({ with: poolEnv("other") }), concurrencyLimit: 1 },
    queued: { type: "process:push", baseJobTemplate: template({ with: poolEnv("queued") }), queues: { high: {} } },
    strict: { type: "process:push", baseJobTemplate: template({ with: { ...poolEnv("strict"), level: { type: "integer" } } }) },
    paused: { type: "process:push", baseJobTemplate: template(), isPaused: true },
  });
  return made;
}

const runsOf = (at: Place, ...args: string[]) =>
  (JSON.parse(at.pushpool("ls", "--json", ...args).stdout) as { runs: (JsonObject & { id: string; state: { type: string } })[] }).runs;

test("the run is on that pool: its template, its queue, its log; ls and logs find it", () => {
  const here = placeWith(manifest());
  const ran = here.pushpool("run", "hello/prod", "--pool", "other");
  expect([ran.status, ran.stdout]).toEqual([0, "in other\n"]);
  expect(ran.stderr).toContain("of hello/prod on work pool other, stack data/dev");
  expect(ran.stderr).toContain('warning: work pool "other" has no variable level: it has no effect there');
  expect(runsOf(here, "--pool", "local")).toEqual([]);
  const [run] = runsOf(here, "--pool", "other");
  expect(run).toMatchObject({ deployment: "hello/prod", workPool: "other", workQueue: "default", state: { type: "COMPLETED" } });
  expect(here.pushpool("logs", String(run?.id)).stdout).toBe("in other\n");

  const json = here.pushpool("run", "hello/prod", "--pool", "queued", "--json");
  const last = json.stdout.trim().split("\n").at(-1) as string;
  expect([json.status, JSON.parse(last)]).toMatchObject([0, { run: { workPool: "queued", workQueue: "high" } }]);
  // A deployment whose own pool is gone runs elsewhere.
  expect(here.pushpool("run", "hello/homeless", "--pool", "queued")).toMatchObject({ status: 0, stdout: "in queued\n" });
  // With runs on several pools, the list names the pool of each.
  expect(here.pushpool("ls").stdout).toMatch(/^NAME .*DEPLOYMENT +POOL +STATE[\s\S]*hello\/prod +queued +COMPLETED/);
  expect(here.pushpool("ls", "--pool", "queued").stdout).toMatch(/^NAME .*DEPLOYMENT +STATE/);
  // Without the option, nothing has changed.
  expect(here.pushpool("run", "hello/prod")).toMatchObject({ status: 0, stdout: "in local\n" });
});

test("a dry run shows the pool, the queue and the warnings, and records nothing", () => {
  const here = placeWith(manifest());
  const dry = here.pushpool("run", "hello/prod", "--pool", "other", "--dry-run", "--json");
  expect(JSON.parse(dry.stdout)).toMatchObject({
    workPool: "other",
    workQueue: "default",
    jobConfiguration: { env: { POOL: "other", CODE: "0" } },
    warnings: ['work pool "other" has no variable level: it has no effect there'],
  });
  expect(JSON.parse(here.pushpool("run", "hello/prod", "--pool", "queued", "--dry-run", "--json").stdout)).toMatchObject({
    workPool: "queued",
    workQueue: "high",
  });
  expect(runsOf(here)).toEqual([]);
});

test.each([
  [["hello/plain", "--pool", "othr"], /^pushpool: --pool "othr": there is no work pool of that name in \S+: did you mean "other"\?\n$/],
  [["hello/plain", "--pool", "paused"], /^pushpool: --pool "paused": the work pool is paused, .* Nothing was sent; name another/],
  [["hello/plain", "--pool", ""], /--pool/],
  [["hello/prod", "--pool", "strict"], /^pushpool: deployments\.hello\/prod\.workPool\.jobVariables\.level must be/],
  [["hello/plain", "--pool", "other", "--job-variable", "level=1"], /^pushpool: job variable "level" is not a variable of the work pool/],
])("run %j is refused with one message, and records nothing", (args, message) => {
  const here = placeWith(manifest());
  for (const more of [[], ["--dry-run"]]) {
    const { status, stdout, stderr } = here.pushpool("run", ...args, ...more);
    expect([status, stdout, stderr]).toEqual([2, "", expect.stringMatching(message)]);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  }
  expect(runsOf(here)).toEqual([]);
});

test("a key stands for the run on its pool", () => {
  const here = placeWith(manifest());
  const run = (...pool: string[]) => here.pushpool("run", "hello/plain", "--idempotency-key", "k", ...pool);
  expect(run("--pool", "other")).toMatchObject({ status: 0, stderr: expect.stringMatching(/^flow run/) });
  expect(run("--pool", "other")).toMatchObject({ status: 0, stderr: expect.stringMatching(/^already exists/) });
  for (const pool of [["--pool", "queued"], []])
    expect(run(...pool)).toMatchObject({ status: 2, stderr: expect.stringMatching(/was already used .* or work pool: nothing was sent/) });
  expect(runsOf(here)).toHaveLength(1);
});

test("further attempts stay on the pool, also after the deployment has moved", () => {
  const here = placeWith(manifest());
  expect(here.pushpool("run", "hello/plain", "--pool", "other", "--job-variable", "env.CODE=3").status).toBe(1);
  const [failed] = runsOf(here);
  const moved = manifest();
  ((moved.deployments as JsonObject)["hello/plain"] as JsonObject).workPool = { name: "queued", jobVariables: { env: { CODE: "0" } } };
  writeFileSync(String(here.env.PUSHPOOL_MANIFEST), JSON.stringify(moved));
  const retried = here.pushpool("retry", String(failed?.id));
  expect(retried).toMatchObject({ status: 1, stdout: "in other\n" });
  expect(runsOf(here)).toMatchObject([{ id: failed?.id, workPool: "other", attempt: 2 }]);
  // Attempt 3 knows it too.
  expect(here.pushpool("retry", String(failed?.id)).stdout).toBe("in other\n");
});

test("the limit of that pool holds it, and cancel finds it", async () => {
  const here = placeWith(manifest());
  const detach = () => here.pushpool("run", "hello/slow", "--pool", "other", "--detach").stdout.trim();
  const first = detach();
  const second = detach();
  expect(runsOf(here)).toMatchObject([
    { id: second, state: { type: "SCHEDULED", message: expect.stringMatching(/work pool "other" runs 1 at a time/) } },
    { id: first },
  ]);
  await until(() => runsOf(here).find(({ id }) => id === first)?.state.type === "RUNNING");
  expect(here.pushpool("cancel", first).status).toBe(0);
  expect(here.pushpool("cancel", second).status).toBe(0);
  expect(runsOf(here, "--pool", "other").map(({ state }) => state.type)).toEqual(["CANCELLED", "CANCELLED"]);
});
