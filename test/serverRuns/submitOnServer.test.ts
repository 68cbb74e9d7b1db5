import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openSqliteLedger } from "../../src/ledger";
import type { Client } from "../../src/prefect/client";
import type { RunEvent } from "../../src/runs/runsContext";
import { ServerRuns } from "../../src/serverRuns/serverRuns";
import { createProcessTarget } from "../../src/targets/process";
import { describePrefect } from "../prefect/python";
import { ownServer } from "../prefect/server";
import { scratch } from "../scratch";
import { aDeployment, aPool, clientOf } from "../serve/server/dispatcher";
import { until } from "../until";

// On a server of its own, which puts off what a limit refuses by a second instead of half a minute.
describePrefect("a run that a limit of its deployment holds back", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let client: Client;
  beforeAll(async () => {
    const server = await ownServer({ oneConnection: true, settings: { PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS: "1" } });
    client = clientOf(server.apiUrl);
    return () => server.stop();
  }, 600_000);

  /** Runs of a deployment that may have one run at a time, and a ledger of their own. */
  async function limited() {
    const { pool } = await aPool(client);
    const deploymentId = await aDeployment(client, pool, { concurrency_limit: 1, concurrency_options: { collision_strategy: "ENQUEUE" } });
    const { body } = await client.request<{ name: string; global_concurrency_limit: { id: string } }>(
      "GET",
      `/deployments/${deploymentId}`,
    );
    const setLimit = (limit: number) =>
      client.request("PATCH", `/v2/concurrency_limits/${body.global_concurrency_limit.id}`, { json: { limit } });
    const deployment = `flow-${pool}/${body.name}`;
    const place = scratch();
    const ledger = openSqliteLedger(join(place, "ledger.db"));
    onTestFinished(() => ledger.close());
    const target = createProcessTarget({ home: place, env: process.env });
    const shared = { ledger, stack: "data/prod", openTarget: async () => target, digestKey: () => Buffer.alloc(32), env: process.env };
    const runs = new ServerRuns({ client, shared, graceSeconds: 1 });
    const start = async (what: string) => (await runs.createRun({ deployment, jobVariables: { env: { DO: what } } })).run;
    return { runs, start, setLimit };
  }

  const reasonsIn = (events: RunEvent[]) => events.flatMap((event) => (event.kind === "waiting" ? [event.reason] : []));

  test("waits for its turn, says so once, and runs", async () => {
    const { runs, start } = await limited();
    const first = await start("wait");
    await runs.submitRun(first.id);
    const second = await start("complete");
    const events: RunEvent[] = [];
    // Nobody waits for it here, so that it is left.
    expect((await runs.submitRun(second.id)).state.name).toBe("AwaitingConcurrencySlot");
    const followed = runs.followRun(second.id, { onEvent: (event) => events.push(event) });
    const refused = () => events.filter((event) => event.kind === "state" && event.run.state.name === "AwaitingConcurrencySlot");
    await until(() => refused().length >= 3);
    await runs.cancelRun(first.id);
    expect((await followed).state.type).toBe("COMPLETED");
    expect(reasonsIn(events)).toEqual(["the concurrency limit of its deployment is reached"]);
  });

  test("hears that the limit is 0, and runs once it is not", async () => {
    const { runs, start, setLimit } = await limited();
    await setLimit(0);
    const run = await start("complete");
    const events: RunEvent[] = [];
    const followed = runs.followRun(run.id, { onEvent: (event) => events.push(event) });
    await until(() => reasonsIn(events).length > 0);
    expect(reasonsIn(events)).toEqual([expect.stringMatching(/^the Prefect server does not let it start: .*limit is 0/)]);
    await setLimit(1);
    expect((await followed).state.type).toBe("COMPLETED");
  });
});
