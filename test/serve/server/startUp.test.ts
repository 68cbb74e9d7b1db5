import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { createDeployment, ensureFlow } from "../../../src/prefect/api/deployments";
import { readServerLogs } from "../../../src/prefect/api/flowRunLogs";
import { readStates } from "../../../src/prefect/api/flowRuns";
import type { Client } from "../../../src/prefect/client";
import { describePrefect } from "../../prefect/python";
import { sharedServer } from "../../prefect/server";
import { aPool, clientOf, dispatcher, startRun, until, untilEnd } from "./dispatcher";

describePrefect("a real flow that prefect.engine starts at once", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let client: Client;
  let PATH: string;
  beforeAll(async () => {
    const { apiUrl, venv } = await sharedServer();
    client = clientOf(apiUrl);
    PATH = `${join(venv, "bin")}:${process.env.PATH}`;
  }, 600_000);

  async function aFlow(pool: string): Promise<string> {
    const flow = await ensureFlow(client, "hello");
    const named = { name: randomUUID(), flowId: flow.id, about: "", redact: [] };
    const flows = join(__dirname, "..", "..", "fixtures", "prefect", "flows");
    // The step changes to the code's folder, like one that pulls the code.
    const pull_steps = [{ "prefect.deployments.steps.set_working_directory": { directory: flows } }];
    return (await createDeployment(client, named, { work_pool_name: pool, entrypoint: "hello.py:hello", pull_steps })).id;
  }

  test("runs its pull steps, reports its states and its log; once cancelled, it is stopped at once", async () => {
    const { pool } = await aPool(client);
    dispatcher(client, [pool], { startUp: "engine", graceSeconds: 60 });
    const deployment = await aFlow(pool);
    const run = await startRun(client, deployment, "", { job_variables: { env: { PATH } }, parameters: { name: "Ada" } });
    expect((await untilEnd(client, run)).state).toMatchObject({ type: "COMPLETED" });
    expect((await readStates(client, run.id)).filter(({ type }) => type === "RUNNING")).toHaveLength(1);
    await expect.poll(async () => (await readServerLogs(client, run.id)).logs.map(({ message }) => message)).toContain("Hello, Ada!");

    const long = await startRun(client, deployment, "", { job_variables: { env: { PATH } }, parameters: { seconds: 600 } });
    await until(client, long, "RUNNING");
    await client.request("POST", `/flow_runs/${long.id}/set_state`, { json: { state: { type: "CANCELLING", name: "Cancelling" } } });
    // The engine itself first reports CRASHED.
    expect((await until(client, long, "CANCELLED")).state?.message).toMatch(/it was cancelled|has stopped/);
  });
});
