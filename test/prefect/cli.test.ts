import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { patchWorkPool } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import type { Place } from "../e2e/pushpool";
import { aPool, clientOf } from "../serve/server/dispatcher";
import { fakeApi } from "./fakeApi";
import { describePrefect } from "./python";
import { pushpool, through } from "./served";
import { sharedServer } from "./server";

const said = (status: number, message: RegExp) => ({ status, stderr: expect.stringMatching(message) });

describePrefect("pushpool run through a real Prefect server", () => {
  vi.setConfig({ testTimeout: 1_500_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  async function aDeployment(change: Parameters<typeof aPool>[1] = {}): Promise<{ name: string; pool: string }> {
    const { deploymentId, pool } = await aPool(client, change);
    const { body } = await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`);
    return { name: `flow-${pool}/${body.name}`, pool };
  }
  const doing = (what: string) => ["--job-variable", `env={"DO":"${what}"}`];

  test.each([
    ["complete", 0, "COMPLETED"],
    ["fail", 1, "FAILED"],
    ["kill", 1, "CRASHED"],
  ])("a run that does %s ends with exit code %i", async (what, code, state) => {
    const { name } = await aDeployment();
    expect(await pushpool(through(apiUrl), "run", name, ...doing(what))).toMatchObject(said(code, new RegExp(`is ${state}`)));
  });

  test("a detached run: show and ls report what the server has, wait follows the run, retry runs it again", async () => {
    const { name } = await aDeployment();
    const at = through(apiUrl);
    const made = await pushpool(at, "run", name, "--detach", ...doing("fail"));
    expect(made).toMatchObject(said(0, /flow run/));
    const id = made.stdout.trim();
    expect((await pushpool(at, "wait", id)).status).toBe(1);
    const shown = JSON.parse((await pushpool(at, "show", id, "--json")).stdout);
    expect(shown).toMatchObject({ run: { id, attempt: 1, state: { type: "FAILED" } } });
    expect(shown.transitions.map((state: { name: string }) => state.name)).toEqual([
      "Scheduled",
      "Pending",
      "Submitting",
      "InfrastructurePending",
      "Running",
      "Failed",
    ]);
    // It sent the server no logs: its own output is all there is. Logs on the server take precedence.
    expect((await pushpool(at, "logs", id)).stdout).toBe(`running ${id}\n`);
    const line = { name: "prefect.flow_runs", level: 20, message: "told", timestamp: new Date().toISOString(), flow_run_id: id };
    await client.request("POST", "/logs/", { json: [line] });
    expect((await pushpool(at, "logs", id)).stdout).toBe("told\n");
    const listed = await pushpool(at, "ls", "--json");
    expect(listed.stdout).toContain(id);
    expect(listed.stdout).toContain("FAILED");
    expect((await pushpool(at, "retry", id)).status).toBe(1);
    expect(JSON.parse((await pushpool(at, "show", id, "--json")).stdout)).toMatchObject({ run: { attempt: 2, state: { type: "FAILED" } } });
  });

  test("destroy: a run is in flight until it has ended on the server, whoever ended it", async () => {
    const { name } = await aDeployment();
    const at = through(apiUrl);
    writeFileSync(join(at.folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
    const id = (await pushpool(at, "run", name, "--detach", ...doing("never-running"))).stdout.trim();
    const destroy = () => pushpool(at, "destroy", "--engine", "offline", "--yes", "-s", "dev");
    expect(await destroy()).toMatchObject(said(2, /^pushpool: 1 run of stack data\/dev in flight: /m));
    const state = { type: "CANCELLED", name: "Cancelled", message: "by someone else" };
    await client.request("POST", `/flow_runs/${id}/set_state`, { json: { state, force: true } });
    const { stderr } = await destroy();
    expect(stderr).not.toMatch(/in flight/);
    // Its process still runs: nobody watches it, so nobody has stopped it.
    spawnSync("pkill", ["-KILL", "-f", id]);
  });

  describe("a run that was deleted from the server", () => {
    const stackOf = () => {
      const at = through(apiUrl);
      writeFileSync(join(at.folder, "Pulumi.yaml"), "name: data\nruntime: nodejs\n");
      return { at, destroy: () => pushpool(at, "destroy", "--engine", "offline", "--yes", "-s", "dev") };
    };
    const listed = async (at: Place) => JSON.parse((await pushpool(at, "ls", "--json")).stdout).runs;

    test("is in flight while its infrastructure runs, and cancel stops it", async () => {
      const { name } = await aDeployment();
      const { at, destroy } = stackOf();
      const id = (await pushpool(at, "run", name, "--detach", ...doing("never-running"))).stdout.trim();
      await client.request("DELETE", `/flow_runs/${id}`);
      expect(await listed(at)).toMatchObject([{ id, state: { type: expect.stringMatching(/PENDING|RUNNING/) } }]);
      const refused = await destroy();
      expect(refused).toMatchObject(said(2, /1 run of stack data\/dev in flight/));
      expect(refused.stderr).toContain(`\`pushpool cancel ${id}\` stops it`);
      expect(await pushpool(at, "cancel", id)).toMatchObject({ status: 0, stderr: expect.stringContaining("CANCELLED") });
      expect(await listed(at)).toMatchObject([{ id, state: { type: "CANCELLED" } }]);
      expect((await destroy()).stderr).not.toContain("in flight");
    });

    test("is no longer in flight once its infrastructure has ended; its exit code is not the flow's", async () => {
      const { name } = await aDeployment();
      const { at, destroy } = stackOf();
      const id = (await pushpool(at, "run", name, "--detach", ...doing("mute"))).stdout.trim();
      await client.request("DELETE", `/flow_runs/${id}`);
      await expect.poll(async () => (await destroy()).stderr).not.toContain("in flight");
      expect(JSON.stringify(await listed(at))).not.toContain("COMPLETED");
    });

    test("wait stops a run that was cancelled and then left; its log is its local output", async () => {
      const { name } = await aDeployment();
      const { at } = stackOf();
      const id = (await pushpool(at, "run", name, "--detach", ...doing("never-running"))).stdout.trim();
      await client.request("DELETE", `/flow_runs/${id}`);
      expect(await pushpool(at, "wait", id)).toMatchObject(said(5, /is not on the Prefect server/));
      expect(await pushpool(at, "logs", id)).toMatchObject({ status: 0 });
      expect((await pushpool(at, "cancel", id, "--detach")).status).toBe(0);
      expect(await pushpool(at, "wait", id)).toMatchObject(said(3, /is CANCELLED/));
    });
  });

  test("run sends the same events as a worker: an automation can fire on them", async () => {
    const { name, pool } = await aDeployment();
    expect((await pushpool(through(apiUrl), "run", name, ...doing("complete"))).status).toBe(0);
    const said = async () => {
      const filter = { event: { prefix: ["prefect.worker."] }, order: "DESC" };
      const { body } = await client.request<{ events: { event: string; related: Record<string, string>[] }[] }>("POST", "/events/filter", {
        json: { filter, limit: 50 } as JsonObject,
      });
      return body.events
        .filter(({ related }) => related.some((one) => one["prefect.resource.name"] === pool))
        .map(({ event }) => event)
        .sort();
    };
    await expect.poll(said).toEqual(["prefect.worker.executed-flow-run", "prefect.worker.submitted-flow-run"]);
  });

  test("a dry run shows the job and the request, and creates nothing", async () => {
    const { name, pool } = await aDeployment();
    const planned = await pushpool(through(apiUrl), "run", name, "--dry-run", ...doing("complete"));
    expect(JSON.parse(planned.stdout)).toMatchObject({
      workPool: pool,
      jobConfiguration: { command: expect.stringContaining("quick.mjs"), env: { DO: "complete", PREFECT_API_URL: apiUrl } },
    });
    const filter = { work_pools: { name: { any_: [pool] } } };
    expect((await client.request("POST", "/flow_runs/filter", { json: filter })).body).toEqual([]);
  });

  test("bad input: one message, the exit code, and nothing created", async () => {
    const { name, pool } = await aDeployment();
    const run = (url: string, ...args: string[]) => pushpool(through(url), "run", ...args);
    expect(await run("http://127.0.0.1:2/api", name)).toMatchObject(said(5, /cannot be reached: .*ECONNREFUSED/));
    expect(await run(apiUrl.replace("/api", "/nowhere"), name)).toMatchObject(said(5, /there is no Prefect API at/));
    expect(await run(apiUrl, `${name}x`)).toMatchObject(said(2, new RegExp(`did you mean "${name}"`)));
    expect(await run(apiUrl, name, "--job-variable", "comand=x")).toMatchObject(said(2, /"comand".*did you mean "command"/));
    expect(await run(apiUrl, name, "--credentials", "ambient")).toMatchObject(said(2, /--credentials ambient: /));
    const refuses = await fakeApi(() => ({ status: 401, body: { exception_message: "Unauthorized" } }));
    expect(await run(refuses.apiUrl, name)).toMatchObject(said(5, /answers 401: it requires a key/));
    const old = await fakeApi(() => ({ status: 200, body: "2.20.1" }));
    expect(await run(old.apiUrl, name)).toMatchObject(said(5, /is too old: it is 2\.20\.1, and pushpool needs 3\.0 or newer/));

    await patchWorkPool(client, pool, { is_paused: true });
    const held = await run(apiUrl, name, "--timeout", "3s");
    expect([held.status, held.stderr]).toEqual([4, expect.stringContaining(`work pool "${pool}" is paused`)]);
    await client.request("DELETE", `/work_pools/${pool}`);
    expect(await run(apiUrl, name)).toMatchObject(said(2, /has no work pool at .* \(any more\)/));
  });
});
