import dns from "node:dns";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { JsonObject } from "../../../src/json";
import { createCloudRunTarget } from "../../../src/targets/cloudRun";
import { createContainerInstancesTarget } from "../../../src/targets/containerInstances";
import { createEcsTarget } from "../../../src/targets/ecs";
import type { PoolAccess, SharedNotes, Target, TargetPlace } from "../../../src/targets/target";
import { until } from "../../until";
import { memoryNotes } from "./memoryNotes";

// What waits for the cloud's quota ends soon after its signal has fired, and no call follows.

afterEach(() => vi.restoreAllMocks());

/** Notes in which every quota is used up for an hour. `reached`: how often a call has asked for its turn. */
function usedUp(): { notes: SharedNotes; reached: () => number } {
  const { readNote, changeNote, ...others } = memoryNotes();
  let reached = 0;
  const isBucket = (key: string) => /\/bucket\//.test(key);
  const inAnHour = String(Date.now() + 3_600_000);
  return {
    reached: () => reached,
    notes: {
      ...others,
      readNote: async (key) => (isBucket(key) ? inAnHour : readNote(key)),
      changeNote: async (key, change) => {
        if (!isBucket(key)) return changeNote(key, change);
        reached += 1;
        return change(inAnHour);
      },
    },
  };
}

const AZURE =
  "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/flows/providers/Microsoft.ContainerInstance/containerGroups";
const CLOUDS: [string, (place: Omit<TargetPlace, "home">) => Promise<Target>, JsonObject, string][] = [
  [
    "Cloud Run",
    createCloudRunTarget,
    {
      service_account_info: {
        type: "service_account",
        project_id: "acme",
        client_email: "a@acme.iam",
        private_key: "-----BEGIN PRIVATE KEY-----",
      },
    },
    "projects/acme/locations/europe-west1/jobs/etl/executions/etl-abcde",
  ],
  [
    "ECS",
    createEcsTarget,
    { aws_access_key_id: "AKIAEXAMPLE", aws_secret_access_key: "s", region_name: "eu-central-1" },
    "arn:aws:ecs:eu-central-1:111111111111:cluster/flows::arn:aws:ecs:eu-central-1:111111111111:task/flows/0123456789abcdef0123456789abcdef",
  ],
  [
    "Container Instances",
    createContainerInstancesTarget,
    { tenant_id: "t", client_id: "c", client_secret: "s" },
    `${AZURE}/pushpool-0190-1`,
  ],
];

describe.each(CLOUDS)("%s", (_, create, data, id) => {
  const pool: PoolAccess = {
    name: "etl",
    source: { project: "data", stack: "dev" },
    endpoints: {},
    baseJobTemplate: { job_configuration: {}, variables: {} },
    credentials: { block: "block/etl", data },
  };

  test.each<[string, (target: Target, signal: AbortSignal) => Promise<unknown>]>([
    ["a look", (target, signal) => target.observe([id], signal)],
    [
      "a look at many",
      (target, signal) =>
        target.observe(
          Array.from({ length: 20 }, (_, n) => `${id.slice(0, -1)}${n}`),
          signal,
        ),
    ],
    ["a request to stop", (target, signal) => target.stop(id, { reason: "enough", graceSeconds: 30 }, signal)],
  ])("%s that waits for its turn", async (_, wait) => {
    const lookups = vi.spyOn(dns, "lookup");
    const { notes, reached } = usedUp();
    const target = await create({ env: {}, notes, digestKey: () => Buffer.from("key"), pool: async () => pool });
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = timers();
    const stop = new AbortController();
    const waiting = wait(target, stop.signal).then(
      () => "done",
      (error: Error) => error.name,
    );
    await until(() => reached() > 0);
    const turns = reached();
    stop.abort();
    expect(await waiting).toBe("AbortError");
    // A timer that is left would keep a process alive for an hour.
    await until(() => timers() <= before);
    expect([reached(), lookups.mock.calls.length]).toEqual([turns, 0]);
  });

  test("the others go on if one of two callers gives up", async () => {
    const { notes, reached } = usedUp();
    const target = await create({ env: {}, notes, digestKey: () => Buffer.from("key"), pool: async () => pool });
    const [one, two] = [new AbortController(), new AbortController()];
    let over = false;
    const first = target.observe([id], one.signal).catch((error: Error) => error.name);
    const second = target.observe([id], two.signal).catch((error: Error) => {
      over = true;
      return error.name;
    });
    await until(() => reached() > 0);
    one.abort();
    expect([await first, over]).toEqual(["AbortError", false]);
    two.abort();
    expect(await second).toBe("AbortError");
  });
});
