import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { type Deployment, deleteDeployment, readDeploymentByName } from "../../src/prefect/api/deployments";
import { createWorkPool, readWorkPool } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import type { Place } from "../e2e/pushpool";
import { aPool, clientOf } from "./dispatch/dispatcher";
import { describePrefect } from "./python";
import { pushpool, through } from "./served";
import { sharedServer } from "./server";

// `pushpool deploy` to a real server. What Prefect's own `prefect deploy --all` stored of the same files was recorded.

const fixtures = join(__dirname, "..", "fixtures", "prefect-yaml");
const { environment, results } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as {
  environment: Record<string, string>;
  results: Record<string, { deploy_all: { deployments: JsonObject[] } }>;
};

/** As it was recorded with. */
const VARIABLES = ["command", "env", "labels", "name", "image", "cpu"];
const TEMPLATE = {
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

describePrefect("pushpool deploy to a real Prefect server", () => {
  vi.setConfig({ testTimeout: 600_000 });
  let apiUrl: string;
  let venv: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl, venv } = await sharedServer());
    client = clientOf(apiUrl);
    for (const name of ["yaml-pool", "yaml-pool-2"])
      if (!(await readWorkPool(client, name))) await createWorkPool(client, { name, type: "process:push", base_job_template: TEMPLATE });
  }, 600_000);

  /** A folder with a prefect.yaml, whose manifest names the server. */
  function withYaml(text: string, over: JsonObject = {}): Place {
    const at = through(apiUrl, over);
    writeFileSync(join(at.folder, "prefect.yaml"), text);
    return at;
  }
  const there = async (name: string) => (await readDeploymentByName(client, name)) as Deployment;

  test.each(["02-anchors", "06-schedule-rrule", "07-schedule-mixed", "10-pull-steps", "17-workpool-queue-jobvars", "18-concurrency"])(
    "%s: the server has what `prefect deploy` gives it",
    async (file) => {
      const at = withYaml("");
      cpSync(join(fixtures, "support"), at.folder, { recursive: true });
      copyFileSync(join(fixtures, `${file}.yaml`), join(at.folder, "prefect.yaml"));
      Object.assign(at.env, environment, { PATH: `${join(venv, "bin")}:${process.env.PATH}` });
      const { status, stderr } = await pushpool(at, "deploy", "--all");
      expect([status, stderr]).toEqual([0, expect.stringContaining(`the Prefect API at ${apiUrl}`)]);
      for (const theirs of (results[file] as (typeof results)[string]).deploy_all.deployments) {
        const { flow_name, schedules, pull_steps, ...rest } = theirs;
        const ours = await there(`${flow_name}/${theirs.name}`);
        const { schedules: made, pull_steps: steps, ...others } = ours;
        expect(others).toMatchObject(rest);
        expect(others.parameter_openapi_schema).toEqual(rest.parameter_openapi_schema);
        expect(JSON.stringify(steps).replaceAll(at.folder, "<cwd>")).toBe(JSON.stringify(pull_steps));
        // In no order of the server's own.
        const told = (all: readonly JsonObject[]) =>
          all.map(({ schedule, active, parameters }) => JSON.stringify({ schedule, active, parameters })).sort();
        expect(told(made as unknown as JsonObject[])).toEqual(told(schedules as JsonObject[]));
        await deleteDeployment(client, ours.id);
      }
    },
  );

  const yaml = (pool: string, more = "") => `deployments:
- name: prod
  entrypoint: flows.py:hello_${pool.replaceAll("-", "_")}
  description: says hello
  tags: [a]
  parameters: { name: Ada }
  work_pool: { name: ${pool}, job_variables: { env: { DO: complete } } }
  schedules:
  - { cron: "0 6 * * *", timezone: Europe/Berlin }
  - { interval: 3600, slug: hourly }
${more}`;
  const flowOf = (pool: string) => `def hello_${pool.replaceAll("-", "_")}(name: str, n: int = 1):\n    """Doc."""\n    print(name)\n`;

  async function scheduled(id: string): Promise<string[]> {
    const json = { deployments: { id: { any_: [id] } } };
    const { body } = await client.request<{ id: string }[]>("POST", "/flow_runs/filter", { json });
    return body.map((run) => run.id).sort();
  }

  test("made, the same the second time with its scheduled runs, changed leaf by leaf, removed", async () => {
    const { pool } = await aPool(client);
    const at = withYaml(yaml(pool));
    writeFileSync(join(at.folder, "flows.py"), flowOf(pool));
    const name = `hello-${pool}/prod`;

    const dry = await pushpool(at, "deploy", "--all", "--dry-run");
    expect([dry.status, JSON.parse(dry.stdout.slice(dry.stdout.indexOf("{")))]).toEqual([
      0,
      expect.objectContaining({ deploymentName: name, workPoolName: pool }),
    ]);
    expect(await readDeploymentByName(client, name)).toBeUndefined();

    const made = await pushpool(at, "deploy", "--all");
    expect(made).toMatchObject({ status: 0, stdout: `  + ${name} (work pool ${pool})\n` });
    // This python3 has no Prefect, or this flow is none of Prefect's.
    expect(made.stderr).toMatch(/read from (the|its) code/);
    expect(made.stderr).toContain(`the Prefect API at ${apiUrl}: 1 created`);
    const before = await there(name);
    expect(before.parameter_openapi_schema).toMatchObject({
      properties: { name: { type: "string" }, n: { default: 1 } },
      required: ["name"],
    });
    await client.request("POST", `/deployments/${before.id}/schedule`, { json: {} });
    const runs = await scheduled(before.id);
    expect(runs.length).toBeGreaterThan(0);

    const again = await pushpool(at, "deploy", "--all");
    expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/: 1 unchanged$/m)]);
    expect(await scheduled(before.id)).toEqual(runs);

    writeFileSync(join(at.folder, "prefect.yaml"), yaml(pool).replace("Ada", "Grace").replace("0 6 * * *", "0 7 * * *"));
    const changed = await pushpool(at, "deploy", "prod");
    expect(changed.stdout).toMatch(/~ .*parameters\.name: "Ada" → "Grace"/s);
    const after = await there(name);
    expect(after).toMatchObject({ id: before.id, parameters: { name: "Grace" }, tags: ["a"] });
    const ids = (deployment: Deployment) => Object.fromEntries(deployment.schedules.map(({ slug, id }) => [slug, id]));
    expect(ids(after)).toEqual(ids(before));

    const nearly = await pushpool(at, "deploy", "--remove", `${name}x`);
    expect([nearly.status, nearly.stderr]).toEqual([2, expect.stringContaining(`did you mean "${name}"`)]);
    expect(await pushpool(at, "deploy", "--remove", name)).toMatchObject({ status: 0, stdout: `  - ${name} (work pool ${pool})\n` });
    expect(await readDeploymentByName(client, name)).toBeUndefined();
  });

  test("what `prefect deploy` made is taken over with its schedules and their runs", async () => {
    const { pool } = await aPool(client);
    const flow = `from prefect import flow\n\n@flow(name="named-${pool}")\ndef hello_${pool.replaceAll("-", "_")}(name: str, n: int = 1):\n    """Doc."""\n`;
    const at = withYaml(yaml(pool));
    writeFileSync(join(at.folder, "flows.py"), flow);
    at.env.PATH = `${join(venv, "bin")}:${process.env.PATH}`;
    const env = { ...at.env, PREFECT_API_URL: apiUrl, PREFECT_HOME: join(at.folder, "prefect-home") };
    execFileSync(join(venv, "bin", "prefect"), ["--no-prompt", "deploy", "--all"], { cwd: at.folder, env, stdio: "ignore" });
    const theirs = await there(`named-${pool}/prod`);
    await client.request("POST", `/deployments/${theirs.id}/schedule`, { json: {} });
    const runs = await scheduled(theirs.id);
    const taken = await pushpool(at, "deploy", "--all");
    expect([taken.status, taken.stdout + taken.stderr]).toEqual([0, expect.stringMatching(/: 1 unchanged$/m)]);
    expect(await scheduled(theirs.id)).toEqual(runs);
  });

  test("one bad deployment is left out, with its line; the good one is deployed", async () => {
    const { pool } = await aPool(client);
    const bad = `- name: bad\n  entrypoint: flows.py:nope\n  work_pool: { name: ${pool}x }\n`;
    const at = withYaml(yaml(pool, bad));
    writeFileSync(join(at.folder, "flows.py"), flowOf(pool));
    const { status, stdout, stderr } = await pushpool(at, "deploy", "--all");
    expect([status, stdout]).toEqual([2, `  + hello-${pool}/prod (work pool ${pool})\n`]);
    expect(stderr).toMatch(new RegExp(`there is no work pool "${pool}x" in the Prefect API at .*did you mean "${pool}"`));
    expect(stderr).toMatch(/there is no function nope in flows\.py/);
  });
});
