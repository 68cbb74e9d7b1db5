import { beforeAll, expect, test, vi } from "vitest";
import type { JsonObject } from "../../../src/json";
import type { RunRecord } from "../../../src/ledger";
import { readServerLogs, SUBMITTER_LOGGER } from "../../../src/prefect/api/flowRunLogs";
import { readStates, type ServerRun } from "../../../src/prefect/api/flowRuns";
import { patchWorkPool } from "../../../src/prefect/api/workPools";
import type { Client } from "../../../src/prefect/client";
import { state } from "../../../src/runs/states";
import { ServerSource } from "../../../src/serve/server/serverSource";
import { createProcessTarget } from "../../../src/targets/process";
import { describePrefect } from "../../prefect/python";
import { sharedServer } from "../../prefect/server";
import { scratch } from "../../scratch";
import { aPool, clientOf, dispatcher, startRun, until, untilEnd } from "./dispatcher";

// A server on SQLite may block for half a minute on a loaded machine.
describePrefect("a dispatcher of a real Prefect server", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let client: Client;
  beforeAll(async () => {
    client = clientOf((await sharedServer()).apiUrl);
  }, 600_000);
  const names = async (id: string) => (await readStates(client, id)).map(({ name }) => name);

  test("a run is claimed, started, shown and ended; the ledger has the server's final state", async () => {
    const { pool, start } = await aPool(client);
    const { events, ledger } = dispatcher(client, [pool]);
    const run = await start();
    const ended = await untilEnd(client, run);
    expect(ended.state).toMatchObject({ type: "COMPLETED", message: null });
    expect(ended.infrastructure_pid).toMatch(/.+/);
    expect(await names(run.id)).toEqual(["Scheduled", "Pending", "Submitting", "InfrastructurePending", "Running", "Completed"]);
    await expect
      .poll(async () => (await ledger.read(run.id))?.run)
      .toMatchObject({
        state: { type: "COMPLETED", name: "Completed" },
        outcome: { kind: "exited", code: 0 },
        infrastructureId: ended.infrastructure_pid,
      });
    expect(events.filter(({ kind }) => kind === "trouble" || kind === "serverTrouble")).toEqual([]);
  });

  test.each([
    ["fail", "FAILED", null],
    ["kill", "CRASHED", /its infrastructure ended, and the run reported no end: it was ended by SIGKILL/],
    ["die-first", "CRASHED", /it exited with code 1/],
    ["mute", "CRASHED", /it exited with code 0; did the command run the flow/],
  ])("a run that does %s is %s on the server", async (what, type, message) => {
    const { pool, start } = await aPool(client);
    dispatcher(client, [pool]);
    const { state, id } = await untilEnd(client, await start(what));
    expect(state?.type).toBe(type);
    if (message) expect(state?.message).toMatch(message);
    if (what === "die-first") {
      // Its output is in the usual place.
      const { logs } = await readServerLogs(client, id);
      expect(logs.filter(({ name }) => name !== SUBMITTER_LOGGER).map((log) => [log.message, log.level])).toEqual([
        ["no such module: pandas", 40],
      ]);
    }
  });

  test("a job that cannot be rendered is CRASHED with the path; a missing command, with the reason", async () => {
    const { pool, deploymentId } = await aPool(client);
    dispatcher(client, [pool]);
    const folder = await untilEnd(client, await startRun(client, deploymentId, "", { job_variables: { working_dir: "/no/such/folder" } }));
    expect(folder.state).toMatchObject({
      type: "CRASHED",
      message: expect.stringMatching(/job_configuration\.working_dir: there is no folder/),
    });
    const missing = await untilEnd(client, await startRun(client, deploymentId, "", { job_variables: { command: "no-such-command" } }));
    expect(missing.state).toMatchObject({ type: "CRASHED", message: expect.stringMatching(/the command was not found/) });
  });

  test("a failed look at the infrastructure is reported as the cloud's trouble, not the server's", async () => {
    const { pool, start } = await aPool(client);
    const target = createProcessTarget({ home: scratch(), env: process.env });
    const observe = target.observe.bind(target);
    let looks = 0;
    target.observe = (ids) => (looks++ === 0 ? Promise.reject(new Error("the cloud is away")) : observe(ids));
    const { events } = dispatcher(client, [pool], { shared: { openTarget: async () => target } });
    expect((await untilEnd(client, await start())).state?.type).toBe("COMPLETED");
    expect(events.filter(({ kind }) => kind === "trouble" || kind === "serverTrouble")).toEqual([
      {
        kind: "trouble",
        message: `pushpool could not read the state of the runs on work pool "${pool}"; it tries again: the cloud is away`,
      },
    ]);
  });

  test("a pending run is stopped and CANCELLED; so is a running one, after its grace period", async () => {
    const { pool, start } = await aPool(client);
    const { ledger } = dispatcher(client, [pool]);
    for (const [what, before] of [
      ["never-running", "PENDING"],
      ["wait", "RUNNING"],
    ] as const) {
      const run = await start(what);
      await until(client, run, before);
      await expect.poll(async () => (await ledger.read(run.id))?.run.infrastructureId).toBeDefined();
      await client.request("POST", `/flow_runs/${run.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
      const ended = await untilEnd(client, run);
      expect(ended.state?.type).toBe("CANCELLED");
      await expect.poll(async () => (await ledger.read(run.id))?.run.state.type).toBe("CANCELLED");
      expect((await ledger.read(run.id))?.run.outcome).toMatchObject({ kind: "cancelled" });
    }
  });

  /** A dispatcher of a pool's runs. Between the claim and the start of the first run, somebody sets that run's state; then `after` is called. */
  function interrupted(pool: string, run: () => ServerRun, state: JsonObject, after = () => {}) {
    const target = createProcessTarget({ home: scratch(), env: process.env });
    const prepare = target.prepare.bind(target);
    let isSet = false;
    target.prepare = async (submission, signal) => {
      if (!isSet) {
        isSet = true;
        await client.request("POST", `/flow_runs/${run().id}/set_state`, { json: { state } });
        after();
      }
      return prepare(submission, signal);
    };
    return dispatcher(client, [pool], { shared: { openTarget: async () => target } });
  }

  test("a run that is cancelled between its claim and its start is not counted any more", async () => {
    const { pool, start } = await aPool(client);
    const { events, source } = interrupted(pool, () => run, { type: "CANCELLED", name: "Cancelled" });
    const run = await start();
    await expect.poll(() => events.some(({ kind }) => kind === "refused")).toBe(true);
    expect(events.map(({ kind }) => kind)).toContain("claimed");
    expect((await source).inHand()).toEqual({ PENDING: 0, RUNNING: 0, CANCELLING: 0 });
  });

  test("a run that is scheduled again after its submission broke off is claimed again and runs", async () => {
    const { pool, start } = await aPool(client);
    const state_details = { scheduled_time: new Date().toISOString() };
    const breakOff = () => {
      throw new Error("it broke off");
    };
    const { ledger } = interrupted(pool, () => run, { type: "SCHEDULED", name: "Scheduled", state_details }, breakOff);
    const run = await start();
    expect((await untilEnd(client, run)).state?.type).toBe("COMPLETED");
    expect((await ledger.read(run.id))?.run.attempt).toBe(2);
  });

  test.each(["CANCELLING", "CANCELLED"] as const)(
    "a run that was deleted from the server and is %s here ends as CANCELLED",
    async (type) => {
      const { pool, start } = await aPool(client);
      const target = createProcessTarget({ home: scratch(), env: process.env });
      const { ledger, events } = dispatcher(client, [pool], { shared: { openTarget: async () => target } });
      const run = await start("wait");
      await until(client, run, "RUNNING");
      await client.request("DELETE", `/flow_runs/${run.id}`);
      const { run: begun } = (await ledger.read(run.id)) as RunRecord;
      await ledger.change(run.id, begun.version, { state: state(type, new Date()) });
      await target.stop(begun.infrastructureId as string, { reason: "a test", graceSeconds: 1 });
      await expect.poll(() => events.find(({ kind }) => kind === "ended")).toMatchObject({ state: "gone" });
      const kept = await ledger.read(run.id);
      expect([kept?.run.state.type, kept?.cleanedAt]).toEqual(["CANCELLED", expect.any(String)]);
      if (type === "CANCELLING") expect(kept?.run.outcome).toMatchObject({ kind: "cancelled", by: "us" });
    },
  );

  test("the end of an attempt does not overwrite the next one, which another process of the ledger has begun", async () => {
    const { pool, start } = await aPool(client);
    const target = createProcessTarget({ home: scratch(), env: process.env });
    const { ledger, events } = dispatcher(client, [pool], { shared: { openTarget: async () => target } });
    const run = await start("wait");
    await until(client, run, "RUNNING");
    const { run: begun, submission } = (await ledger.read(run.id)) as RunRecord;
    const next = { state: state("SCHEDULED", new Date()), infrastructureId: null, nextAttempt: { submission, attempt: 2 } };
    await ledger.change(run.id, begun.version, next);
    await target.stop(begun.infrastructureId as string, { reason: "a test", graceSeconds: 1 });
    await expect.poll(() => events.some(({ kind }) => kind === "ended")).toBe(true);
    expect((await ledger.read(run.id))?.run).toMatchObject({ attempt: 2, state: { type: "SCHEDULED" } });
  });

  test.each(["CANCELLING", "CANCELLED"])("a container that begins when its run is already %s does not bring it back", async (type) => {
    const { pool, start } = await aPool(client);
    const { ledger } = dispatcher(client, [pool], { graceSeconds: 120 });
    const run = await start("begin-late");
    const own = async () => (await readServerLogs(client, run.id)).logs.filter(({ name }) => name === "quick");
    await expect.poll(own).toHaveLength(1);
    await client.request("POST", `/flow_runs/${run.id}/set_state`, { json: { state: { type, name: "Cancel" } } });
    await expect.poll(async () => (await ledger.read(run.id))?.run.outcome).toBeDefined();
    const states = await readStates(client, run.id);
    expect(states.at(-1)).toMatchObject({ type: "CANCELLED" });
    // A server accepts RUNNING after CANCELLED, but not after CANCELLING.
    expect(states.some((state) => state.type === "RUNNING")).toBe(type === "CANCELLED");
  });

  test("a paused pool keeps its runs; once resumed they go", async () => {
    const { pool, start } = await aPool(client, { is_paused: true });
    const { ledger } = dispatcher(client, [pool], { pollMs: 500 });
    const run = await start();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await ledger.read(run.id)).toBeUndefined();
    await patchWorkPool(client, pool, { is_paused: false });
    expect((await untilEnd(client, run)).state?.type).toBe("COMPLETED");
  });

  test("a pool's limit of 1: five runs, one at a time", async () => {
    const { pool, start } = await aPool(client, { concurrency_limit: 1 });
    dispatcher(client, [pool]);
    const runs = await oneByOne(5, () => start("sleep:200"));
    const ended = await Promise.all(runs.map((run) => untilEnd(client, run)));
    expect(ended.map(({ state }) => state?.type)).toEqual(Array(5).fill("COMPLETED"));
    const spans = ended
      .map(({ start_time, end_time }) => [Date.parse(start_time ?? ""), Date.parse(end_time ?? "")] as const)
      .sort((a, b) => a[0] - b[0]);
    for (const [index, [begun]] of spans.entries())
      if (index > 0) expect(begun).toBeGreaterThanOrEqual((spans[index - 1] as [number, number])[1]);
  });

  test("a run that is rescheduled for a retry runs again, as another attempt", async () => {
    const { pool, start } = await aPool(client);
    const { ledger } = dispatcher(client, [pool]);
    const run = await start("retry");
    await expect.poll(async () => (await names(run.id)).filter((name) => name === "Running").length).toBeGreaterThan(1);
    expect((await ledger.read(run.id))?.run.attempt).toBeGreaterThan(1);
    await client.request("POST", `/flow_runs/${run.id}/set_state`, {
      json: { state: { type: "CANCELLED", name: "Cancelled" }, force: true },
    });
  });

  test("a dispatcher that ends leaves its running runs to the next one", async () => {
    const { pool, start } = await aPool(client);
    const first = dispatcher(client, [pool]);
    const run = await start("sleep:2500");
    await until(client, run, "RUNNING");
    await first.stop();
    expect(first.events.some(({ kind }) => kind === "left")).toBe(true);
    expect((await untilEnd(client, run)).state?.type).toBe("COMPLETED");
  });

  test.each([
    ["no-such-pool", undefined, /there is no work pool "no-such-pool" at/],
    [undefined, "kubernetes", /is of type "kubernetes", which pushpool cannot run/],
  ])("refuses a pool that it cannot serve: %s %s", async (name, type, message) => {
    const pool = name ?? (await aPool(client, { type: type as string })).pool;
    await expect(ServerSource.open({ client, pools: [pool] } as never)).rejects.toThrow(message);
  });
});

/** Not at once: a server on SQLite can block for a minute if several clients create runs at the same time. */
async function oneByOne<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) made.push(await make());
  return made;
}
