import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readStates, type ServerRun } from "../../src/prefect/api/flowRuns";
import type { Client } from "../../src/prefect/client";
import { badLine, type Mishap } from "../prefect/proxy";
import { describePrefect } from "../prefect/python";
import { served, through } from "../prefect/served";
import { sharedServer } from "../prefect/server";
import { scratch } from "../scratch";
import { aDeployment, aPool, clientOf, startRun, until, untilEnd } from "../serve/server/dispatcher";

describePrefect("pushpool serve of a real Prefect server, for a long time", () => {
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  /** A pool whose runs record their start, and then report to the server as a flow does. */
  async function aWitnessedPool(change: Parameters<typeof aPool>[1] = {}) {
    const { pool } = await aPool(client, change);
    const file = join(scratch(), "started");
    const quick = join(__dirname, "..", "fixtures", "prefect", "flows", "quick.mjs");
    const command = `sh -c 'echo $PREFECT__FLOW_RUN_ID >> ${file}; exec ${process.execPath} ${quick}'`;
    const deploymentId = await aDeployment(client, pool, { job_variables: { command } });
    const started = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
    // Only the dispatcher uses the bad connection, not the flow.
    const start = (what = "complete") =>
      startRun(client, deploymentId, what, { job_variables: { env: { DO: what, PREFECT_API_URL: apiUrl } } });
    return { pool, start, started };
  }

  async function expectEachOnce(runs: ServerRun[], started: string[]) {
    for (const run of runs) {
      expect((await untilEnd(client, run)).state).toMatchObject({ type: "COMPLETED" });
      expect((await readStates(client, run.id)).filter(({ type }) => type === "RUNNING")).toHaveLength(1);
    }
    expect(started.sort()).toEqual(runs.map(({ id }) => id).sort());
  }

  test("200 runs with one dispatcher, ten at a time: each runs once, and ends", async () => {
    const { pool, start, started } = await aWitnessedPool({ concurrency_limit: 10 });
    await served(through(apiUrl), "--pool", pool);
    const runs: ServerRun[] = [];
    while (runs.length < 200) runs.push(await start());
    for (const run of runs) await untilEnd(client, run);
    await expectEachOnce(runs, started());
  });

  test("a dispatcher killed at each request for a run, before and after its arrival: the run starts once, and ends", async () => {
    const { pool, start, started } = await aWitnessedPool();
    const runs: ServerRun[] = [];
    const killedAt = new Set<string>();
    for (let n = 1; n <= 40; n += 1) {
      const mishap: Mishap = n % 2 === 0 ? { replyLost: true } : { instead: { status: 503 } };
      let armed = false;
      let sent = 0;
      let kill = () => {};
      const line = await badLine(apiUrl, (request) => {
        if (!armed) return undefined;
        sent += 1;
        if (sent < Math.ceil(n / 2)) return undefined;
        if (sent === Math.ceil(n / 2)) {
          killedAt.add(request.replace(/[0-9a-f-]{36}/, "ID"));
          kill();
        }
        return mishap;
      });
      const at = through(line.apiUrl);
      const first = await served(at, "--pool", pool);
      kill = () => first.child.kill("SIGKILL");
      armed = true;
      const run = await start("sleep:1000");
      runs.push(run);
      await Promise.race([first.ended, untilEnd(client, run)]);
      armed = false;
      first.child.kill("SIGKILL");
      await first.ended;
      // The same server, through another proxy.
      const second = await served(at, "--pool", pool);
      expect([n, (await untilEnd(client, run)).state?.type]).toEqual([n, "COMPLETED"]);
      second.child.kill("SIGTERM");
      expect([n, await second.ended, second.stderr()]).toEqual([n, 0, ""]);
    }
    expect([...killedAt].filter((request) => request.includes("set_state")).length).toBeGreaterThanOrEqual(3);
    expect(killedAt.size).toBeGreaterThanOrEqual(8);
    await expectEachOnce(runs, started());
  });

  test("killed ten times while new runs come: none lost, none doubled", async () => {
    const { pool, start, started } = await aWitnessedPool({ concurrency_limit: 5 });
    const at = through(apiUrl);
    const runs: ServerRun[] = [];
    for (let kills = 0; kills < 10; kills += 1) {
      const one = await served(at, "--pool", pool);
      const some: ServerRun[] = [];
      for (let n = 0; n < 6; n += 1) some.push(await start(n % 2 === 0 ? "complete" : "sleep:700"));
      runs.push(...some);
      // Kill it during its work, each time at another point.
      await until(client, some[kills % some.length] as ServerRun, "PENDING", "RUNNING", "COMPLETED");
      one.child.kill("SIGKILL");
      await one.ended;
    }
    await served(at, "--pool", pool);
    for (const run of runs) await untilEnd(client, run);
    await expectEachOnce(runs, started());
  });
});
