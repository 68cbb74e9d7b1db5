import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import type { JsonObject, Value, ValueObject } from "../../../src/json";
import { Secret } from "../../../src/secret";
import { createCloudRunTarget } from "../../../src/targets/cloudRun";
import type { InfrastructureId, LogLine, Observation, PoolAccess, Target } from "../../../src/targets/target";
import { type FakeGoogleCloud, type FakeGoogleCloudOptions, startFakeGoogleCloud } from "../../../src/testing";
import { until } from "../../until";
import { never, openerOver, runOf, shell } from "../cloud/place";

export { never, runOf } from "../cloud/place";

/** Windows short enough for tests. */
export const QUICK = { PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS: "0.4", PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "0.2" };

/** A job configuration as Prefect's template renders it, with a POSIX shell script as its command. */
export function jobOf(
  google: Pick<FakeGoogleCloud, "runtimeAccount">,
  script: string,
  {
    env = {},
    task = {},
    container = {},
    ...over
  }: { env?: Record<string, Value>; task?: ValueObject; container?: ValueObject } & ValueObject = {},
): ValueObject {
  return {
    command: shell(script),
    env,
    labels: { "prefect.io/flow-name": "hello", "prefect.io/deployment-name": "prod" },
    name: "n",
    region: "europe-west1",
    keep_job: false,
    job_body: {
      client: "prefect",
      launchStage: "BETA",
      template: {
        template: {
          containers: [{ env: [], image: "acme/etl:1", resources: { limits: { cpu: "1000m", memory: "512Mi" } }, ...container }],
          maxRetries: 0,
          serviceAccount: google.runtimeAccount,
          timeout: 600,
          vpcAccess: { connector: null },
          ...task,
        },
      },
    },
    timeout: 600,
    ...over,
  };
}

/** A pool of the fake's project, with a key to submit. */
export function poolOf(google: FakeGoogleCloud, key: JsonObject, over: Partial<PoolAccess> = {}): PoolAccess {
  return {
    name: "etl",
    source: { project: "data", stack: "dev" },
    endpoints: google.endpoints,
    baseJobTemplate: { job_configuration: { region: "europe-west1" }, variables: {} },
    credentials: {
      block: "gcp-credentials/etl",
      data: { service_account_info: new Secret([{ pointer: "/blocks/gcp-credentials~1etl/data/service_account_info" }], key) },
    },
    ...over,
  };
}

/** See {@link openerOver}. */
export const openerOf = (pool: PoolAccess, env: NodeJS.ProcessEnv = QUICK) => openerOver(createCloudRunTarget, pool, env);

/** A fake, a pool on it with a key, and a function that opens targets for it. */
export async function place({
  roles,
  pool: over,
  env = QUICK,
  ...options
}: FakeGoogleCloudOptions & { roles?: readonly string[]; pool?: Partial<PoolAccess>; env?: NodeJS.ProcessEnv } = {}) {
  const google = await startFakeGoogleCloud({ grace: 1_000, ...options });
  onTestFinished(() => google.stop());
  const key = google.serviceAccountKey("submitter", roles) as JsonObject;
  const pool = poolOf(google, key, over);
  return { google, key, pool, ...openerOf(pool, env) };
}

/** How often a method was called. */
export const ran = (google: FakeGoogleCloud, method: string) => google.calls.filter((call) => call.method === method).length;
/** How many executions exist. */
export const executions = (google: FakeGoogleCloud) => google.world.executions.size;

/** Prepare and submit a run. */
export async function submit(target: Target, job: Parameters<Target["plan"]>[0], run = runOf(randomUUID())): Promise<InfrastructureId> {
  return target.submit(await target.prepare(target.plan(job, run), never), never);
}

/** Wait for the end of a run. */
export async function ended(target: Target, id: InfrastructureId) {
  return until(async () => {
    const seen = (await target.observe([id])).get(id) as Observation;
    return seen.phase === "ended" && seen;
  });
}

/** The whole log of a run. */
export async function allLines(target: Target, id: InfrastructureId): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  let cursor: string | undefined;
  await until(async () => {
    const page = await target.logs(id, cursor);
    lines.push(...page.lines);
    cursor = page.cursor;
    return page.complete;
  });
  return lines;
}
