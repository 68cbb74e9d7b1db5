import { randomUUID } from "node:crypto";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createCloudRunTarget } from "../../../src/targets/cloudRun";
import { createContainerInstancesTarget } from "../../../src/targets/containerInstances";
import { createEcsTarget } from "../../../src/targets/ecs";
import { startFakeAws, startFakeAzure, startFakeGoogleCloud } from "../../../src/testing";
import { until } from "../../until";
import * as cloudRun from "../cloudRun/place";
import * as aci from "../containerInstances/place";
import * as ecs from "../ecs/place";
import { memoryNotes } from "./memoryNotes";
import { never, runOf } from "./place";

// A cloud that takes a call and never answers, or stops in the middle of its reply. Here each call may take a second.

vi.mock("../../../src/targets/cloud/calls", async (original) => ({ ...(await original<object>()), CALL_TIMEOUT: 1_000 }));

const given = { notes: memoryNotes(), digestKey: () => Buffer.alloc(0) };

const CLOUDS = {
  "Cloud Run": async () => {
    const google = await startFakeGoogleCloud({ grace: 1_000 });
    const pool = cloudRun.poolOf(google, google.serviceAccountKey("submitter"));
    const target = await createCloudRunTarget({ ...given, env: cloudRun.QUICK, pool: async () => pool });
    return { fake: google, target, job: cloudRun.jobOf(google, "true"), ran: () => google.world.executions.size };
  },
  ECS: async () => {
    const aws = await startFakeAws({ grace: 1_000 });
    const pool = ecs.poolOf(aws, aws.accessKey("submitter"));
    const target = await createEcsTarget({ ...given, env: ecs.QUICK, pool: async () => pool });
    return { fake: aws, target, job: ecs.jobOf(aws, "true"), ran: () => aws.world.tasks.size };
  },
  "Container Instances": async () => {
    const azure = await startFakeAzure({ grace: 1_000 });
    aci.trust(azure);
    const pool = aci.poolOf(azure, azure.client("submitter"));
    const target = await createContainerInstancesTarget({ ...given, env: aci.QUICK, pool: async () => pool });
    return { fake: azure, target, job: aci.jobOf("true"), ran: () => azure.world.groups.size };
  },
};

describe.each(Object.entries(CLOUDS))("%s", (_, open) => {
  test.each([true, false])("no call waits for ever for its answer (done: %s)", { timeout: 60_000 }, async (after) => {
    const { fake, target, job, ran } = await open();
    onTestFinished(() => fake.stop());
    (fake.plant as (fault: object) => void)({ on: /./, fault: { kind: "hang", after }, times: 1, skip: 0 });
    const run = runOf(randomUUID());
    const prepared = await target.prepare(target.plan(job, run), never);
    (fake.plant as (fault: object) => void)({ on: /./, fault: { kind: "hang", after }, times: 1, skip: 0 });
    const id = await target.submit(prepared, never);
    (fake.plant as (fault: object) => void)({ on: /./, fault: { kind: "hang", after }, times: 1, skip: 0 });
    const end = await until(async () => {
      const seen = (await target.observe([id])).get(id);
      return seen?.phase === "ended" && seen;
    });
    expect([ran(), end.outcome]).toEqual([1, { kind: "exited", code: 0 }]);
  });
});
