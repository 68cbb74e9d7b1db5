import { expect, test, vi } from "vitest";
import { readStates } from "../../src/prefect/api/flowRuns";
import { listen } from "../e2e/pushpool";
import { scratch } from "../scratch";
import { aPool, clientOf, until, untilEnd } from "../serve/server/dispatcher";
import { badLine } from "./proxy";
import { describePrefect } from "./python";
import { served, through } from "./served";
import { ownServer } from "./server";

/** How long the server is down, in milliseconds: longer than the first quick retries take. In `npm run soak` it is down for minutes. */
const AWAY = Number(process.env.PUSHPOOL_TEST_AWAY_SECONDS ?? "20") * 1000;

describePrefect("pushpool serve and run while the server is down", () => {
  // A server on SQLite may block for a minute, more than once.
  vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

  test("for a while, with its database kept: no run is lost, none runs twice, and requests stay few", async () => {
    const home = scratch();
    const first = await ownServer({ home });
    const client = clientOf(first.apiUrl);
    const { pool, start, deploymentId } = await aPool(client);
    const { name } = (await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`)).body;
    // Only serve uses the proxy: the flows' own requests do not count.
    const direct = (what: string) => ({ job_variables: { env: { DO: what, PREFECT_API_URL: first.apiUrl } } });
    const line = await badLine(first.apiUrl, () => undefined);
    const serving = await served(through(line.apiUrl), "--pool", pool);
    const running = await start("", direct("sleep:8000"));
    const dying = await start("", direct("wait-kill:8000"));
    await until(client, running, "RUNNING");
    await until(client, dying, "RUNNING");
    const env = JSON.stringify(direct("sleep:15000").job_variables.env);
    const following = through(first.apiUrl).start("run", `flow-${pool}/${name}`, "--job-variable", `env=${env}`);
    const followed = listen(following);
    await expect.poll(() => followed.stderr()).toContain("RUNNING");
    const justBefore = await start("", direct("complete"));
    await first.stop();

    const [since, asked] = [Date.now(), line.seen.length];
    await expect.poll(() => Date.now() - since, { timeout: AWAY * 2, interval: 1_000 }).toBeGreaterThan(AWAY);
    const tries = line.seen.length - asked;
    // The stream, the poll, the heartbeat and each waiting run retry after 1/4 s, 1/2 s … and then every 8 s.
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThan(8 * (6 + (Date.now() - since) / 8_000));

    const second = await ownServer({ home, port: first.port });
    const later = await start("", direct("complete"));
    for (const run of [running, justBefore, later]) {
      expect((await untilEnd(client, run)).state?.type).toBe("COMPLETED");
      expect((await readStates(client, run.id)).filter(({ type }) => type === "RUNNING")).toHaveLength(1);
    }
    // It died while the server was down.
    expect((await untilEnd(client, dying)).state).toMatchObject({ type: "CRASHED", message: expect.stringContaining("SIGKILL") });
    expect([await followed.ended, followed.stderr()]).toEqual([0, expect.stringContaining("COMPLETED")]);
    expect(serving.log().filter(({ msg }) => msg === "submitted").length).toBeLessThanOrEqual(5);
    serving.child.kill("SIGTERM");
    expect(await serving.ended).toBe(0);
    await second.stop();
  });
});
