import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { readStates, type ServerRun } from "../../src/prefect/api/flowRuns";
import type { Client } from "../../src/prefect/client";
import type { Place } from "../e2e/pushpool";
import { aPool, clientOf, until, untilEnd } from "../serve/server/dispatcher";
import { badLine, type Mishap } from "./proxy";
import { describePrefect } from "./python";
import { pushpool, served, through } from "./served";
import { sharedServer } from "./server";

describePrefect("pushpool serve on a bad connection", () => {
  vi.setConfig({ testTimeout: 900_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  const countOf = async (run: ServerRun, name: string) => (await readStates(client, run.id)).filter((state) => state.name === name).length;
  async function ranOnce(run: ServerRun): Promise<void> {
    expect((await untilEnd(client, run)).state).toMatchObject({ type: "COMPLETED", message: null });
    expect(await countOf(run, "Running")).toBe(1);
  }

  test.each<[string, Mishap]>([
    ["its reply is lost", { replyLost: true }],
    ["429 instead of a reply, with Retry-After", { instead: { status: 429, headers: { "retry-after": "1" } } }],
    [
      "503 instead of a reply, with Retry-After as a date",
      { instead: { status: 503, headers: { "retry-after": new Date(0).toUTCString() } } },
    ],
  ])("the first request of each kind: %s", async (_, mishap) => {
    const { pool, start } = await aPool(client);
    const had = new Set<string>();
    const line = await badLine(apiUrl, (request) => {
      const kind = request.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID");
      // If nothing answers at first, the URL is wrong: that is an error.
      if (had.has(kind) || kind.includes("/admin/version")) return undefined;
      had.add(kind);
      return mishap;
    });
    const { log } = await served(through(line.apiUrl), "--pool", pool, "--grace", "1s");
    const direct = { env: { DO: "complete", PREFECT_API_URL: apiUrl } };
    const runs = [await start("", { job_variables: direct }), await start("", { job_variables: direct })];
    for (const run of runs) await ranOnce(run);
    const cancelled = await start("", { job_variables: { env: { ...direct.env, DO: "wait" } } });
    await until(client, cancelled, "RUNNING");
    await client.request("POST", `/flow_runs/${cancelled.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
    expect((await untilEnd(client, cancelled)).state?.type).toBe("CANCELLED");
    expect([...had].filter((kind) => kind.includes("set_state"))).toEqual([
      "POST /flow_runs/ID/set_state PENDING/Pending",
      "POST /flow_runs/ID/set_state PENDING/Submitting",
      "POST /flow_runs/ID/set_state PENDING/InfrastructurePending",
      "POST /flow_runs/ID/set_state CANCELLED/Cancelled",
    ]);
    expect(log().filter(({ msg }) => msg === "submitted")).toHaveLength(3);
  });

  const HOUR = 3_600_000;
  function atAnotherTime(api: string, ahead: number): Place {
    const at = through(api);
    Object.assign(at.env, { NODE_OPTIONS: `--require ${join(__dirname, "shiftedClock.cjs")}`, SHIFTED_CLOCK: String(ahead) });
    return at;
  }

  test.each([
    ["an hour ahead", HOUR],
    ["an hour behind", -HOUR],
  ])("its clock is %s of the server's: runs begin when they are due there, once, and retries begin at once", async (_, ahead) => {
    const { pool, deploymentId, start } = await aPool(client);
    const line = await badLine(apiUrl, () => undefined);
    const at = atAnotherTime(line.apiUrl, ahead);
    const { until: logged } = await served(at, "--pool", pool);
    await ranOnce(await start());
    expect((await logged("submitted")).seconds).toBeLessThan(HOUR / 2_000);

    const soon = new Date(Date.now() + 12_000).toISOString();
    const state = { type: "SCHEDULED", state_details: { scheduled_time: soon } };
    const { body: later } = await client.request<ServerRun>("POST", `/deployments/${deploymentId}/create_flow_run`, { json: { state } });
    await ranOnce(later);
    const claims = (await readStates(client, later.id)).filter(({ name }) => name === "Pending");
    expect(claims).toHaveLength(1);
    expect(Date.parse(claims[0]?.timestamp ?? "")).toBeGreaterThan(Date.parse(soon) - 1_000);

    const { name } = (await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`)).body;
    // The clock of the machine that runs and retries it is wrong too.
    const made = await pushpool(at, "run", `flow-${pool}/${name}`, "--json", "--job-variable", 'env={"DO":"fail"}');
    expect(made.status, made.stderr + made.stdout).toBe(1);
    const { run } = JSON.parse(made.stdout.trim().split("\n").at(-1) ?? "") as { run: ServerRun };
    const again = await pushpool(at, "retry", run.id);
    expect(again.status).toBe(1);
    expect(await countOf(run, "Failed")).toBe(2);
  });
});
