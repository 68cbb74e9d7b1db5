import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { listAutomations } from "../../src/prefect/api/automations";
import { readDeploymentByName } from "../../src/prefect/api/deployments";
import { isBefore32 } from "../../src/prefect/api/server";
import { createWorkPool } from "../../src/prefect/api/workPools";
import { defaultTemplate } from "../../src/template";
import { exampleOf } from "../e2e/prefectExample";
import { clientOf } from "../serve/server/dispatcher";
import { describePrefect } from "./python";
import { pushpool } from "./served";
import { ownServer } from "./server";

// The oldest and the newest server that the documentation promises. Each one's runs use the same version of Prefect.

test.each([
  ["3.0.11", true],
  ["3.1.15", true],
  ["3.2.0", false],
  ["3.10.0", false],
  ["4.0.0", false],
  [undefined, false],
])("a server of version %s is older than 3.2: %j", (version, expected) => {
  expect(isBefore32({ version } as Parameters<typeof isBefore32>[0])).toBe(expected);
});

describePrefect("servers of other versions", () => {
  vi.setConfig({ testTimeout: 900_000 });

  test.each(["3.0.11", "3.9.1"] as const)(
    "%s: up, deploy, deploy again, a changed schedule and pull step, a run, destroy",
    async (version) => {
      const server = await ownServer({ version });
      try {
        const at = exampleOf(server);
        const client = clientOf(server.apiUrl);
        const file = join(at.cwd, "prefect.yaml");
        const given = readFileSync(file, "utf8");
        expect(await pushpool(at, "up", "--engine", "offline", "--yes")).toMatchObject({
          status: 0,
          stderr: expect.stringContaining("3 created"),
        });
        expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0, stderr: expect.stringContaining("4 created") });
        expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0, stderr: expect.stringContaining("4 unchanged") });
        const before = await readDeploymentByName(client, "orders/nightly");
        expect(before?.schedules).toMatchObject([{ schedule: { cron: "30 2 * * *", timezone: "Europe/Berlin" }, active: true }]);

        const pull = `pull:\n- prefect.deployments.steps.set_working_directory: { directory: ${at.cwd}/. }\n`;
        const trigger = "  triggers: [{ expect: [order.placed], match: { prefect.resource.id: shop }, within: 60, threshold: 2 }]\n";
        writeFileSync(file, `${pull}${given.replace("30 2 * * *", "30 3 * * *").replace("  tags: [orders]\n", `$&${trigger}`)}`);
        expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0, stderr: expect.stringContaining("4 updated") });
        const after = await readDeploymentByName(client, "orders/nightly");
        expect(after).toMatchObject({
          id: before?.id,
          schedules: [{ schedule: { cron: "30 3 * * *" } }],
          tags: ["orders"],
          work_pool_name: "local",
        });
        expect(JSON.stringify(after?.pull_steps)).toContain("set_working_directory");
        const [automation] = (await listAutomations(client)) ?? [];
        expect(automation).toMatchObject({
          name: "nightly__automation_1",
          trigger: { type: "event", expect: ["order.placed"], within: 60, threshold: 2 },
          actions: [{ type: "run-deployment", deployment_id: after?.id }],
        });
        expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0, stderr: expect.stringContaining("4 unchanged") });

        const run = await pushpool(at, "run", "orders/nightly");
        expect(run).toMatchObject({ status: 0, stderr: expect.stringMatching(/is COMPLETED/) });

        // Only newer servers accept a work pool for a run of a deployment.
        await createWorkPool(client, { name: "second", type: "process:push", base_job_template: defaultTemplate("process:push") });
        const elsewhere = await pushpool(at, "run", "orders/nightly", "--pool", "second");
        if (version === "3.0.11")
          expect(elsewhere).toMatchObject({
            status: 2,
            stdout: "",
            stderr: expect.stringMatching(/^pushpool: --pool "second": the Prefect server at \S+ is too old .*Nothing was sent; upgrade/),
          });
        else expect(elsewhere).toMatchObject({ status: 0, stderr: expect.stringMatching(/on work pool second[\s\S]*is COMPLETED/) });
        expect(await pushpool(at, "destroy", "--engine", "offline", "--yes")).toMatchObject({ status: 0 });
      } finally {
        await server.stop();
      }
    },
  );
});
