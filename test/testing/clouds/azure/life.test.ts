import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../../src/json";
import type { FakeAzure } from "../../../../src/testing";
import { until } from "../../../until";
import { ask, azure, groupCalls, groupOf } from "./azure";

// What becomes of a container group, as its GET says it.

interface State {
  state?: string;
  exitCode?: number;
  detailStatus?: string;
  startTime?: string;
  finishTime?: string;
}
interface Seen {
  provisioning: string;
  group: string;
  current: State | undefined;
  previous: State | undefined;
  restarts: number | undefined;
  events: string[];
}

function seen(body: JsonObject | null, index = 0): Seen {
  const { properties } = body as unknown as {
    properties: {
      provisioningState: string;
      instanceView: { state: string };
      containers: {
        properties: { instanceView?: { restartCount: number; currentState: State; previousState?: State; events?: { name: string }[] } };
      }[];
    };
  };
  const view = properties.containers[index]?.properties.instanceView;
  return {
    provisioning: properties.provisioningState,
    group: properties.instanceView.state,
    current: view?.currentState,
    previous: view?.previousState,
    restarts: view?.restartCount,
    events: (view?.events ?? []).map(({ name }) => name),
  };
}

async function started(script: string, more: JsonObject = {}, options = {}) {
  const fake = await azure(options);
  const calls = groupCalls(fake, "one");
  const reply = await calls.put(groupOf(script, more));
  expect(reply.status).toBe(201);
  const see = async (index = 0) => seen((await calls.get()).body, index);
  const sees = (what: Partial<Seen>) =>
    until(async () => {
      const now = await see();
      return Object.entries(what).every(([name, value]) => now[name as keyof Seen] === value) && now;
    });
  return { fake, calls, see, sees };
}

const settled = (fake: FakeAzure) => until(() => fake.world.group("one").provisioningState === "Succeeded");

describe("ends", () => {
  test.each([
    ["true", "Succeeded", { state: "Terminated", exitCode: 0, detailStatus: "Completed" }],
    ["exit 3", "Failed", { state: "Terminated", exitCode: 3, detailStatus: "Error" }],
    ["kill -9 $$", "Failed", { state: "Terminated", exitCode: 137, detailStatus: "Error" }],
    ["kill -TERM $$", "Failed", { state: "Terminated", exitCode: 143, detailStatus: "Error" }],
  ])("%s", async (script, group, current) => {
    const { sees } = await started(script);
    const end = await sees({ group });
    expect(end.current).toMatchObject(current);
    expect(end.restarts).toBe(0);
    await sees({ group, provisioning: "Succeeded" });
  });

  test("a command that cannot start is tried for ever, though the policy says Never", async () => {
    const fake = await azure({ backOff: 10 });
    const calls = groupCalls(fake, "one");
    await calls.put(JSON.parse(JSON.stringify(groupOf("")).replace('["sh","-c",""]', '["no-such-command"]')) as Json);
    const now = await until(async () => {
      const each = seen((await calls.get()).body);
      return (each.restarts ?? 0) > 2 && each;
    });
    expect(now).toMatchObject({ group: "Pending", provisioning: "Creating", current: { state: "Waiting" } });
    expect(now.current?.detailStatus).toMatch(/^CrashLoopBackOff: Back-off \d+s restarting failed$/);
    expect(now.events).toEqual(expect.arrayContaining(["Failed", "BackOff"]));
  });

  test("a stop: no exit code, no start, what was before is kept", async () => {
    const { fake, calls, see } = await started("trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done");
    await settled(fake);
    const reply = await calls.post("stop");
    expect([reply.status, reply.headers["azure-asyncoperation"]]).toEqual([204, undefined]);
    const now = await see();
    expect(now).toMatchObject({ group: "Stopped", current: { state: "Terminated", detailStatus: "Container stopped per client request" } });
    expect([now.current?.exitCode, now.current?.startTime, now.previous?.state]).toEqual([undefined, undefined, "Running"]);
    await until(async () => /bye/.test(String((await calls.logs()).body?.content)));
    expect((await calls.post("stop")).status).toBe(204);
  });

  test("deleted: gone at once, with its log", async () => {
    const { fake, calls } = await started("echo hello; sleep 600");
    await settled(fake);
    const reply = await calls.remove();
    expect([reply.status, seen(reply.body).group]).toEqual([200, "Running"]);
    for (const gone of [await calls.get(), await calls.logs(), await calls.post("stop")])
      expect(gone).toMatchObject({ status: 404, body: { error: { code: "ResourceNotFound" } } });
    expect((await calls.remove()).status).toBe(204);
  });

  test("a deletion that takes its time", async () => {
    const { fake, calls, sees } = await started("sleep 600", {}, { deletion: 3_000 });
    await settled(fake);
    await calls.remove();
    await sees({ provisioning: "Deleting" });
    await until(async () => (await calls.get()).status === 404);
  });

  test("out of memory, and an end without a code", async () => {
    const { fake, sees } = await started("sleep 600");
    await settled(fake);
    fake.world.outOfMemory("one");
    expect((await sees({ group: "Failed" })).current).toMatchObject({ exitCode: 137 });
    const calls = groupCalls(fake, "two");
    await calls.put(groupOf("sleep 600"));
    await until(() => fake.world.group("two").provisioningState === "Succeeded");
    fake.world.crash("two");
    const end = await until(async () => {
      const now = seen((await calls.get()).body);
      return now.group === "Failed" && now;
    });
    expect(end.current).toMatchObject({ state: "Terminated", detailStatus: "Error" });
    expect(end.current?.exitCode).toBeUndefined();
  });

  test("maintenance of the platform", async () => {
    const { fake, sees } = await started("sleep 600");
    await settled(fake);
    fake.world.maintain("one", 7148);
    const end = await sees({ group: "Failed" });
    expect(end.current).toMatchObject({ exitCode: 7148 });
    expect(end.events).toContain("Killing");
  });
});

