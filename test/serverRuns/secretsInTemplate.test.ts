import { expect, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { secretFromParts } from "../../src/manifest";
import type { ServerRun } from "../../src/prefect/api/flowRuns";
import type { Client } from "../../src/prefect/client";
import { openContext } from "../../src/runs/openContext";
import { withoutSecrets, withSecrets } from "../../src/runs/storedSecrets";
import { readJob } from "../../src/serverRuns/job";
import { planServerJob } from "../../src/serverRuns/record";
import { createContainerInstancesTarget } from "../../src/targets/containerInstances";
import { memoryNotes } from "../targets/cloud/memoryNotes";
import { aciTemplate, SUBSCRIPTION } from "../targets/containerInstances/place";

const CANARY = "canary-in-the-template";

/** A template that a user wrote on the server, with a secret in clear: Azure takes it as a secret, and shows it to nobody. */
function templateWith(secret: string): JsonObject {
  const template = aciTemplate("azure-container-instance") as {
    job_configuration: { arm_template: { resources: { properties: JsonObject }[] } };
  };
  const { properties } = template.job_configuration.arm_template.resources[0] as { properties: JsonObject };
  properties.volumes = [{ name: "share", azureFile: { shareName: "s", storageAccountName: "a", storageAccountKey: secret } }];
  return template as unknown as JsonObject;
}

function serverWith(template: () => JsonObject): { client: Client; run: ServerRun } {
  const replies: Record<string, () => unknown> = {
    "/deployments/d": () => ({ id: "d", name: "prod", flow_id: "f", job_variables: {}, parameters: {}, tags: [], work_pool_name: "etl" }),
    "/flows/f": () => ({ id: "f", name: "hello" }),
    "/work_pools/etl": () => ({ id: "p", name: "etl", type: "azure-container-instance:push", base_job_template: template() }),
  };
  const client = {
    connection: { apiUrl: "http://server/api" },
    request: async (_: string, path: string) => ({ status: 200, body: replies[path]?.() }),
  } as unknown as Client;
  const job_variables = { image: "acme/etl:1", resource_group_name: "flows", subscription_id: SUBSCRIPTION };
  const run = { id: "0190aaaa-0000-7000-8000-000000000001", name: "n", deployment_id: "d", flow_id: "f", work_pool_name: "etl" };
  return { client, run: { ...run, job_variables, parameters: {}, tags: [] } as unknown as ServerRun };
}

async function planned(client: Client, run: ServerRun) {
  const job = await readJob(client, run, "prefect/server");
  const { manifest } = job.loaded;
  const context = openContext({
    ledger: memoryNotes() as never,
    readManifest: async () => job.loaded,
    openTarget: async (_, access) => createContainerInstancesTarget({ ...access, env: {} }),
    digestKey: () => Buffer.alloc(32, 1),
    env: {},
  });
  const dispatcher = { id: "i", name: "worker" };
  const { submission } = await planServerJob(context, job, { attempt: 1, dispatcher, startUp: "execute" });
  return { manifest, submission, stored: (await withoutSecrets(submission as never, context.digestKey)) as JsonObject };
}

test("a plain secret in a server's template is stored as its place and digest, and read again from the server", async () => {
  let secret = CANARY;
  const { client, run } = serverWith(() => templateWith(secret));
  const { submission, stored } = await planned(client, run);
  expect(JSON.stringify(stored)).not.toContain(CANARY);
  expect(JSON.stringify(submission)).not.toContain(CANARY);
  expect(submission.warnings.filter((warning) => /plain text/.test(warning))).toEqual([]);

  const again = await planned(client, run);
  expect(again.stored).toEqual(stored);
  const read = async () =>
    (await withSecrets(
      stored,
      (parts) => secretFromParts(again.manifest, parts),
      () => Buffer.alloc(32, 1),
    )) as never;
  const { request } = (await read()) as {
    request: { group: { properties: { volumes: { azureFile: { storageAccountKey: { reveal(): string } } }[] } } };
  };
  expect(request.group.properties.volumes[0]?.azureFile.storageAccountKey.reveal()).toBe(CANARY);

  secret = "another";
  const changed = await planned(client, run);
  await expect(
    withSecrets(
      stored,
      (parts) => secretFromParts(changed.manifest, parts),
      () => Buffer.alloc(32, 1),
    ),
  ).rejects.toThrow(/secret at \/pools\/etl\/baseJobTemplate\/.*storageAccountKey of the manifest has changed/);
});
