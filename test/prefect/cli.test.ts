import { beforeAll, expect, test, vi } from "vitest";
import type { Client } from "../../src/prefect/client";
import { manifestOf, placeWith } from "../e2e/pushpool";
import { aPool, clientOf } from "./dispatch/dispatcher";
import { describePrefect } from "./python";
import { sharedServer } from "./server";

describePrefect("pushpool run through a real Prefect server", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let apiUrl: string;
  let client: Client;
  beforeAll(async () => {
    ({ apiUrl } = await sharedServer());
    client = clientOf(apiUrl);
  }, 600_000);

  const through = (url: string) => placeWith({ ...manifestOf({}), prefect: { apiUrl: url } });
  async function aDeployment(): Promise<string> {
    const { deploymentId, pool } = await aPool(client);
    const { body } = await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`);
    return `flow-${pool}/${body.name}`;
  }

  test.each([
    ["complete", 0, "COMPLETED"],
    ["fail", 1, "FAILED"],
    ["kill", 1, "CRASHED"],
  ])("a run that does %s ends with exit code %i", async (what, code, state) => {
    const { pushpool } = through(apiUrl);
    const { status, stderr } = pushpool("run", await aDeployment(), "--job-variable", `env={"DO":"${what}"}`);
    expect([status, stderr]).toEqual([code, expect.stringContaining(`is ${state}`)]);
  });

  test("detached it is on its way; the ledger knows it, wait follows it to the end", async () => {
    const { pushpool } = through(apiUrl);
    const made = pushpool("run", await aDeployment(), "--detach", "--job-variable", 'env={"DO":"sleep:1000"}');
    expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
    const id = made.stdout.trim();
    expect(pushpool("wait", id).status).toBe(0);
    expect(JSON.parse(pushpool("show", id, "--json").stdout)).toMatchObject({ run: { id, state: { type: "COMPLETED" } } });
  });

  test.each([
    ["a wrong URL", "http://127.0.0.1:2/api", 5, /cannot be reached: .*ECONNREFUSED/],
    ["another page of the server", "", 5, /there is no Prefect API at/],
  ])("%s is said with exit code 5", (_, url, code, message) => {
    const { status, stderr } = through(url || apiUrl.replace("/api", "/nowhere")).pushpool("run", "hello/prod");
    expect([status, stderr]).toEqual([code, expect.stringMatching(message)]);
  });

  test("an unknown deployment is said with exit code 2 and the nearest", async () => {
    const name = await aDeployment();
    const { status, stderr } = through(apiUrl).pushpool("run", `${name}x`);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`did you mean "${name}"`)]);
  });
});
