import { beforeAll, expect, test, vi } from "vitest";
import { readFlowRun, readStates } from "../../../src/prefect/api/flowRuns";
import type { Client } from "../../../src/prefect/client";
import { describePrefect } from "../../prefect/python";
import { ownServer } from "../../prefect/server";
import { scratch } from "../../scratch";
import { aDeployment, aPool, clientOf, dispatcher, startRun, until, untilEnd } from "./dispatcher";

// On its own server: with SQLite, the leases of a deployment's limit can block a server for a minute.
describePrefect("a dispatcher and a deployment's limit", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let client: Client;
  beforeAll(async () => {
    const server = await ownServer();
    client = clientOf(server.apiUrl);
    return () => server.stop();
  }, 600_000);
  const names = async (id: string) => (await readStates(client, id)).map(({ name }) => name);

  test("a run over a deployment's limit must wait, or is cancelled", async () => {
    const { pool } = await aPool(client);
    dispatcher(client, [pool]);
    const concurrency_options = { collision_strategy: "CANCEL_NEW" };
    const id = await aDeployment(client, pool, { concurrency_limit: 1, concurrency_options });
    const first = await startRun(client, id, "wait");
    await until(client, first, "RUNNING");
    const second = await untilEnd(client, await startRun(client, id));
    expect(second.state).toMatchObject({ type: "CANCELLED", message: "Deployment concurrency limit reached." });
    await client.request("POST", `/flow_runs/${first.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });

    const waiting = await aDeployment(client, pool, { concurrency_limit: 1, concurrency_options: { collision_strategy: "ENQUEUE" } });
    const one = await startRun(client, waiting, "wait");
    await until(client, one, "RUNNING");
    const two = await startRun(client, waiting);
    await expect.poll(() => names(two.id)).toContain("AwaitingConcurrencySlot");
    await client.request("POST", `/flow_runs/${one.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
    await untilEnd(client, one);
    // The server postponed it by 30 s.
    expect((await untilEnd(client, two)).state).toMatchObject({ type: "COMPLETED", message: null });
  });

  test("a run that an earlier dispatcher began holds nobody back who has a slot", async () => {
    const { pool } = await aPool(client);
    const place = scratch();
    const id = await aDeployment(client, pool, { concurrency_limit: 2, concurrency_options: { collision_strategy: "ENQUEUE" } });
    const before = dispatcher(client, [pool], { place });
    const first = await startRun(client, id, "wait");
    await until(client, first, "RUNNING");
    await before.stop();
    dispatcher(client, [pool], { place });
    const second = await untilEnd(client, await startRun(client, id));
    expect(second.state).toMatchObject({ type: "COMPLETED" });
    expect((await readFlowRun(client, first.id))?.state_type).toBe("RUNNING");
    await client.request("POST", `/flow_runs/${first.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
    await untilEnd(client, first);
  });

  test("of two runs a tenth of a second apart with a limit of one, the earlier goes first", async () => {
    const { pool } = await aPool(client);
    dispatcher(client, [pool]);
    const enqueue = { collision_strategy: "ENQUEUE" };
    for (let round = 0; round < 3; round += 1) {
      const id = await aDeployment(client, pool, { concurrency_limit: 1, concurrency_options: enqueue });
      const first = await startRun(client, id, "wait");
      await new Promise((resolve) => setTimeout(resolve, 100));
      const second = await startRun(client, id);
      await until(client, first, "RUNNING");
      await expect.poll(() => names(second.id)).toContain("AwaitingConcurrencySlot");
      expect(await names(first.id)).not.toContain("AwaitingConcurrencySlot");
      await client.request("POST", `/flow_runs/${first.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
    }
  });
});
