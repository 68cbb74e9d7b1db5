import { ContainerInstanceManagementClient } from "@azure/arm-containerinstance";
import { ClientSecretCredential } from "@azure/identity";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../../../src/json";
import { type FakeAzure, type FakeAzureOptions, startFakeAzure } from "../../../../src/testing";

/** A fake Azure for one test. */
export async function azure(options: FakeAzureOptions = {}): Promise<FakeAzure> {
  const fake = await startFakeAzure({ grace: 500, ...options });
  onTestFinished(() => fake.stop());
  return fake;
}

/** The SDK's client, logged in with a secret. */
export function clientOf(fake: FakeAzure, { tenant_id, client_id, client_secret } = fake.client("submitter")) {
  const tlsOptions = { ca: fake.ca };
  const credential = new ClientSecretCredential(tenant_id, client_id, client_secret, {
    authorityHost: fake.endpoints.login,
    disableInstanceDiscovery: true,
    tlsOptions,
    retryOptions: { maxRetries: 0 },
  });
  return new ContainerInstanceManagementClient(credential, fake.subscription, {
    endpoint: fake.endpoints.management,
    credentialScopes: "https://management.azure.com/.default",
    tlsOptions,
    retryOptions: { maxRetries: 0 },
  });
}

/** A container group of one container with this script. */
export function groupOf(script: string, more: JsonObject = {}): JsonObject {
  return {
    location: "westeurope",
    properties: {
      osType: "Linux",
      restartPolicy: "Never",
      containers: [
        {
          name: "flow",
          properties: { image: "python", command: ["sh", "-c", script], resources: { requests: { cpu: 1, memoryInGB: 1 } } },
        },
      ],
      ...more,
    },
  };
}
