import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tls from "node:tls";
import type { JsonObject, Value, ValueObject } from "../../../src/json";
import { readJson } from "../../../src/jsonText";
import { Secret } from "../../../src/secret";
import { createContainerInstancesTarget } from "../../../src/targets/containerInstances";
import type { PoolAccess } from "../../../src/targets/target";
import type { FakeAzure } from "../../../src/testing";
import { openerOver, shell } from "../cloud/place";

export const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";
/** Windows short enough for tests. */
export const QUICK = { PUSHPOOL_ACI_SETTLE_SECONDS: "0.4", PUSHPOOL_ACI_LOG_DRAIN_SECONDS: "0.3" };

/** Prefect's template. */
export function aciTemplate(
  name: "azure-container-instance" | "azure-container-instance.from-code" = "azure-container-instance.from-code",
): JsonObject {
  return readJson(readFileSync(join(__dirname, "..", "..", "fixtures", "base-job-templates", `${name}.json`), "utf8")) as JsonObject;
}

/** A job configuration as Prefect's template renders it, that runs a POSIX shell script. */
export function jobOf(script: string, { env = {}, ...over }: { env?: Record<string, Value> } & ValueObject = {}): ValueObject {
  const { job_configuration: job } = aciTemplate("azure-container-instance") as { job_configuration: ValueObject };
  const given: ValueObject = {
    ...Object.fromEntries(Object.keys(job).map((key) => [key, null])),
    command: shell(script),
    env,
    labels: { "prefect.io/flow-name": "hello", "prefect.io/deployment-name": "prod" },
    name: "n",
    image: "acme/etl:1",
    resource_group_name: "flows",
    subscription_id: SUBSCRIPTION,
    cpu: 1,
    memory: 1,
    arm_template: job.arm_template as Value,
    ...over,
  };
  const filled = JSON.parse(
    JSON.stringify(given.arm_template)
      .replaceAll('"{{ cpu }}"', String(given.cpu))
      .replaceAll('"{{ memory }}"', String(given.memory))
      .replaceAll('"{{ image }}"', JSON.stringify(given.image)),
  );
  return { ...given, arm_template: filled };
}

/** Let this process trust the fake's certificate, as NODE_EXTRA_CA_CERTS does for another. */
export function trust({ ca }: FakeAzure): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), ca]);
}

/** A pool of the fake's subscription, submitted to as an application. */
export function poolOf(azure: FakeAzure, client: ReturnType<FakeAzure["client"]>, over: Partial<PoolAccess> = {}): PoolAccess {
  const { tenant_id, client_id, client_secret } = client;
  const secret = new Secret([{ pointer: "/blocks/azure-container-instance-credentials~1etl/data/client_secret" }], client_secret);
  return {
    name: "etl",
    source: { project: "data", stack: "dev" },
    endpoints: azure.endpoints,
    baseJobTemplate: {
      job_configuration: {},
      variables: {
        properties: { subscription_id: { default: azure.subscription }, resource_group_name: { default: azure.resourceGroup } },
      },
    },
    credentials: { block: "azure-container-instance-credentials/etl", data: { tenant_id, client_id, client_secret: secret } },
    ...over,
  };
}

/** Targets over one ledger: each is what another process would have. */
export function openerOf(pool: PoolAccess, env: NodeJS.ProcessEnv = QUICK): ReturnType<typeof openerOver> {
  return openerOver(createContainerInstancesTarget, pool, env);
}
