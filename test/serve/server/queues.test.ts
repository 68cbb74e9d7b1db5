import { beforeAll, expect, test, vi } from "vitest";
import { readStates, type ServerRun } from "../../../src/prefect/api/flowRuns";
import { ensureWorkQueue, patchWorkPool, patchWorkQueue } from "../../../src/prefect/api/workPools";
import type { Client } from "../../../src/prefect/client";
import { badLine } from "../../prefect/proxy";
import { describePrefect } from "../../prefect/python";
import { ownServer } from "../../prefect/server";
import { aDeployment, aPool, clientOf, dispatcher, startRun, untilEnd } from "./dispatcher";

// On its own server: with one connection to its database, changing a queue's pause blocks a server.
describePrefect("a dispatcher and a pool's queues", () => {
  vi.setConfig({ testTimeout: 400_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    const server = await ownServer();
    ({ apiUrl } = server);
    client = clientOf(apiUrl);
    return () => server.stop();
  }, 600_000);

  async function inQueue(pool: string, name: string, change: { priority?: number; is_paused?: boolean }): Promise<string> {
    const { is_paused, ...made } = change;
    await ensureWorkQueue(client, pool, name, made);
    if (is_paused !== undefined) await client.request("PATCH", `/work_pools/${pool}/queues/${name}`, { json: { is_paused } });
    return aDeployment(client, pool, { work_queue_name: name });
  }
  const begun = ({ start_time }: ServerRun) => Date.parse(start_time ?? "");

  test("a paused queue keeps its runs while the others' go; once resumed its runs go too, without any event", async () => {
    const { pool, start } = await aPool(client);
    const held = await inQueue(pool, "held", { is_paused: true });
    const line = await badLine(apiUrl, () => undefined);
    dispatcher(clientOf(line.apiUrl), [pool], { pollMs: 500 });
    const waiting = await startRun(client, held);
    // Created after it, and done: meanwhile the dispatcher looked more than once.
    for (let made = 0; made < 3; made += 1) expect((await untilEnd(client, await start())).state?.type).toBe("COMPLETED");
    const looks = () => line.seen.filter((request) => request.includes("get_scheduled")).length;
    const before = looks();
    await expect.poll(looks).toBeGreaterThan(before + 2);
    expect((await readStates(client, waiting.id)).filter(({ type }) => type !== "SCHEDULED")).toEqual([]);
    await client.request("PATCH", `/work_pools/${pool}/queues/held`, { json: { is_paused: false } });
    expect((await untilEnd(client, waiting)).state?.type).toBe("COMPLETED");
  });

  test("one at a time from a pool that was paused: the queue with the higher priority goes first, each in order", async () => {
    const { pool } = await aPool(client, { concurrency_limit: 1, is_paused: true });
    const low = await inQueue(pool, "low", { priority: 2 });
    const high = await inQueue(pool, "high", { priority: 1 });
    await patchWorkQueue(client, pool, "high", { priority: 1 });
    const made: ServerRun[] = [];
    for (const deployment of [low, low, high, high]) made.push(await startRun(client, deployment));
    dispatcher(client, [pool], { pollMs: 500 });
    await patchWorkPool(client, pool, { is_paused: false });
    const ended: ServerRun[] = [];
    for (const run of made) ended.push(await untilEnd(client, run));
    expect(ended.map(({ state }) => state?.type)).toEqual(Array(4).fill("COMPLETED"));
    const [low1, low2, high1, high2] = ended.map(begun) as [number, number, number, number];
    expect([high1, high2, low1, low2]).toEqual([high1, high2, low1, low2].sort((a, b) => a - b));
  });
});
