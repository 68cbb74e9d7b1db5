import { Agent, request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import type { JsonObject } from "../../../json";
import type { FakeAzure } from "../../clouds/azure";
import { CloudApiError, unlessMissing } from "../cloudApi";

/** Calls of Azure's APIs, as the subscription's owner, who also administers the directory. */
export interface AzureApi {
  subscription: string;
  tenant: string;
  /** @param audience the service that it is for. @default Resource Manager */
  token(audience?: string): string;
  /** Resource Manager. @param id of the resource @returns once what it started is done */
  arm(verb: "GET" | "PUT" | "POST" | "DELETE", id: string, version: string, body?: JsonObject): Promise<JsonObject>;
  /** Microsoft Graph. @param path after the version */
  graph(verb: "GET" | "PATCH" | "POST" | "DELETE", path: string, body?: JsonObject): Promise<JsonObject>;
}

interface Reply {
  status: number;
  body: JsonObject;
  /** Where to ask whether it is done. */
  location?: string;
}

/** Between two looks at an unfinished operation, in milliseconds. */
const PACE = 20;
const MANAGEMENT = "https://management.azure.com";
const GRAPH = "https://graph.microsoft.com";
const REGISTRATIONS = "2021-04-01";

export function azureApi({ url, ca, subscription, tenant, ownerToken }: AzureProviderOptions): AzureApi {
  const agent = new Agent({ ca, keepAlive: true });

  /** Node's `fetch` trusts no certificate that the process was not started with. */
  function send(verb: string, path: string, audience: string, body?: JsonObject): Promise<Reply> {
    const headers = { authorization: `Bearer ${ownerToken(audience)}`, "content-type": "application/json" };
    return new Promise((done, failed) => {
      const sent = request(new URL(path, url), { method: verb, agent, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", failed);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          const { location } = response.headers;
          const reply = { status: response.statusCode ?? 0, body: text === "" ? {} : (JSON.parse(text) as JsonObject) };
          done(location === undefined ? reply : { ...reply, location });
        });
      });
      sent.on("error", failed);
      sent.end(body && JSON.stringify(body));
    });
  }

  async function called(verb: string, path: string, audience: string, body?: JsonObject): Promise<Reply> {
    const reply = await send(verb, path, audience, body);
    if (reply.status < 400) return reply;
    const { code = "", message = `${verb} ${path}` } = (reply.body.error ?? {}) as { code?: string; message?: string };
    throw new CloudApiError(reply.status, code, `${code}: ${message} (HTTP ${reply.status})`);
  }

  /** What Azure's SDK for Go, and so Pulumi's provider, does on its own when a resource provider is not registered yet. */
  async function register(namespace: string): Promise<void> {
    const path = `/subscriptions/${subscription}/providers/${namespace}`;
    await called("POST", `${path}/register?api-version=${REGISTRATIONS}`, MANAGEMENT);
    for (;;) {
      const { body } = await called("GET", `${path}?api-version=${REGISTRATIONS}`, MANAGEMENT);
      if (body.registrationState === "Registered") return;
      await pause(PACE);
    }
  }

  return {
    subscription,
    tenant,
    token: (audience = MANAGEMENT) => ownerToken(audience),
    arm: async (verb, id, version, body) => {
      const path = `${id}?api-version=${version}`;
      const once = () => called(verb, path, MANAGEMENT, body);
      let reply = await once().catch(async (error) => {
        const [, namespace] = /not registered to use namespace '([^']+)'/.exec(String(error)) ?? [];
        if (!(error instanceof CloudApiError) || error.status !== 409 || namespace === undefined) throw error;
        await register(namespace);
        return once();
      });
      while (reply.status === 202 && reply.location !== undefined) {
        await pause(PACE);
        const { pathname, search } = new URL(reply.location);
        reply = await called("GET", `${pathname}${search}`, MANAGEMENT);
      }
      return reply.body;
    },
    graph: async (verb, path, body) => (await called(verb, `/v1.0${path}`, GRAPH, body)).body,
  };
}

/** Where the provider's resources are. */
export type AzureProviderOptions = Pick<FakeAzure, "url" | "ca" | "subscription" | "tenant" | "ownerToken">;

/** The resource, or `undefined` if Azure has none of this id, or no group that it could be in. */
export function found(api: AzureApi, id: string, version: string): Promise<JsonObject | undefined> {
  return unlessMissing(api.arm("GET", id, version));
}
