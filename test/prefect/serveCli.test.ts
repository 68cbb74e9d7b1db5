import { beforeAll, expect, test, vi } from "vitest";
import type { Client } from "../../src/prefect/client";
import { aPool, clientOf, until, untilEnd } from "../serve/server/dispatcher";
import { describePrefect } from "./python";
import { pushpool, served, through } from "./served";
import { sharedServer } from "./server";

describePrefect("pushpool serve of a real Prefect server", () => {
  vi.setConfig({ testTimeout: 1_500_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  test("runs due runs, serves health and metrics, and ends on SIGTERM; the next serve takes up what still runs", async () => {
    const { pool, start } = await aPool(client);
    const at = through(apiUrl);
    const first = await served(at, "--pool", pool);
    const run = await start();
    expect((await untilEnd(client, run)).state?.type).toBe("COMPLETED");
    expect(await first.until("ended")).toMatchObject({ flowRun: run.id, workPool: pool, state: "COMPLETED" });
    const health = await fetch(`${first.endpoint}/health`);
    expect([health.status, await health.json()]).toEqual([200, expect.objectContaining({ healthy: true, workPools: [pool], RUNNING: 0 })]);
    const metrics = await (await fetch(`${first.endpoint}/metrics`)).text();
    expect(metrics).toContain(`pushpool_flow_runs_ended_total{work_pool="${pool}",state="COMPLETED"} 1`);
    expect(metrics).toContain(`pushpool_submit_seconds_count{work_pool="${pool}"} 1`);
    expect(metrics).toMatch(/pushpool_api_requests_total [1-9]/);
    expect(metrics).toContain(`pushpool_flow_runs{state="RUNNING"} 0`);

    const longer = await start("wait");
    await until(client, longer, "RUNNING");
    await first.until("submitted");
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    expect((await until(client, longer, "RUNNING")).state?.type).toBe("RUNNING");

    await served(at, "--pool", pool, "--grace", "1s");
    await client.request("POST", `/flow_runs/${longer.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
    expect((await untilEnd(client, longer)).state?.type).toBe("CANCELLED");
  });

  test("after a kill, the next serve takes up the runs: none is lost, none runs twice", async () => {
    const { pool, start } = await aPool(client);
    const at = through(apiUrl);
    const first = await served(at, "--pool", pool);
    const running = await start("sleep:3000");
    await until(client, running, "RUNNING");
    const dying = await start("wait-kill:3000");
    await until(client, dying, "RUNNING");
    first.child.kill("SIGKILL");
    await first.ended;
    const due = await start();
    await served(at, "--pool", pool, "--grace", "1s");
    expect((await untilEnd(client, running)).state?.type).toBe("COMPLETED");
    expect((await untilEnd(client, due)).state?.type).toBe("COMPLETED");
    // It died while nobody watched, or soon after: the server learns it all the same.
    expect((await untilEnd(client, dying)).state).toMatchObject({ type: "CRASHED", message: expect.stringContaining("SIGKILL") });
  });

  test("refuses what it cannot serve before it begins", async () => {
    const { pool } = await aPool(client, { type: "kubernetes" });
    for (const [args, status, message] of [
      [["--pool", pool], 2, /is of type "kubernetes", which pushpool cannot run/],
      [["--pool", "no-such-pool"], 5, /there is no work pool "no-such-pool" at/],
      [["--pool", pool, "--start-up", "engin"], 2, /--start-up "engin": must be execute or engine/],
      [["--pool", pool, "--port", "x"], 2, /--port "x": must be a port number/],
      [["--pool", pool, "--log-level", "loud"], 2, /--log-level "loud": must be one of/],
    ] as const) {
      const ended = await pushpool(through(apiUrl), "serve", ...args);
      expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(message)]);
    }
    const nowhere = await pushpool(through("http://127.0.0.1:2/api"), "serve", "--pool", pool);
    expect([nowhere.status, nowhere.stderr]).toEqual([5, expect.stringMatching(/cannot be reached: .*ECONNREFUSED/)]);
  });
});
