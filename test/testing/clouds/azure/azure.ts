import { request } from "node:https";
import { ContainerInstanceManagementClient } from "@azure/arm-containerinstance";
import { ClientSecretCredential } from "@azure/identity";
import { onTestFinished } from "vitest";
import type { Json, JsonObject } from "../../../../src/json";
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

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** `null` if there is none. */
  body: JsonObject | null;
}

/** One call as it is, with a token of the owner's unless another one is given. */
export function ask(fake: FakeAzure, method: string, path: string, body?: Json | string, token = fake.ownerToken()): Promise<Reply> {
  const text = typeof body === "string" ? body : body === undefined || body === null ? "" : JSON.stringify(body);
  const type = typeof body === "string" ? "application/x-www-form-urlencoded" : "application/json";
  const headers = {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${fake.url}${path}`, { method, ca: fake.ca, headers, agent: false }, (reply) => {
      let got = "";
      reply.setEncoding("utf8").on("data", (chunk: string) => {
        got += chunk;
      });
      reply.on("end", () =>
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers as Record<string, string>,
          body: got === "" ? null : (JSON.parse(got) as JsonObject),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(text);
  });
}

const VERSION = "api-version=2023-05-01";

/** Calls of one container group, as the owner unless a token is given. */
export function groupCalls(fake: FakeAzure, name: string, token?: string) {
  const path = `${fake.scope}/providers/Microsoft.ContainerInstance/containerGroups/${name}`;
  return {
    path,
    put: (body: Json) => ask(fake, "PUT", `${path}?${VERSION}`, body, token),
    get: () => ask(fake, "GET", `${path}?${VERSION}`, undefined, token),
    remove: () => ask(fake, "DELETE", `${path}?${VERSION}`, undefined, token),
    post: (verb: string) => ask(fake, "POST", `${path}/${verb}?${VERSION}`, undefined, token),
    logs: (query = "", container = "flow") => ask(fake, "GET", `${path}/containers/${container}/logs?${VERSION}${query}`, undefined, token),
  };
}