describe("what starts again", () => {
  test("a failed container, though the policy says Never", async () => {
    const { fake, sees } = await started("exit 3");
    await sees({ group: "Failed" });
    fake.world.restartContainer("one");
    const now = await sees({ group: "Failed", restarts: 1 });
    expect(now.previous).toMatchObject({ state: "Terminated", exitCode: 3 });
  });

  test("a failed container under OnFailure, until it succeeds", async () => {
    const fake = await azure({ backOff: 10 });
    const calls = groupCalls(fake, "one");
    const mark = `/tmp/pushpool-azure-${process.pid}-${Date.now()}`;
    await calls.put(groupOf(`test -e ${mark} && rm ${mark} && exit 0; touch ${mark}; exit 1`, { restartPolicy: "OnFailure" }));
    const end = await until(async () => {
      const now = seen((await calls.get()).body);
      return now.group === "Succeeded" && now;
    });
    expect(end).toMatchObject({ restarts: 1, current: { exitCode: 0 }, previous: { exitCode: 1 } });
  });

  test("a group whose node was lost", async () => {
    const { fake, see, sees } = await started("sleep 600");
    await settled(fake);
    fake.world.loseNode("one", 100);
    expect(await see()).toMatchObject({
      provisioning: "Repairing",
      group: "Unknown",
      current: { state: "Terminated", detailStatus: "Infrastructure Error" },
    });
    expect((await see()).current?.exitCode).toBeUndefined();
    expect(await sees({ group: "Running", provisioning: "Succeeded" })).toMatchObject({ restarts: 0 });
  });

  test("a Spot group that was evicted", async () => {
    const { fake, see, sees } = await started("echo once; sleep 600", { priority: "Spot" });
    await settled(fake);
    fake.world.evict("one");
    expect(await see()).toMatchObject({ group: "Pending", current: { state: "Waiting" } });
    fake.world.letIn("one");
    await sees({ group: "Running" });
  });

  test("a group that is put over one that has ended", async () => {
    const { calls, sees } = await started("exit 3");
    await sees({ group: "Failed", provisioning: "Succeeded" });
    expect((await calls.put(groupOf("exit 4"))).status).toBe(200);
    expect((await sees({ group: "Failed" })).current).toMatchObject({ exitCode: 4 });
  });

  test("a stopped group; its log begins again", async () => {
    const { fake, calls, sees } = await started("echo hello; sleep 600");
    await settled(fake);
    await calls.post("stop");
    await sees({ group: "Stopped" });
    expect((await calls.post("start")).status).toBe(202);
    await sees({ group: "Running", provisioning: "Succeeded" });
    await until(async () => (await calls.logs()).body?.content === "hello\n");
    expect((await calls.post("restart")).headers["azure-asyncoperation"]).toBeDefined();
  });
});

