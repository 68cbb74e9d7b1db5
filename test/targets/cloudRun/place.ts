import { onTestFinished } from "vitest";
import type { JsonObject, Value, ValueObject } from "../../../src/json";
import { openSqliteLedger } from "../../../src/ledger";
import { Secret } from "../../../src/secret";
import { createCloudRunTarget } from "../../../src/targets/cloudRun";
import type { PoolAccess, RunToPlan, Target } from "../../../src/targets/target";
import type { FakeGoogleCloud } from "../../../src/testing";
import { scratch } from "../../scratch";

/** Windows short enough for tests. */
export const QUICK = { PUSHPOOL_CLOUD_RUN_SETTLE_SECONDS: "0.4", PUSHPOOL_CLOUD_RUN_LOG_DRAIN_SECONDS: "0.2" };

const quoted = (text: string) => `'${text.replaceAll("'", `'"'"'`)}'`;

/** A job configuration as Prefect's template renders it, that runs a POSIX shell script. */
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
    command: `sh -c ${quoted(script)}`,
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

/** A pool of the fake's project, submitted to with a key. */
export function poolOf(google: FakeGoogleCloud, key: JsonObject, over: Partial<PoolAccess> = {}): PoolAccess {
  return {
    name: "etl",
    endpoints: google.endpoints,
    baseJobTemplate: { job_configuration: { region: "europe-west1" }, variables: {} },
    credentials: {
      block: "gcp-credentials/etl",
      data: { service_account_info: new Secret([{ pointer: "/blocks/gcp-credentials~1etl/data/service_account_info" }], key) },
    },
    ...over,
  };
}

/** Targets over one ledger: each is what another process would have. */
export function openerOf(
  pool: PoolAccess,
  env: NodeJS.ProcessEnv = QUICK,
): { open: () => Promise<Target>; ledgerPath: string; told: string[] } {
  const ledgerPath = `${scratch()}/ledger.db`;
  const told: string[] = [];
  return {
    ledgerPath,
    told,
    open: () => {
      const ledger = openSqliteLedger(ledgerPath);
      onTestFinished(() => ledger.close());
      return createCloudRunTarget({ env, notes: ledger, pool: async () => pool, warn: (message) => told.push(message) });
    },
  };
}

export const never = new AbortController().signal;

export function runOf(id: string, over: Partial<RunToPlan> = {}): RunToPlan {
  return { id, attempt: 1, pool: "etl", timeoutSeconds: null, ...over };
}
