import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../../src/json";
import { openSqliteLedger } from "../../../src/ledger";
import { createDeployment, ensureFlow } from "../../../src/prefect/api/deployments";
import { createFlowRun, readFlowRun, type ServerRun } from "../../../src/prefect/api/flowRuns";
import { createWorkPool, type WorkPoolChange } from "../../../src/prefect/api/workPools";
import { connectionOf } from "../../../src/prefect/apiConnection";
import { type Client, createClient } from "../../../src/prefect/client";
import { Dispatcher } from "../../../src/serve/dispatcher";
import type { ServeEvent } from "../../../src/serve/serveEvents";
import { ServerSource, type ServerSourceParts } from "../../../src/serve/server/serverSource";
import { createProcessTarget } from "../../../src/targets/process";
import { defaultTemplate } from "../../../src/template";
import { scratch } from "../../scratch";

export const QUICK = join(__dirname, "..", "..", "fixtures", "prefect", "flows", "quick.mjs");

export function clientOf(apiUrl: string): Client {
  return createClient(connectionOf(apiUrl, undefined, "test"), {
    patienceMs: 180_000,
    patientAtFirst: true,
  });
}

export interface Running {
  events: ServeEvent[];
  /** Stop it, and wait until it has stopped. */
  stop(): Promise<void>;
  ledger: ReturnType<typeof openSqliteLedger>;
  source: Promise<ServerSource>;
}

/** A dispatcher in this process for a server's runs. It has its own ledger unless a place is given. */
export function dispatcher(
  client: Client,
  pools: string[],
  {
    place = scratch(),
    shared = {},
    ...over
  }: Partial<Omit<ServerSourceParts, "shared">> & { place?: string; shared?: Partial<ServerSourceParts["shared"]> } = {},
): Running {
  const ledger = openSqliteLedger(join(place, "ledger.db"));
  const end = new AbortController();
  const events: ServeEvent[] = [];
  const target = createProcessTarget({ home: place, env: process.env });
  const dispatching = new Dispatcher(end.signal, (event) => events.push(event));
  const source = ServerSource.open({
    client,
    pools,
    dispatcher: dispatching,
    name: { id: randomUUID(), name: `dispatcher-${pools[0]}` },
    shared: { ledger, stack: "test/dev", openTarget: async () => target, digestKey: () => Buffer.alloc(32), env: process.env, ...shared },
    graceSeconds: 1,
    ...over,
  });
  const over_ = source.then((opened) => dispatching.run(opened));
  over_.catch(() => {});
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    end.abort();
    await over_;
    ledger.close();
  };
  onTestFinished(stop);
  return { events, stop, ledger, source };
}

/** A pool with a deployment whose runs do what `DO` says. */
export async function aPool(
  client: Client,
  change: WorkPoolChange & { type?: string } = {},
): Promise<{
  pool: string;
  deploymentId: string;
  start(what?: string, more?: JsonObject): Promise<ServerRun>;
}> {
  const pool = `pool-${randomUUID().slice(0, 8)}`;
  const { type = "process:push", ...rest } = change;
  await createWorkPool(client, { name: pool, type, base_job_template: defaultTemplate("process:push"), ...rest });
  const deploymentId = await aDeployment(client, pool);
  const start = (what = "complete", more: JsonObject = {}) => startRun(client, deploymentId, what, more);
  return { pool, deploymentId, start };
}

export async function aDeployment(client: Client, pool: string, more: object = {}): Promise<string> {
  const flow = await ensureFlow(client, `flow-${pool}`);
  const { id } = await createDeployment(
    client,
    { name: `d-${randomUUID().slice(0, 6)}`, flowId: flow.id, about: "", redact: [] },
    { work_pool_name: pool, job_variables: { command: `${process.execPath} ${QUICK}` }, ...more },
  );
  return id;
}

export async function startRun(client: Client, deploymentId: string, what = "complete", more: JsonObject = {}): Promise<ServerRun> {
  const request = { idempotency_key: randomUUID(), job_variables: { env: { DO: what } }, ...more };
  return (await createFlowRun(client, deploymentId, request, "")).run;
}

/** Wait until the run is in one of these states. */
export async function until(client: Client, run: ServerRun, ...types: string[]): Promise<ServerRun> {
  for (;;) {
    const now = await readFlowRun(client, run.id);
    if (now?.state && types.includes(now.state.type)) return now;
    await sleep(50);
  }
}

export const untilEnd = (client: Client, run: ServerRun) => until(client, run, "COMPLETED", "FAILED", "CRASHED", "CANCELLED");