describe("what does not start", () => {
  test("an image that cannot be fetched after all", async () => {
    const fake = await azure({ startTimeout: 50 });
    const calls = groupCalls(fake, "one");
    fake.plant({ on: "Microsoft.ContainerInstance/containerGroups/write", fault: { kind: "pullFails" } });
    await calls.put(groupOf("true"));
    const now = await until(async () => {
      const each = seen((await calls.get()).body);
      return each.provisioning === "Failed" && each;
    });
    expect(now).toMatchObject({ group: "Pending", current: { state: "Waiting" }, events: ["Pulling", "Failed", "BackOff"] });
  });

  test("a group without a node", async () => {
    const fake = await azure();
    const calls = groupCalls(fake, "one");
    fake.plant({ on: "Microsoft.ContainerInstance/containerGroups/write", fault: { kind: "noNode" } });
    await calls.put(groupOf("true"));
    expect(seen((await calls.get()).body)).toMatchObject({ group: "Pending", provisioning: "Pending", current: { state: "Waiting" } });
    fake.world.letIn("one");
    await until(async () => seen((await calls.get()).body).group === "Succeeded");
  });

  test("what comes after an init container that fails", async () => {
    const container = (name: string, script: string) => ({ name, properties: { image: "python", command: ["sh", "-c", script] } });
    const { sees, see, fake } = await started("echo never", { initContainers: [container("first", "exit 1")] });
    await sees({ group: "Failed" });
    expect((await see()).current?.state).toBe("Waiting");
    const calls = groupCalls(fake, "two");
    await calls.put(groupOf("echo now", { initContainers: [container("first", "true"), container("second", "true")] }));
    await until(async () => seen((await calls.get()).body).group === "Succeeded");
  });
});

describe("operations", () => {
  test("in motion, only a deletion is taken", async () => {
    const { calls } = await started("sleep 600", {}, { start: 10_000 });
    for (const reply of [await calls.put(groupOf("true")), await calls.post("stop"), await calls.post("restart")])
      expect(reply).toMatchObject({ status: 409, body: { error: { code: "ContainerGroupTransitioning" } } });
    expect((await calls.remove()).status).toBe(200);
  });

  test("what a running group may not change", async () => {
    const { fake, calls } = await started("sleep 600");
    await settled(fake);
    expect(await calls.put(groupOf("true", { restartPolicy: "Always" }))).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidContainerGroupUpdate" } },
    });
    expect(await calls.put({ ...groupOf("true"), location: "northeurope" })).toMatchObject({
      status: 409,
      body: { error: { code: "InvalidResourceLocation" } },
    });
  });

  test("a group whose identity is gone cannot be deleted", async () => {
    const fake = await azure();
    const identity = `${fake.scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller`;
    await ask(fake, "PUT", `${identity}?api-version=2023-01-31`, { location: "westeurope" });
    const calls = groupCalls(fake, "one");
    const body = { ...groupOf("true"), identity: { type: "UserAssigned", userAssignedIdentities: { [identity]: {} } } };
    expect((await calls.put(body)).status).toBe(201);
    await ask(fake, "DELETE", `${identity}?api-version=2023-01-31`);
    expect((await calls.remove()).status).toBe(500);
  });

  test("several containers, and secrets that never come back", async () => {
    const fake = await azure();
    const calls = groupCalls(fake, "one");
    const container = (name: string, script: string): JsonObject => ({
      name,
      properties: {
        image: "python",
        command: ["sh", "-c", script],
        environmentVariables: [
          { name: "OPEN", value: "seen" },
          { name: "HIDDEN", secureValue: "hush" },
        ],
        resources: { requests: { cpu: 0.5, memoryInGB: 0.5 } },
      },
    });
    const credentials = [{ server: "registry.example.com", username: "reader", password: "hush too" }];
    await calls.put(
      groupOf("", {
        containers: [container("one", "echo $OPEN $HIDDEN"), container("two", "exit 2")],
        imageRegistryCredentials: credentials,
      }),
    );
    const end = await until(async () => {
      const { body } = await calls.get();
      return seen(body).group === "Failed" && body;
    });
    expect([seen(end, 0).current?.exitCode, seen(end, 1).current?.exitCode]).toEqual([0, 2]);
    expect(JSON.stringify(end)).not.toMatch(/hush/);
    expect((await calls.logs("", "one")).body).toEqual({ content: "seen hush\n" });
  });
});

test("simulated containers end when a test says so", async () => {
  const { fake, sees } = await started("never run", {}, { simulated: true });
  await settled(fake);
  fake.world.finish("one", { kind: "exited", code: 5 });
  expect((await sees({ group: "Failed" })).current?.exitCode).toBe(5);
});
