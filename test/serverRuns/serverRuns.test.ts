import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { openSqliteLedger } from "../../src/ledger";
import { createDeployment, type DeploymentFields, ensureFlow, readDeploymentByName } from "../../src/prefect/api/deployments";
import { filterFlowRuns, readFlowRun } from "../../src/prefect/api/flowRuns";
import { createWorkPool, ensureWorkQueue } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import { exitCodeOf } from "../../src/runs";
import type { RunEvent } from "../../src/runs/runsContext";
import { ServerRuns } from "../../src/serverRuns/serverRuns";
import { createProcessTarget } from "../../src/targets/process";
import { defaultTemplate } from "../../src/template";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { scratch } from "../scratch";
import { aPool, clientOf } from "../serve/server/dispatcher";
import { until } from "../until";

describePrefect("runs of a real Prefect server, submitted from here", () => {
  vi.setConfig({ testTimeout: 240_000 });
  let client: Client;
  let venv: string;
  beforeAll(async () => {
    const server = await sharedServer();
    ({ venv } = server);
    client = clientOf(server.apiUrl);
  }, 600_000);

  function prefectRuns() {
    const place = scratch();
    const ledger = openSqliteLedger(join(place, "ledger.db"));
    onTestFinished(() => ledger.close());
    const env = { ...process.env, PATH: `${join(venv, "bin")}:${process.env.PATH}`, PREFECT_HOME: place };
    const target = createProcessTarget({ home: place, env });
    const shared = { ledger, stack: "data/prod", openTarget: async () => target, digestKey: () => Buffer.alloc(32), env };
    const events: RunEvent[] = [];
    const told = () =>
      events.flatMap((event) => (event.kind === "state" ? [event.run.state.name] : event.kind === "log" ? [event.line.text] : []));
    return { runs: new ServerRuns({ client, shared, graceSeconds: 1 }), ledger, target, events, told };
  }

  async function aFlow(more: DeploymentFields = {}): Promise<string> {
    const pool = `pool-${randomUUID().slice(0, 8)}`;
    await createWorkPool(client, { name: pool, type: "process:push", base_job_template: defaultTemplate("process:push") });
    const flow = await ensureFlow(client, "hello");
    const properties = { name: { type: "string" }, fail: { type: "boolean" } };
    await createDeployment(
      client,
      { name: pool, flowId: flow.id, about: "", redact: [] },
      {
        work_pool_name: pool,
        entrypoint: "hello.py:hello",
        path: join(__dirname, "..", "fixtures", "prefect", "flows"),
        parameter_openapi_schema: { title: "Parameters", type: "object", properties },
        enforce_parameter_schema: true,
        ...more,
      },
    );
    return `hello/${pool}`;
  }

  test("a real flow: its states, its log, and its end", async () => {
    const deployment = await aFlow();
    const { runs, ledger, events, told } = prefectRuns();
    const { run, created } = await runs.createRun({ deployment, parameters: { name: "Ada" }, name: "first" });
    expect([created, run.name, run.deployment, run.stack]).toEqual([true, "first", deployment, "data/prod"]);
    const ended = await runs.followRun(run.id, { onEvent: (event) => events.push(event) });
    expect(exitCodeOf(ended)).toBe(0);
    const order = told().filter((text) => ["Pending", "Submitting", "Running", "Hello, Ada!", "Completed"].includes(text));
    expect(order).toEqual(["Pending", "Submitting", "Running", "Hello, Ada!", "Completed"]);
    expect((await ledger.read(run.id))?.run).toMatchObject({ state: { type: "COMPLETED" }, outcome: { kind: "exited", code: 0 } });

    const failing = await runs.createRun({ deployment, parameters: { name: "Bob", fail: true } });
    const failed = await runs.followRun(failing.run.id, { onEvent: (event) => events.push(event) });
    // Its process still exits with 0: the server's state counts.
    expect([failed.state.type, exitCodeOf(failed)]).toEqual(["FAILED", 1]);
    expect((await ledger.read(failing.run.id))?.run).toMatchObject({ state: { type: "FAILED" } });
  });

  describe("on a work pool that the request names", () => {
    test("the run has all that its deployment has, runs, and stays there when it is retried", async () => {
      const deployment = await aFlow({ tags: ["of-deployment"], parameters: { name: "Ada" } });
      const { pool } = await aPool(client);
      const { runs, ledger, told, events } = prefectRuns();
      const request = { deployment, workPool: pool, parameters: { fail: true }, tags: ["mine"] };
      expect(await runs.planRun(request)).toMatchObject({ workPool: pool, workQueue: "default", parameters: { name: "Ada", fail: true } });
      const { run, created } = await runs.createRun(request);
      expect([created, run]).toMatchObject([
        true,
        { deployment, workPool: pool, parameters: { name: "Ada", fail: true }, tags: expect.arrayContaining(["of-deployment", "mine"]) },
      ]);
      const failed = await runs.followRun(run.id, { onEvent: (event) => events.push(event) });
      expect([failed.state.type, told().includes("Hello, Ada!")]).toEqual(["FAILED", true]);
      expect((await ledger.read(run.id))?.run).toMatchObject({ deployment, workPool: pool, attempt: 1 });

      await runs.retryRun(run.id);
      await runs.followRun(run.id);
      expect((await ledger.read(run.id))?.run).toMatchObject({ workPool: pool, attempt: 2, state: { type: "FAILED" } });
      expect((await readFlowRun(client, run.id))?.work_pool_name).toBe(pool);
    });

    test("it gets the queue of the same name, else the default queue", async () => {
      const deployment = await aFlow({ work_queue_name: "high" });
      const [one, other] = [await aPool(client), await aPool(client)];
      await ensureWorkQueue(client, other.pool, "high", {});
      const { runs } = prefectRuns();
      const queues = [];
      for (const { pool } of [one, other]) {
        const { run } = await runs.createRun({ deployment, workPool: pool });
        queues.push([(await runs.planRun({ deployment, workPool: pool })).workQueue, run.workQueue, run.workPool === pool]);
      }
      expect(queues).toEqual([
        ["default", "default", true],
        ["high", "high", true],
      ]);
    });

    test("a key stands for the run on its pool", async () => {
      const deployment = await aFlow();
      const { pool } = await aPool(client);
      const { runs } = prefectRuns();
      const request = { deployment, idempotencyKey: randomUUID(), workPool: pool };
      const first = await runs.createRun(request);
      expect(await runs.createRun(request)).toMatchObject({ created: false, run: { id: first.run.id } });
      const other = (await aPool(client)).pool;
      for (const workPool of [other, deployment.slice("hello/".length)])
        await expect(runs.createRun({ ...request, workPool })).rejects.toMatchObject({
          message: expect.stringContaining(`was already used for run ${first.run.name} (${first.run.id}) on work pool "${pool}"`),
          exitCode: 2,
        });
    });

    test("bad input is refused with one message, and nothing is made", async () => {
      const deployment = await aFlow({
        job_variables: { env: { A: "b" } },
        parameters: { name: { __prefect_kind: "jinja", template: "{{ 1 }}" } },
        enforce_parameter_schema: false,
      });
      const { runs } = prefectRuns();
      const { pool } = await aPool(client);
      const paused = (await aPool(client, { is_paused: true })).pool;
      const template = structuredClone(defaultTemplate("process:push")) as { variables: { properties: JsonObject; required?: string[] } };
      template.variables.properties.level = { type: "string" };
      template.variables.required = ["level"];
      const strict = (await aPool(client, { base_job_template: template as unknown as JsonObject })).pool;
      const cases: [request: Omit<Parameters<ServerRuns["createRun"]>[0], "deployment">, message: RegExp][] = [
        [{ workPool: `${pool}x` }, new RegExp(`--pool "${pool}x": there is no work pool of that name in http.*did you mean "${pool}"`)],
        [{ workPool: paused }, /the work pool is paused/],
        [{ workPool: pool, jobVariables: { comand: "x" } }, /"comand" is not a variable of the work pool/],
        [{ workPool: strict }, /job variable "level" is missing/],
        [{ workPool: pool }, /the Prefect server fills in parameter "name" .* only on the deployment's own work pool/],
      ];
      for (const [request, message] of cases)
        await expect(runs.createRun({ deployment, ...request })).rejects.toMatchObject({
          message: expect.stringMatching(message),
          exitCode: 2,
        });
      const { id } = (await readDeploymentByName(client, deployment)) as { id: string };
      expect(await filterFlowRuns(client, { deployments: { id: { any_: [id] } } })).toEqual([]);
    });
  });

  test("the same idempotency key gives the same run", async () => {
    const deployment = await aFlow();
    const { runs } = prefectRuns();
    const idempotencyKey = randomUUID();
    const first = await runs.createRun({ deployment, idempotencyKey });
    const second = await runs.createRun({ deployment, idempotencyKey });
    expect([first.created, second.created, second.run.id]).toEqual([true, false, first.run.id]);
  });

  test("bad input is refused before anything is sent", async () => {
    const deployment = await aFlow();
    const { runs } = prefectRuns();
    const refused = (request: Parameters<ServerRuns["createRun"]>[0]) => expect(runs.createRun(request)).rejects;
    await refused({ deployment: deployment.replace("hello", "helo") }).toMatchObject({
      message: expect.stringContaining(`did you mean "${deployment}"`),
      exitCode: 2,
    });
    await refused({ deployment, parameters: { name: 5 } }).toMatchObject({
      message: expect.stringContaining("parameters.name"),
      exitCode: 2,
    });
    await refused({ deployment, jobVariables: { comand: "x" } }).toMatchObject({
      message: expect.stringContaining('"command"'),
      exitCode: 2,
    });
  });

  test("a paused pool keeps a run, with one message; Ctrl-C leaves it, and a cancellation ends it", async () => {
    const { deploymentId, pool } = await aPool(client, { is_paused: true });
    const { name } = (await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`)).body;
    const { runs, events } = prefectRuns();
    const { run } = await runs.createRun({ deployment: `flow-${pool}/${name}` });
    const left = await runs.followRun(run.id, { onEvent: (event) => events.push(event), timeoutMs: 3_000 });
    expect([left.state.type, exitCodeOf(left)]).toEqual(["SCHEDULED", 4]);
    expect(events.filter(({ kind }) => kind === "waiting")).toEqual([expect.objectContaining({ reason: `work pool "${pool}" is paused` })]);
    const cancelled = await runs.cancelRun(run.id);
    expect([cancelled.state.type, exitCodeOf(cancelled)]).toEqual(["CANCELLED", 3]);
    await expect(runs.cancelRun(run.id)).rejects.toThrow(/has already ended: it is CANCELLED/);
  });

  test("a run that was left continues; it can be followed again and cancelled from here", async () => {
    const { deploymentId, pool } = await aPool(client);
    const { name } = (await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`)).body;
    const { runs } = prefectRuns();
    const { run } = await runs.createRun({ deployment: `flow-${pool}/${name}`, jobVariables: { env: { DO: "wait" } } });
    const left = await runs.submitRun(run.id);
    expect(["PENDING", "RUNNING"]).toContain(left.state.type);
    expect((await runs.cancelRun(run.id)).state.type).toBe("CANCELLED");
  });

  test("a look at the infrastructure that fails is repeated, and the user hears of it once", async () => {
    const { deploymentId, pool } = await aPool(client);
    const { name } = (await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`)).body;
    const { runs, target, events } = prefectRuns();
    const observe = target.observe.bind(target);
    let looks = 0;
    target.observe = (ids) => (looks++ < 2 ? Promise.reject(new Error("the cloud is away")) : observe(ids));
    const { run } = await runs.createRun({ deployment: `flow-${pool}/${name}`, jobVariables: { env: { DO: "complete" } } });
    expect((await runs.followRun(run.id, { onEvent: (event) => events.push(event) })).state.type).toBe("COMPLETED");
    expect(looks).toBeGreaterThan(2);
    expect(events.flatMap((event) => (event.kind === "warning" ? [event.message] : []))).toEqual([
      `pushpool could not read the state of the runs on work pool "${pool}"; it tries again: the cloud is away`,
    ]);
  });

  test("a run that is due at once is submitted at once, however imprecise the estimate of the server's clock is", async () => {
    const { pool, deploymentId } = await aPool(client);
    const { body } = await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`);
    const { runs } = prefectRuns();
    for (let n = 0; n < 4; n++) {
      // From now on only the whole seconds of replies and the times that the server writes show its clock.
      client.clock.answered(new Date(Date.now() - 60_000).toUTCString(), Date.now());
      const { run } = await runs.createRun({ deployment: `flow-${pool}/${body.name}`, jobVariables: { env: { DO: "complete" } } });
      expect((await runs.submitRun(run.id)).state.type).not.toBe("SCHEDULED");
    }
  });

  test("a run that failed while nobody looked can be retried, as another attempt", async () => {
    const { pool, deploymentId } = await aPool(client);
    const { body } = await client.request<{ name: string }>("GET", `/deployments/${deploymentId}`);
    const { runs, ledger } = prefectRuns();
    const { run } = await runs.createRun({ deployment: `flow-${pool}/${body.name}`, jobVariables: { env: { DO: "fail" } } });
    await runs.submitRun(run.id);
    await until(async () => (await runs.readRun(run.id)).state.type === "FAILED");
    expect((await ledger.read(run.id))?.run.outcome).toBeUndefined();
    await runs.retryRun(run.id);
    expect((await runs.followRun(run.id)).state.type).toBe("FAILED");
    expect((await ledger.read(run.id))?.run).toMatchObject({ attempt: 2, state: { type: "FAILED" }, outcome: { kind: "exited" } });
  });
});
