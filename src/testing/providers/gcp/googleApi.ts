import { setTimeout as pause } from "node:timers/promises";
import type { JsonObject } from "../../../json";
import { CloudApiError, unlessMissing } from "../cloudApi";

/** Calls of Google's REST APIs, as the project's owner. */
export interface GoogleApi {
  call(verb: string, path: string, body?: JsonObject): Promise<JsonObject>;
  /** @returns `undefined` for a 404 */
  get(path: string): Promise<JsonObject | undefined>;
  /** If it does not exist, nothing happens. */
  remove(path: string): Promise<void>;
  /** Read a resource's policy, change it, and write it; again if someone else wrote in between. */
  changePolicy(resource: string, change: (bindings: Binding[]) => Binding[]): Promise<JsonObject>;
  policyOf(resource: string): Promise<JsonObject>;
}

export interface Binding {
  role: string;
  members: string[];
  condition?: JsonObject;
}

const MAX_ATTEMPTS = 50;

/** @param base URL of all services @param token returns an access token, called for each request */
export function googleApi(base: string, token: () => string): GoogleApi {
  async function call(verb: string, path: string, body?: JsonObject): Promise<JsonObject> {
    const headers = { authorization: `Bearer ${token()}`, "content-type": "application/json" };
    const response = await fetch(`${base}${path}`, { method: verb, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    const reply = (await response.json().catch(() => ({}))) as JsonObject;
    if (response.ok) return reply;
    const { message = `${verb} ${path}`, status = "" } = (reply.error ?? {}) as { message?: string; status?: string };
    throw new CloudApiError(response.status, status, `googleapi: Error ${response.status}: ${message}`);
  }

  /** Most services use a POST for it, some a GET. */
  const policyOf = (resource: string) =>
    resource.includes("/secrets/") ? call("GET", `${resource}:getIamPolicy`) : call("POST", `${resource}:getIamPolicy`, {});

  return {
    call,
    policyOf,
    get: (path) => unlessMissing(call("GET", path)),
    remove: async (path) => {
      await unlessMissing(call("DELETE", path));
    },
    changePolicy: async (resource, change) => {
      for (let attempt = 1; ; attempt++) {
        const policy = await policyOf(resource);
        const bindings = change((policy.bindings ?? []) as unknown as Binding[]);
        try {
          return await call("POST", `${resource}:setIamPolicy`, { policy: { ...policy, bindings: bindings as unknown as JsonObject[] } });
        } catch (error) {
          if (!(error instanceof CloudApiError) || error.status !== 409 || attempt === MAX_ATTEMPTS) throw error;
          await pause(Math.random() * 10 * attempt);
        }
      }
    },
  };
}
