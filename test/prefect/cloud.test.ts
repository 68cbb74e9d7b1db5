import { beforeAll, expect, test, vi } from "vitest";
import type { Client } from "../../src/prefect/client";
import { aPool, clientOf, dispatcher, untilEnd } from "../serve/server/dispatcher";
import { type AsCloud, asCloud } from "./cloud";
import { describePrefect } from "./python";
import { pushpool, served, through } from "./served";
import { sharedServer } from "./server";

const said = (status: number, message: RegExp) => ({ status, stderr: expect.stringMatching(message) });

describePrefect("a server that looks like Prefect Cloud", () => {
  vi.setConfig({ testTimeout: 1_500_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  const inWorkspace = ({ apiUrl: url, key }: AsCloud) => through(url, { prefect: { apiUrl: url, auth: key } });

  async function aDeployment(change: Parameters<typeof aPool>[1] = {}) {
    const { deploymentId, pool, start } = await aPool(client, change);
    const { body } = await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`);
    return { name: `flow-${pool}/${body.name}`, pool, start };
  }
  // What the flow does is not the subject: it reports its states to the server directly.
  const doing = (what: string) => ["--job-variable", `env=${JSON.stringify({ DO: what, PREFECT_API_URL: apiUrl })}`];

  test("run on a push pool creates the run and follows it; Cloud submits it", async () => {
    const { name, pool } = await aDeployment();
    dispatcher(client, [pool]);
    const cloud = await asCloud(apiUrl);
    const at = inWorkspace(cloud);
    expect(await pushpool(at, "run", name, ...doing("complete"))).toMatchObject(said(0, /is COMPLETED/));
    expect(await pushpool(at, "run", name, ...doing("fail"))).toMatchObject(said(1, /is FAILED/));
    const states = cloud.seen.filter((request) => request.endsWith("/set_state") || request.includes("get_scheduled_flow_runs"));
    expect(states).toEqual([]);

    // Cloud has it, and no ledger.
    const detached = await pushpool(at, "run", name, "--detach", ...doing("wait"));
    expect(detached).toMatchObject(said(0, /flow run/));
    const id = detached.stdout.trim();
    const shown = JSON.parse((await pushpool(at, "show", id, "--json")).stdout);
    expect(shown).toMatchObject({ run: { id, deployment: name, workPool: pool }, submission: null });
    expect(await pushpool(at, "wait", shown.run.name, "--timeout", "1s")).toMatchObject(said(4, /still/));
    expect(await pushpool(at, "cancel", id)).toMatchObject(said(0, /: CANCELLED/));
    expect(await pushpool(at, "show", `${shown.run.name}x`)).toMatchObject(said(2, /there is no run/));
  });

  test("serve leaves push pools to Cloud, and serves hybrid ones", async () => {
    const push = await aDeployment();
    const cloud = await asCloud(apiUrl);
    const at = inWorkspace(cloud);
    expect(await pushpool(at, "serve", "--port", "0", "--pool", push.pool)).toMatchObject(
      said(2, /is of type process:push, whose runs Prefect Cloud submits by itself: serve is for pools of hybrid types there, as process/),
    );
    const hybrid = await aDeployment({ type: "process" });
    await served(at, "--pool", hybrid.pool);
    const run = await hybrid.start("complete", { job_variables: { env: { DO: "complete", PREFECT_API_URL: apiUrl } } });
    expect((await untilEnd(client, run)).state?.type).toBe("COMPLETED");
  });

  test("a wrong or missing key: the message says what to do, and does not show the key", async () => {
    const { name, pool } = await aDeployment({ type: "process" });
    const cloud = await asCloud(apiUrl);
    for (const [auth, message] of [
      ["pnu_wrong", /401.*key/],
      [undefined, /401.*key/],
    ] as const) {
      const at = through(cloud.apiUrl, { prefect: { apiUrl: cloud.apiUrl, ...(auth ? { auth } : {}) } });
      for (const command of [
        ["run", name],
        ["serve", "--port", "0", "--pool", pool],
      ]) {
        const ended = await pushpool(at, ...command);
        expect(ended).toMatchObject(said(5, message));
        expect(ended.stderr).not.toContain("pnu_wrong");
        expect(ended.stderr.trim().split("\n")).toHaveLength(1);
      }
    }
    expect(cloud.seen).toEqual([]);
  });
});
