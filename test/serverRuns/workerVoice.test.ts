import { beforeAll, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { readDeployment } from "../../src/prefect/api/deployments";
import { readServerLogs } from "../../src/prefect/api/flowRunLogs";
import type { WorkPool } from "../../src/prefect/api/workPools";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { WorkerVoice } from "../../src/serverRuns/workerVoice";
import { fakeApi } from "../prefect/fakeApi";
import { describePrefect } from "../prefect/python";
import { ownServer } from "../prefect/server";
import { aPool, clientOf, dispatcher, startRun, untilEnd } from "../serve/server/dispatcher";
import { until } from "../until";

interface ServerEvent {
  id: string;
  event: string;
  follows: string | null;
  resource: Record<string, string>;
  related: Record<string, string>[];
}

// On its own server: a busy one delays the services that run automations.
describePrefect("what a dispatcher reports to the server about the runs that it submits", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let client: Client;
  beforeAll(async () => {
    const server = await ownServer({ oneConnection: true });
    client = clientOf(server.apiUrl);
    return () => server.stop();
  }, 600_000);

  const events = async (pool: string): Promise<ServerEvent[]> => {
    const filter = { event: { prefix: ["prefect.worker."] }, order: "ASC" };
    const { body } = await client.request<{ events: ServerEvent[] }>("POST", "/events/filter", {
      json: { filter, limit: 50 } as JsonObject,
    });
    return body.events.filter(({ related }) => related.some((one) => one["prefect.resource.name"] === pool));
  };

  test("an automation on a run's submission fires; start and end of the dispatcher and of the run are reported as a worker does", async () => {
    const { pool, deploymentId } = await aPool(client);
    const related = { "prefect.resource.name": pool, "prefect.resource.role": "work-pool" };
    const expected = { expect: ["prefect.worker.submitted-flow-run"], match_related: related };
    const trigger = { type: "event", posture: "Reactive", threshold: 1, within: 0, ...expected };
    const actions = [{ type: "pause-deployment", source: "selected", deployment_id: deploymentId }];
    await client.request("POST", "/automations/", { json: { name: pool, enabled: true, trigger, actions } });
    const { stop, events: told } = dispatcher(client, [pool]);
    const run = await untilEnd(client, await startRun(client, deploymentId, "complete", { tags: ["blue"] }));
    await expect.poll(async () => (await readDeployment(client, deploymentId))?.paused).toBe(true);
    await expect.poll(() => told.some(({ kind }) => kind === "ended")).toBe(true);
    await stop();

    await expect.poll(async () => (await events(pool)).map(({ event }) => event)).toHaveLength(4);
    const [started, submitted, executed, stopped] = await events(pool);
    expect([started, submitted, executed, stopped].map((one) => one?.event)).toEqual([
      "prefect.worker.started",
      "prefect.worker.submitted-flow-run",
      "prefect.worker.executed-flow-run",
      "prefect.worker.stopped",
    ]);
    expect(submitted?.resource).toMatchObject({
      "prefect.resource.id": `prefect.worker.process.dispatcher-${pool}`,
      "prefect.resource.name": `dispatcher-${pool}`,
      "prefect.worker-type": "process",
    });
    expect(submitted?.related).toEqual([
      expect.objectContaining({ "prefect.resource.id": `prefect.deployment.${deploymentId}`, "prefect.resource.role": "deployment" }),
      expect.objectContaining({ "prefect.resource.id": `prefect.flow.${run.flow_id}`, "prefect.resource.name": `flow-${pool}` }),
      expect.objectContaining({ "prefect.resource.id": `prefect.flow-run.${run.id}`, "prefect.resource.name": run.name }),
      { "prefect.resource.id": "prefect.tag.blue", "prefect.resource.role": "tag" },
      expect.objectContaining({ "prefect.resource.name": pool, "prefect.resource.role": "work-pool" }),
    ]);
    expect(executed?.related.find((one) => one["prefect.resource.role"] === "flow-run")).toMatchObject({
      "prefect.infrastructure.identifier": run.infrastructure_pid,
      "prefect.infrastructure.status-code": "0",
    });
    expect([executed?.follows, stopped?.follows]).toEqual([submitted?.id, started?.id]);
  });

  test("its lines about a submission are in the run's log, and why one was not submitted", async () => {
    const { pool, deploymentId, start } = await aPool(client);
    dispatcher(client, [pool]);
    const lines = async (id: string) => (await readServerLogs(client, id)).logs.filter(({ name }) => name === "prefect.flow_runs.worker");
    const run = await untilEnd(client, await start());
    await expect
      .poll(async () => (await lines(run.id)).map(({ message, level }) => [message, level]))
      .toEqual([
        [`Worker 'dispatcher-${pool}' submitting flow run '${run.id}'`, 20],
        [`Flow run '${run.name}' submitted to infrastructure`, 20],
      ]);
    const bad = await untilEnd(client, await startRun(client, deploymentId, "", { job_variables: { working_dir: "/no/such/folder" } }));
    await expect
      .poll(async () => (await lines(bad.id)).map(({ message, level }) => [message, level]))
      .toEqual([[expect.stringMatching(/^Failed to submit flow run .*there is no folder/), 40]]);
  });
});

test("what cannot be sent before the signal fires is dropped: nothing is sent any more, and no request is left", async () => {
  const { apiUrl, seen } = await fakeApi([{ status: 503 }]);
  const client = createClient(connectionOf(apiUrl, undefined, "test"), { patientAtFirst: true });
  const troubles: string[] = [];
  const voice = new WorkerVoice(client, "test", (message) => troubles.push(message));
  const started = voice.started({ name: "etl", type: "process:push" } as WorkPool);
  await until(() => seen.length > 0);
  await voice.settled(AbortSignal.timeout(50));
  expect(troubles).toEqual(["lines and events about runs could not be sent: the server did not answer in time"]);
  const before = seen.length;
  started();
  await voice.settled();
  await new Promise((done) => setTimeout(done, 1_000));
  expect(seen.length).toBe(before);
});

test("events keep their order when the server's clock turns out to be behind the estimate", async () => {
  const { apiUrl, seen } = await fakeApi([{ status: 200 }]);
  const client = createClient(connectionOf(apiUrl, undefined, "test"));
  const voice = new WorkerVoice(client, "test", () => {});
  const now = vi.spyOn(client.clock, "now").mockReturnValue(Date.parse("2026-01-01T00:00:05.000Z"));
  const stopped = voice.started({ name: "etl", type: "process:push" } as WorkPool);
  now.mockReturnValue(Date.parse("2026-01-01T00:00:02.000Z"));
  stopped();
  await voice.settled();
  const times = seen.flatMap(({ body }) => (body as unknown as { occurred: string }[]).map(({ occurred }) => occurred));
  expect(times).toEqual(["2026-01-01T00:00:05.000Z", "2026-01-01T00:00:05.001Z"]);
});
