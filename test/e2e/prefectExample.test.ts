import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { readDeploymentByName } from "../../src/prefect/api/deployments";
import { readWorkPool } from "../../src/prefect/api/workPools";
import { describePrefect } from "../prefect/python";
import { pushpool } from "../prefect/served";
import { sharedServer } from "../prefect/server";
import { clientOf } from "../serve/server/dispatcher";
import { exampleOf } from "./prefectExample";
import { listen } from "./pushpool";

// The README of examples/prefect, command by command, on a real server.

const repo = join(__dirname, "..", "..");

describePrefect("examples/prefect", () => {
  vi.setConfig({ testTimeout: 1_500_000 });
  let apiUrl: string;
  let venv: string;
  beforeAll(async () => {
    ({ apiUrl, venv } = await sharedServer());
  }, 600_000);

  test("up, deploy, a flow with tasks and a subflow, one with retries, one that fails, one that is cancelled, destroy", async () => {
    const at = exampleOf({ apiUrl, venv });
    expect(await pushpool(at, "up", "--engine", "offline", "--yes")).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("3 created"),
    });
    expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0, stderr: expect.stringContaining("4 created") });

    const orders = await pushpool(at, "run", "orders/nightly");
    expect(orders).toMatchObject({ status: 0, stderr: expect.stringMatching(/is COMPLETED/) });
    expect(orders.stdout).toContain("orders of 2026-11-01");
    const unsteady = await pushpool(at, "run", "unsteady/unsteady");
    expect(unsteady).toMatchObject({ status: 0, stderr: expect.stringMatching(/is COMPLETED/) });
    expect(unsteady.stderr).toMatch(/AwaitingRetry.*the first attempt always fails/);
    expect(unsteady.stdout).toMatch(/attempt 1[\s\S]*attempt 2/);
    const broken = await pushpool(at, "run", "broken/broken");
    expect(broken.status).toBe(1);
    expect(broken.stderr).toMatch(/ValueError: there is no such order/);

    const id = (await pushpool(at, "run", "slow/slow", "--detach")).stdout.trim();
    const following = at.start("wait", id);
    const said = listen(following);
    await vi.waitUntil(() => said.stderr().includes("RUNNING"), 300_000);
    expect(await pushpool(at, "cancel", id)).toMatchObject({ status: 0, stderr: expect.stringMatching(/CANCELLED/) });
    expect(await said.ended).toBe(3);

    expect(await pushpool(at, "destroy", "--engine", "offline", "--yes")).toMatchObject({ status: 0 });
    const client = clientOf(apiUrl);
    expect(await readWorkPool(client, "local")).toBeUndefined();
    // What `deploy` created does not belong to the program. Without its work pool it still exists, but runs nothing.
    expect(await readDeploymentByName(client, "orders/nightly")).toMatchObject({ work_pool_name: null });
    for (const name of ["orders/nightly", "unsteady/unsteady", "broken/broken", "slow/slow"]) {
      const { id = "" } = (await readDeploymentByName(client, name)) ?? {};
      await client.request("DELETE", `/deployments/${id}`);
    }
  });

  test("its README shows every existing deployment", () => {
    const yaml = readFileSync(join(repo, "examples", "prefect", "prefect.yaml"), "utf8");
    const readme = readFileSync(join(repo, "examples", "prefect", "README.md"), "utf8");
    for (const [, name = ""] of yaml.matchAll(/^- name: (\S+)/gm)) expect(readme).toContain(`/${name}\``);
  });
});
