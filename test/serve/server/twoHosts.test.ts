import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openPostgresLedger } from "../../../src/ledger/postgres";
import { proposeState, readFlowRun } from "../../../src/prefect/api/flowRuns";
import type { Client } from "../../../src/prefect/client";
import type { RunEvent } from "../../../src/runs/runsContext";
import { ServerRuns } from "../../../src/serverRuns/serverRuns";
import { createProcessTarget } from "../../../src/targets/process";
import { newSchema, sharedPostgres } from "../../ledger/postgresServer";
import { describePrefect } from "../../prefect/python";
import { sharedServer } from "../../prefect/server";
import { scratch } from "../../scratch";
import { aPool, clientOf, dispatcher, until, untilEnd } from "./dispatcher";

// Two machines with one ledger serve one pool of local processes. Each sees only its own processes.
describePrefect("a run of a Prefect server whose processes are on another host", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let client: Client;
  let url = "";
  beforeAll(async () => {
    const { apiUrl } = await sharedServer();
    client = clientOf(apiUrl);
    url = await sharedPostgres();
  }, 600_000);

  test("is left to that host, by serve and by wait, and shown with it", async () => {
    const { pool, start } = await aPool(client);
    const schema = newSchema();
    const sharedOf = (host: string) => {
      const home = scratch();
      const ledger = openPostgresLedger(url, { schema });
      onTestFinished(() => ledger.close());
      const env = { ...process.env, PUSHPOOL_HOST: host };
      const target = createProcessTarget({ home, env });
      return { ledger, home, env, stack: "test/dev", digestKey: () => Buffer.alloc(32), openTarget: async () => target };
    };
    const [near, far] = [sharedOf("near"), sharedOf("far")];
    const first = dispatcher(client, [pool], { shared: near });
    const run = await start("sleep:600000");
    await until(client, run, "RUNNING");
    await first.stop();
    const kept = (await near.ledger.read(run.id))?.run;
    expect(kept?.host).toBe(`near:${near.home}`);

    const second = dispatcher(client, [pool], { shared: far });
    // It works, and has looked at everything that was left unfinished.
    const other = await start("complete");
    expect((await untilEnd(client, other)).state?.type).toBe("COMPLETED");
    await expect.poll(() => second.events.filter(({ kind }) => kind === "ended").length).toBe(1);
    const runs = new ServerRuns({ client, shared: far, graceSeconds: 1 });
    const heard: RunEvent[] = [];
    expect((await runs.followRun(run.id, { timeoutMs: 3_000, onEvent: (event) => heard.push(event) })).state.type).toBe("RUNNING");
    expect(heard).toContainEqual(expect.objectContaining({ kind: "waiting", reason: expect.stringContaining("it runs on host near") }));
    expect((await readFlowRun(client, run.id))?.state?.type).toBe("RUNNING");
    expect((await runs.readRuns([kept as never])).get(run.id)?.host).toBe(`near:${near.home}`);

    // Its own host ends it.
    const again = dispatcher(client, [pool], { shared: near });
    await proposeState(client, run.id, { type: "CANCELLING", name: "Cancelling" });
    expect((await untilEnd(client, run)).state?.type).toBe("CANCELLED");
    await expect.poll(() => again.events.filter(({ kind }) => kind === "ended").length).toBe(1);
    expect(second.events.filter(({ kind }) => kind === "ended")).toHaveLength(1);
  });
});
