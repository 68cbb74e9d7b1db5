import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Ledger, openSqliteLedger } from "../../../src/ledger";
import { proposeState, readStates, type ServerRun } from "../../../src/prefect/api/flowRuns";
import type { Client } from "../../../src/prefect/client";
import { badLine, type Mishap } from "../../prefect/proxy";
import { describePrefect } from "../../prefect/python";
import { sharedServer } from "../../prefect/server";
import { scratch } from "../../scratch";
import { aPool, clientOf, dispatcher, untilEnd } from "./dispatcher";

describePrefect("two dispatchers of one pool", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  /** Neither dispatcher has started it a second time, and its end stays. */
  async function ranOnce(run: ServerRun): Promise<void> {
    const states = await readStates(client, run.id);
    expect(states.filter(({ type }) => type === "RUNNING").map(({ name }) => name)).toEqual(["Running"]);
    expect((await untilEnd(client, run)).state).toMatchObject({ type: "COMPLETED", message: null });
  }

  const isClaim = (request: string) => request.endsWith("PENDING/Pending");
  const isPending = (request: string) => request.includes(" PENDING/");
  /** Apply the mishap to every third of these requests. */
  const everyThird = (applies: (request: string) => boolean, mishap: Mishap) => {
    let count = 0;
    return (request: string) => (applies(request) && ++count % 3 === 0 ? mishap : undefined);
  };

  test.each<[string, () => (request: string) => Mishap | undefined]>([
    ["on a good connection", () => () => undefined],
    ["one of them so slow that what it claims has ended", () => (request) => (isClaim(request) ? { late: 1_500 } : undefined)],
    ["replies lost before the start", () => everyThird(isPending, { replyLost: true })],
    ["late proposals before the start", () => everyThird(isPending, { late: 800 })],
    ["503 instead of a reply", () => everyThird(isPending, { instead: { status: 503, headers: { "retry-after": "0.2" } } })],
  ])("start each run once: %s", async (_, mishaps) => {
    const { pool, start } = await aPool(client);
    const lines = await Promise.all([badLine(apiUrl, () => undefined), badLine(apiUrl, mishaps())]);
    const both = lines.map((line) => dispatcher(clientOf(line.apiUrl), [pool]));
    const runs: ServerRun[] = [];
    for (let made = 0; made < 6; made += 1) runs.push(await start());
    for (const run of runs) await untilEnd(client, run);
    // Neither is still working on one of the runs.
    const settled = () => both.flatMap(({ events }) => events.filter(({ kind }) => kind === "ended" || kind === "refused")).length;
    await expect.poll(settled).toBeGreaterThanOrEqual(6);
    await Promise.all(both.map(({ stop }) => stop()));
    for (const run of runs) await ranOnce(run);
    expect(both.flatMap(({ events }) => events.filter(({ kind }) => kind === "submitted"))).toHaveLength(6);
  });

  test("with one ledger too: neither waits for the other for ever, and both take rescheduled runs", async () => {
    const { pool, start } = await aPool(client);
    const place = scratch();
    const [first] = [dispatcher(client, [pool], { place }), dispatcher(client, [pool], { place })];
    const runs: ServerRun[] = [];
    for (let made = 0; made < 6; made += 1) runs.push(await start("fail"));
    for (const run of runs) await untilEnd(client, run);
    await first.stop();
    for (const { id } of runs) await proposeState(client, id, { type: "SCHEDULED", name: "AwaitingRetry" });
    for (const run of runs) {
      const names = async () => (await readStates(client, run.id)).map(({ name }) => name);
      await expect.poll(async () => (await names()).filter((name) => name === "Failed")).toHaveLength(2);
      expect((await names()).filter((name) => name === "Running")).toHaveLength(2);
    }
  });

  test("with one ledger that does not have the run yet: one records it, the other continues with it", async () => {
    const { pool, start } = await aPool(client);
    const place = scratch();
    const looks = new Map<string, number>();
    const slowToSee = () => {
      const ledger = openSqliteLedger(join(place, "ledger.db"));
      onTestFinished(() => ledger.close());
      return new Proxy(ledger, {
        get(it, key: keyof Ledger) {
          if (key !== "read") return it[key];
          const method = it.read as (id: string) => Promise<unknown>;
          return async (id: string) => {
            looks.set(id, (looks.get(id) ?? 0) + 1);
            return (looks.get(id) as number) <= 2 ? undefined : method(id);
          };
        },
      });
    };
    const both = [1, 2].map(() => dispatcher(client, [pool], { place, shared: { ledger: slowToSee() } }));
    const run = await start();
    await untilEnd(client, run);
    await Promise.all(both.map(({ stop }) => stop()));
    await ranOnce(run);
    expect(looks.get(run.id)).toBeGreaterThan(2);
    for (const { events } of both) expect(events.filter(({ kind }) => kind === "trouble")).toEqual([]);
  });

  test("a claim that comes after the end is reverted, and reported", async () => {
    const { pool, start } = await aPool(client);
    const late = await badLine(apiUrl, (request) => (isClaim(request) ? { late: 2_500 } : undefined));
    const slow = dispatcher(clientOf(late.apiUrl), [pool]);
    const run = await start();
    await expect.poll(() => late.seen.some(isClaim)).toBe(true);
    dispatcher(client, [pool]);
    await untilEnd(client, run);
    await expect.poll(() => slow.events.filter(({ kind }) => kind === "refused")).not.toEqual([]);
    await ranOnce(run);
  });
});
