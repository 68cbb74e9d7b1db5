import { randomUUID } from "node:crypto";
import { beforeAll, expect, test, vi } from "vitest";
import { createDeployment, ensureFlow } from "../../src/prefect/api/deployments";
import { createFlowRun, proposeState } from "../../src/prefect/api/flowRuns";
import { createWorkPool } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import { defaultTemplate } from "../../src/template";
import type { DeploymentDetail, DeploymentList, PoolList, RunDetail, RunsPage, StackInfo, Strip } from "../../src/ui/wire";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { clientOf } from "../serve/server/dispatcher";
import { page } from "./page";

describePrefect("the page of a stack with a real Prefect server", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let client: Client;
  let apiUrl: string;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  test("its runs, whoever created them: pages, filters, the strip, one run, deployments and pools, with links", async () => {
    const pool = `ui-${randomUUID().slice(0, 8)}`;
    const template = defaultTemplate("process:push");
    await createWorkPool(client, { name: pool, type: "process:push", base_job_template: template, concurrency_limit: 7 });
    const flow = await ensureFlow(client, "hello");
    const schedules = [{ schedule: { cron: "0 7 * * *", timezone: "UTC" }, active: true }];
    const parts = { name: pool, flowId: flow.id, about: "", redact: [] };
    const made = await createDeployment(client, parts, { work_pool_name: pool, entrypoint: "f.py:hello", schedules });
    const ids: string[] = [];
    for (const tags of [["a"], ["b"], ["a"]]) {
      const { run } = await createFlowRun(client, made.id, { idempotency_key: randomUUID(), tags, name: `${pool}-${ids.length}` }, "");
      ids.unshift(run.id);
    }
    await proposeState(client, ids[0] as string, { type: "PENDING", name: "Pending" });
    const here = page({ over: { prefect: { apiUrl }, pools: { [pool]: { type: "process:push", baseJobTemplate: template } } } });
    const info = await here.json<StackInfo>("/api/stack");
    expect(info.server).toMatchObject({ url: apiUrl, uiUrl: expect.stringMatching(/^http/) });
    const uiUrl = info.server?.uiUrl;

    const get = (query: string) => here.json<RunsPage>(`/api/runs?pool=${pool}&${query}`);
    const first = await get("limit=2");
    expect([first.runs.map(({ id }) => id), first.total, first.upTo]).toEqual([ids.slice(0, 2), 3, ids[0]]);
    expect(first.runs[0]).toMatchObject({
      deployment: `hello/${pool}`,
      workPool: pool,
      on: "server",
      state: { type: "PENDING" },
      prefectUrl: `${uiUrl}/runs/flow-run/${ids[0]}`,
    });
    expect((await get(`limit=2&offset=2&upTo=${first.upTo}`)).runs.map(({ id }) => id)).toEqual(ids.slice(2));
    expect((await get("tag=a")).total).toBe(2);
    expect((await get("state=PENDING")).runs.map(({ id }) => id)).toEqual([ids[0]]);
    expect((await get(`text=${pool}-1`)).total).toBe(1);
    expect((await get(`deployment=hello/${pool}`)).total).toBe(3);
    expect((await get("deployment=hello/nobody")).total).toBe(0);
    const strip = await here.json<Strip>(`/api/strip?pool=${pool}`);
    expect(strip.buckets).toHaveLength(96);
    expect(strip.buckets.flatMap(({ counts }) => Object.values(counts)).reduce((a, b) => a + b)).toBe(3);

    const detail = await here.json<RunDetail>(`/api/runs/${ids[0]}`);
    expect(detail).toMatchObject({
      id: ids[0],
      on: "server",
      attempts: [{ number: 1, states: [{ type: "SCHEDULED" }, { type: "PENDING" }] }],
    });
    const deployment = await here.json<DeploymentDetail>(`/api/deployments/hello/${pool}`);
    expect(deployment).toMatchObject({
      from: "server",
      workPool: pool,
      scheduleList: [{ description: "cron 0 7 * * * (UTC)", active: true }],
    });
    expect(deployment.recentRuns.map(({ id }) => id)).toEqual(ids);
    expect(deployment.prefectUrl).toBe(`${uiUrl}/deployments/deployment/${made.id}`);
    expect((await here.json<DeploymentList>("/api/deployments")).deployments.find(({ name }) => name === `hello/${pool}`)).toMatchObject({
      schedules: 1,
    });
    expect((await here.json<PoolList>("/api/pools")).pools).toMatchObject([
      { name: pool, paused: false, pausable: false, slots: { used: 1, limit: 7 } },
    ]);
    expect((await here.ask(`/api/pools/${pool}/pause`, { method: "POST" })).status).toBe(422);
  });

  test("while it does not answer, the page says so and shows what the ledger last saw", async () => {
    const here = page({ over: { prefect: { apiUrl: "http://127.0.0.1:9/api" } } });
    const before = await here.json<RunsPage>("/api/runs");
    expect(before).toEqual({ runs: [], total: 0, upTo: null });
    expect((await here.json<StackInfo>("/api/stack")).server).toMatchObject({
      url: "http://127.0.0.1:9/api",
      uiUrl: null,
      unreachable: expect.stringMatching(/cannot be reached/),
    });
    expect((await here.json<PoolList>("/api/pools")).notice).toMatch(/cannot be reached/);
  });
});
