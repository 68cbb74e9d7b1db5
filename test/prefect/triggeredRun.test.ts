import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { parse } from "yaml";
import type { JsonObject } from "../../src/json";
import { listAutomations } from "../../src/prefect/api/automations";
import { readDeploymentByName } from "../../src/prefect/api/deployments";
import { writeEvents } from "../../src/prefect/api/events";
import type { ServerRun } from "../../src/prefect/api/flowRuns";
import { createWorkPool } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import { defaultTemplate } from "../../src/template";
import { blocksOf } from "../docs/markdown";
import { clientOf, QUICK, untilEnd } from "../serve/server/dispatcher";
import { describePrefect } from "./python";
import { pushpool, served, through } from "./served";
import { ownServer } from "./server";

// On its own server: a busy one delays the services that run automations.
describePrefect("a trigger of a prefect.yaml", () => {
  vi.setConfig({ testTimeout: 600_000 });
  let client: Client;
  let apiUrl: string;
  beforeAll(async () => {
    const server = await ownServer({ oneConnection: true });
    ({ apiUrl } = server);
    client = clientOf(apiUrl);
    return () => server.stop();
  }, 600_000);

  test("an event starts a run on the push pool, with parameters from the event; `deploy` shows it, and does not repeat itself", async () => {
    await createWorkPool(client, { name: "etl", type: "process:push", base_job_template: defaultTemplate("process:push") });
    const at = through(apiUrl);
    const work = `{ name: etl, job_variables: { command: "${process.execPath} ${QUICK}", env: { DO: complete } } }`;
    const block = blocksOf("docs/prefect-server.md").find(({ language }) => language === "yaml");
    const documented = parse(block?.text ?? "") as { deployments: { triggers: JsonObject[] }[] };
    const trigger = JSON.stringify(documented.deployments[0]?.triggers[0]);
    const file = (more: string) =>
      `deployments:\n- name: prod\n  flow_name: orders\n  work_pool: ${work}\n  triggers:\n  - ${trigger}\n${more}`;
    writeFileSync(join(at.folder, "prefect.yaml"), file(""));

    const dry = await pushpool(at, "deploy", "--all", "--dry-run", "--json");
    expect(JSON.parse(dry.stdout)).toMatchObject({
      notes: expect.not.arrayContaining([expect.stringContaining("triggers")]),
      records: [
        {
          automations: [
            {
              name: "prod__automation_1",
              enabled: true,
              trigger: { type: "event", expect: ["order.placed"], posture: "Reactive", threshold: 1, within: 0 },
              actions: [{ type: "run-deployment", parameters: { day: "{{ event.payload.day }}" } }],
            },
          ],
        },
      ],
    });
    expect(await listAutomations(client)).toEqual([]);

    expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0, stderr: expect.stringMatching(/1 created/) });
    expect(await pushpool(at, "deploy", "--all")).toMatchObject({ status: 0, stderr: expect.stringMatching(/1 unchanged/) });
    const deployment = await readDeploymentByName(client, "orders/prod");
    await served(at, "--pool", "etl");
    const day = randomUUID();
    await writeEvents(client, [
      {
        id: randomUUID(),
        occurred: new Date().toISOString(),
        event: "order.placed",
        resource: { "prefect.resource.id": "shop.berlin" },
        related: [],
        payload: { day },
      },
    ]);
    const runs = async () => {
      const json = { deployments: { id: { any_: [deployment?.id as string] } } };
      return (await client.request<ServerRun[]>("POST", "/flow_runs/filter", { json })).body;
    };
    await expect.poll(async () => (await runs()).length, { timeout: 120_000 }).toBe(1);
    const [run] = await runs();
    expect(run?.parameters).toEqual({ day });
    expect((await untilEnd(client, run as ServerRun)).state?.type).toBe("COMPLETED");

    writeFileSync(join(at.folder, "prefect.yaml"), file("  - { type: evnt, expect: [order.paid] }\n"));
    const bad = await pushpool(at, "deploy", "--all");
    expect([bad.status, bad.stderr]).toEqual([
      2,
      expect.stringMatching(/prefect\.yaml:2: prod: triggers\[1\]\.type "evnt" is not a type of/),
    ]);
    writeFileSync(join(at.folder, "prefect.yaml"), file("  - { expect: [order.paid], name: paid }\n"));
    expect((await pushpool(at, "deploy", "--all")).stdout).toMatch(
      /~ orders\/prod[\s\S]*triggers\.paid: {"type":"event","expect":\["order\.paid"\].*\(new\)/,
    );
    expect(await pushpool(at, "deploy", "--remove", "orders/prod")).toMatchObject({ status: 0 });
    expect(await listAutomations(client)).toEqual([]);
  });
});
