import { onTestFinished } from "vitest";
import { createCloudRunTarget } from "../../../src/targets/cloudRun";
import { createContainerInstancesTarget } from "../../../src/targets/containerInstances";
import { createEcsTarget } from "../../../src/targets/ecs";
import type { SharedNotes } from "../../../src/targets/target";
import { startFakeAws, startFakeAzure, startFakeGoogleCloud } from "../../../src/testing";
import type { CommonFault } from "../../../src/testing/clouds/shared/exchange";
import * as cloudRun from "../cloudRun/place";
import * as aci from "../containerInstances/place";
import * as ecs from "../ecs/place";

// A place on each fake cloud, for what holds on all of them.

/** Plants a fault for the next call that matches. */
type Plant = (on: RegExp, fault: CommonFault) => void;

const given = { digestKey: () => Buffer.alloc(0) };

/** By name; `start`: the call that starts a run; `script`: what the run does. */
export const CLOUDS = {
  "Cloud Run": async (notes: SharedNotes, script = "true") => {
    const google = await startFakeGoogleCloud({ grace: 1_000 });
    onTestFinished(() => google.stop());
    const pool = cloudRun.poolOf(google, google.serviceAccountKey("submitter"));
    const plant: Plant = (on, fault) => google.plant({ on, fault });
    const open = () => createCloudRunTarget({ ...given, notes, env: cloudRun.QUICK, pool: async () => pool });
    return { open, plant, start: /^run\.jobs\.run$/, job: cloudRun.jobOf(google, script), ran: () => google.world.executions.size };
  },
  ECS: async (notes: SharedNotes, script = "true") => {
    const aws = await startFakeAws({ grace: 1_000 });
    onTestFinished(() => aws.stop());
    const pool = ecs.poolOf(aws, aws.accessKey("submitter"));
    const plant: Plant = (on, fault) => aws.plant({ on, fault });
    const open = () => createEcsTarget({ ...given, notes, env: ecs.QUICK, pool: async () => pool });
    return { open, plant, start: /^ecs:RunTask$/, job: ecs.jobOf(aws, script), ran: () => aws.world.tasks.size };
  },
  "Container Instances": async (notes: SharedNotes, script = "true") => {
    const azure = await startFakeAzure({ grace: 1_000 });
    onTestFinished(() => azure.stop());
    aci.trust(azure);
    const pool = aci.poolOf(azure, azure.client("submitter"));
    const plant: Plant = (on, fault) => azure.plant({ on, fault });
    const open = () => createContainerInstancesTarget({ ...given, notes, env: aci.QUICK, pool: async () => pool });
    return { open, plant, start: /containerGroups\/write$/, job: aci.jobOf(script), ran: () => azure.world.groups.size };
  },
};
