import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test, vi } from "vitest";
import type { JsonObject } from "../../../src/json";
import { createBlock, newestSchema } from "../../../src/prefect/api/blocks";
import { createWorkPool } from "../../../src/prefect/api/workPools";
import { openTarget } from "../../../src/targets/open";
import { defaultTemplate } from "../../../src/template";
import { startFakeGoogleCloud } from "../../../src/testing";
import { describePrefect } from "../../prefect/python";
import { sharedServer } from "../../prefect/server";
import { scratch } from "../../scratch";
import { QUICK } from "../../targets/cloudRun/place";
import { aDeployment, clientOf, dispatcher, startRun, until, untilEnd } from "./dispatcher";

describePrefect("a dispatcher instead of a worker", () => {
  vi.setConfig({ testTimeout: 600_000 });

  test("a pool of type cloud-run-v2: its runs are executions there, until each of their ends", async () => {
    const client = clientOf((await sharedServer()).apiUrl);
    const google = await startFakeGoogleCloud({ grace: 1_000 });
    onTestFinished(() => google.stop());
    const name = `etl-${randomUUID().slice(0, 8)}`;
    const key = { slug: "gcp-credentials", name };
    const data = { service_account_info: google.serviceAccountKey("submitter") as JsonObject };
    const block = await createBlock(client, key, await newestSchema(client, key.slug, 60_000), data, []);
    if ("exists" in block) throw new Error(`block ${name} exists already`);
    const template = structuredClone(defaultTemplate("cloud-run-v2:push")) as { variables: { properties: Record<string, JsonObject> } };
    Object.assign(template.variables.properties.credentials as JsonObject, { default: { $ref: { block_document_id: block.id } } });
    await createWorkPool(client, { name, type: "cloud-run-v2", base_job_template: template as unknown as JsonObject });

    const place = scratch();
    const { events } = dispatcher(client, [name], {
      place,
      shared: {
        openTarget: (type, access) => openTarget(type, { home: place, env: { ...process.env, ...QUICK }, ...access }),
        poolsBeside: () => ({ endpoints: google.endpoints }),
      },
    });
    const deployment = await aDeployment(client, name);
    const cloud = { image: "acme/etl:1", region: "europe-west1", service_account_name: google.runtimeAccount };
    const start = (what: string) => startRun(client, deployment, what, { job_variables: { ...cloud, env: { DO: what } } });
    const completes = await untilEnd(client, await start("complete"));
    expect(completes.state).toMatchObject({ type: "COMPLETED", message: null });
    expect(completes.infrastructure_pid).toContain("executions/");
    expect((await untilEnd(client, await start("fail"))).state?.type).toBe("FAILED");
    expect((await untilEnd(client, await start("kill"))).state?.type).toBe("CRASHED");
    const waits = await start("wait");
    await until(client, waits, "RUNNING");
    await client.request("POST", `/flow_runs/${waits.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
    expect((await untilEnd(client, waits)).state?.type).toBe("CANCELLED");
    expect(google.world.executions.size).toBe(4);
    expect(events.filter(({ kind }) => kind === "submitted")).toHaveLength(4);
  });
});
