import { beforeAll, expect, test, vi } from "vitest";
import { readStates, type ServerRun } from "../../../src/prefect/api/flowRuns";
import type { Client } from "../../../src/prefect/client";
import { badLine, type Mishap } from "../../prefect/proxy";
import { describePrefect } from "../../prefect/python";
import { sharedServer } from "../../prefect/server";
import { aPool, clientOf, dispatcher, untilEnd } from "./dispatcher";

describePrefect("a dispatcher on a bad connection", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);
  const runsOf = async (run: ServerRun) => (await readStates(client, run.id)).filter(({ type }) => type === "RUNNING").length;

  test("some of all requests are refused for now, and some replies lost: each run runs once", async () => {
    const { pool, start } = await aPool(client);
    let count = 0;
    const mishaps: (Mishap | undefined)[] = [
      undefined,
      { instead: { status: 429, headers: { "retry-after": "0.1" } } },
      undefined,
      { replyLost: true },
      undefined,
      { instead: { status: 503 } },
      undefined,
      undefined,
    ];
    const line = await badLine(apiUrl, () => mishaps[count++ % mishaps.length]);
    const { events } = dispatcher(clientOf(line.apiUrl), [pool]);
    const runs: ServerRun[] = [];
    // Only the dispatcher uses the bad connection, not the flow.
    const job_variables = { env: { DO: "complete", PREFECT_API_URL: apiUrl } };
    for (let made = 0; made < 5; made += 1) runs.push(await start("complete", { job_variables }));
    for (const run of runs) {
      expect((await untilEnd(client, run)).state?.type).toBe("COMPLETED");
      expect(await runsOf(run)).toBe(1);
    }
    expect(events.filter(({ kind }) => kind === "submitted")).toHaveLength(5);
  });

  test("the event stream is cut: what it missed is found, and it reconnects without a busy loop", async () => {
    const { pool, start } = await aPool(client);
    const line = await badLine(apiUrl, () => undefined);
    const { events } = dispatcher(clientOf(line.apiUrl), [pool]);
    const heard = () => events.filter(({ kind }) => kind === "listening").length;
    for (let cut = 1; cut <= 3; cut += 1) {
      await expect.poll(heard).toBe(cut);
      line.cutSockets();
      expect((await untilEnd(client, await start())).state?.type).toBe("COMPLETED");
    }
    expect(events.filter(({ kind }) => kind === "deaf").length).toBeGreaterThanOrEqual(3);
    // Some looks after each reconnection, and a few requests for each run.
    expect(line.seen.length).toBeLessThan(120);
  });

  test("sends few requests while idle", async () => {
    const { pool } = await aPool(client);
    const line = await badLine(apiUrl, () => undefined);
    const { events, stop } = dispatcher(clientOf(line.apiUrl), [pool], { pollMs: 1_000 });
    await expect.poll(() => events.some(({ kind }) => kind === "listening")).toBe(true);
    const since = Date.now();
    await expect.poll(() => line.seen.filter((one) => one.includes("get_scheduled")).length).toBeGreaterThan(6);
    const seconds = (Date.now() - since) / 1000;
    await stop();
    // One look for each poll, those after the stream opened, a heartbeat now and then.
    expect(line.seen.length).toBeLessThan(10 + 2 * seconds + 10);
  });
});
