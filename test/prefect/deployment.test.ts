import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { readDeployment } from "../../src/prefect/api/deployments";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { defaultTemplate } from "../../src/template";
import { describePrefect } from "./python";
import { connectResources, Resource } from "./resource";
import { sharedServer } from "./server";

describePrefect("a deployment on a real Prefect server", () => {
  let client: Client;
  const pool = new Resource("PrefectWorkPool");
  const poolInputs = () => ({ type: "process:push", baseJobTemplate: defaultTemplate("process:push"), workPoolName });
  const workPoolName = `pool-${randomUUID().slice(0, 8)}`;
  beforeAll(async () => {
    const { apiUrl } = await sharedServer();
    await connectResources({ apiUrl });
    client = createClient(connectionOf(apiUrl, undefined, "test"));
    await pool.up(poolInputs());
  }, 600_000);

  const full = (): JsonObject => ({
    deploymentName: `etl-${randomUUID().slice(0, 8)}/prod`,
    workPoolName,
    entrypoint: "flows/etl.py:etl",
    path: "/opt/prefect",
    pullSteps: [{ "prefect.deployments.steps.set_working_directory": { directory: "/opt/prefect" } }],
    parameters: { who: "x" },
    parameterSchema: { title: "Parameters", type: "object", properties: { who: { type: "string" } }, required: ["who"] },
    jobVariables: { env: { A: "1" }, working_dir: "/tmp" },
    tags: ["t1"],
    description: "nightly",
    version: "1",
    concurrencyLimit: 3,
    concurrencyOptions: { collision_strategy: "ENQUEUE" },
    schedules: [
      { cron: "0 6 * * *", timezone: "Europe/Berlin", slug: "morning" },
      { interval: 3600, active: false },
      { rrule: "FREQ=WEEKLY;BYDAY=MO", slug: "weekly", parameters: { who: "y" } },
    ],
  });
  const there = async (deployment: Resource) => {
    const found = await readDeployment(client, deployment.id as string);
    if (!found) throw new Error("gone");
    return found;
  };

  test("created with all fields, unchanged the second time and after a refresh, deleted", async () => {
    const inputs = full();
    const deployment = new Resource("PrefectDeployment");
    expect(await deployment.up(inputs)).toBe("created");
    const made = await there(deployment);
    expect(made).toMatchObject({
      name: "prod",
      work_pool_name: workPoolName,
      entrypoint: "flows/etl.py:etl",
      parameters: { who: "x" },
      job_variables: { env: { A: "1" }, working_dir: "/tmp" },
      global_concurrency_limit: { limit: 3 },
    });
    expect(made.schedules).toHaveLength(3);
    expect(await deployment.up(inputs)).toBe("unchanged");
    await deployment.refresh();
    expect(deployment.outputs).toMatchObject(inputs);
    expect(await deployment.up(inputs)).toBe("unchanged");
    await deployment.destroy();
    expect(await readDeployment(client, made.id)).toBeUndefined();
  });

  test("an up without changes keeps the scheduled runs, and changing one schedule leaves the others alone", async () => {
    const inputs = full();
    const deployment = new Resource("PrefectDeployment");
    await deployment.up(inputs);
    const before = new Map((await there(deployment)).schedules.map(({ slug, id }) => [slug, id]));
    await client.request("POST", `/deployments/${deployment.id}/schedule`, { json: {} });
    const runs = async () =>
      (
        await client.request<{ id: string }[]>("POST", "/flow_runs/filter", {
          json: { deployments: { id: { any_: [deployment.id as string] } } },
        })
      ).body
        .map(({ id }) => id)
        .sort();
    const scheduled = await runs();
    expect(scheduled.length).toBeGreaterThan(0);
    expect(await deployment.up(inputs)).toBe("unchanged");
    expect(await runs()).toEqual(scheduled);

    const [morning, hourly] = inputs.schedules as JsonObject[];
    const schedules = [{ ...morning, cron: "0 7 * * *" }, hourly as JsonObject, { cron: "5 * * * *", slug: "new" }];
    expect(await deployment.up({ ...inputs, schedules })).toBe("updated");
    const after = (await there(deployment)).schedules;
    expect(Object.fromEntries(after.map(({ slug, id }) => [slug, id]))).toEqual({
      morning: before.get("morning"),
      "schedule-2": before.get("schedule-2"),
      new: expect.any(String),
    });
    expect(after.find(({ slug }) => slug === "morning")?.schedule).toMatchObject({ cron: "0 7 * * *", timezone: "Europe/Berlin" });
    expect(await deployment.up({ ...inputs, schedules: [] })).toBe("updated");
    expect((await there(deployment)).schedules).toEqual([]);
  });

  test("changed in place; a field that is no longer given goes back to Prefect's default", async () => {
    const inputs = full();
    const deployment = new Resource("PrefectDeployment");
    await deployment.up(inputs);
    const { id } = deployment;
    const { jobVariables: _, ...without } = inputs;
    expect(await deployment.up({ ...without, description: "hourly", concurrencyLimit: null })).toBe("updated");
    const now = await there(deployment);
    expect(now).toMatchObject({ id, description: "hourly", global_concurrency_limit: null, parameters: { who: "x" } });
    // Prefect ignores empty job variables; an empty env means the same.
    expect(now.job_variables).toEqual({ env: {} });
    await deployment.refresh();
    expect(await deployment.up({ ...without, description: "hourly", concurrencyLimit: null, jobVariables: {} })).toBe("updated");
    expect(await deployment.up({ ...without, description: "hourly", concurrencyLimit: null, jobVariables: {} })).toBe("unchanged");

    const { deploymentName, workPoolName: poolName } = inputs;
    expect(await deployment.up({ deploymentName, workPoolName: poolName } as JsonObject)).toBe("updated");
    expect(await there(deployment)).toMatchObject({
      id,
      description: null,
      entrypoint: null,
      path: null,
      version: null,
      parameters: {},
      tags: [],
      pull_steps: [],
      schedules: [],
    });
  });

  test("refresh finds what someone changed, and up corrects it", async () => {
    const inputs = full();
    const deployment = new Resource("PrefectDeployment");
    await deployment.up(inputs);
    const { schedules } = await there(deployment);
    await client.request("PATCH", `/deployments/${deployment.id}`, { json: { tags: ["mine"], job_variables: { working_dir: "/else" } } });
    await client.request("DELETE", `/deployments/${deployment.id}/schedules/${schedules[0]?.id}`);
    await deployment.refresh();
    expect(deployment.outputs).toMatchObject({ tags: ["mine"], jobVariables: { working_dir: "/else" }, schedules: { length: 2 } });
    expect(await deployment.up(inputs)).toBe("updated");
    expect(await there(deployment)).toMatchObject({
      tags: ["t1"],
      job_variables: inputs.jobVariables as JsonObject,
      schedules: { length: 3 },
    });
  });

  test("another name is another deployment", async () => {
    const deployment = new Resource("PrefectDeployment");
    await deployment.up(full());
    const { id } = deployment;
    expect(await deployment.up(full())).toBe("replaced");
    expect(await readDeployment(client, id as string)).toBeUndefined();
  });

  test("an existing one is adopted only on request, and keeps its schedules", async () => {
    const inputs = full();
    const first = new Resource("PrefectDeployment");
    await first.up(inputs);
    const { schedules } = await there(first);
    const { schedules: _, ...others } = inputs;
    const deployment = new Resource("PrefectDeployment");
    const wanted = { ...others, description: "mine now" };
    await expect(deployment.up(wanted)).rejects.toThrow(/already exists, at .*: set adoptExisting: true to take it over/);
    expect(await deployment.up({ ...wanted, adoptExisting: true })).toBe("created");
    expect(await there(deployment)).toMatchObject({ id: first.id, description: "mine now", schedules });
  });

  test("a replaced pool gets its deployments back", async () => {
    const name = `pool-${randomUUID().slice(0, 8)}`;
    const own = new Resource("PrefectWorkPool");
    await own.up({ workPoolName: name, type: "process:push" });
    const deployment = new Resource("PrefectDeployment");
    const inputs = () => ({ deploymentName: `${name}/prod`, workPoolName: name, workPoolId: own.outputs.workPoolId as string });
    await deployment.up(inputs());
    expect(await own.up({ workPoolName: name, type: "ecs:push" })).toBe("replaced");
    expect((await there(deployment)).work_pool_name).toBeNull();
    expect(await deployment.up(inputs())).toBe("updated");
    expect((await there(deployment)).work_pool_name).toBe(name);
  });

  test.each<[string, JsonObject, RegExp]>([
    ["a name without a flow", { deploymentName: "prod" }, /deploymentName must be FLOW\/DEPLOYMENT/],
    ["a limit of zero", { concurrencyLimit: 0 }, /concurrencyLimit must be a whole number of at least 1/],
    [
      "two kinds of schedule",
      { schedules: [{ cron: "* * * * *", interval: 5 }] },
      /schedules\[0\] must have one of cron, interval and rrule/,
    ],
    ["an unknown setting", { schedules: [{ cron: "* * * * *", timezon: "UTC" }] }, /schedules\[0\]\.timezon is not a field.*"timezone"/],
    [
      "one slug twice",
      {
        schedules: [
          { cron: "* * * * *", slug: "a" },
          { interval: 5, slug: "a" },
        ],
      },
      /schedules\[1\]\.slug "a" is already the slug of another/,
    ],
    ["an unknown pool", { workPoolName: "none" }, /refuses the request \(404\): Work pool "none" not found/],
    ["a job variable of another type", { jobVariables: { stream_output: "many-of-them" } }, /\(422\).*stream_output/],
    ["a bad cron", { schedules: [{ cron: "not a cron" }] }, /schedules\[0\]\.cron: it has 3 fields/],
  ])("bad input is refused: %s", async (_, over, message) => {
    const deployment = new Resource("PrefectDeployment");
    await expect(deployment.up({ ...full(), ...over })).rejects.toThrow(message);
    expect(deployment.id).toBeUndefined();
  });

  test("messages mask values that may be secret, even if the server repeats them", async () => {
    const deployment = new Resource("PrefectDeployment");
    const inputs = full();
    await deployment.up(inputs);
    const error = await deployment.up({ ...inputs, jobVariables: { stream_output: "s3cr3t-value" } }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(/\(409\).*\[secret\]/) });
    expect(String(error)).not.toContain("s3cr3t-value");
  });
});
