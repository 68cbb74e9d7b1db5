import type { ContainerInstanceManagementClient } from "@azure/arm-containerinstance";
import type { TokenCredential } from "@azure/identity";
import type { JsonObject } from "../../json";
import { CALL_TIMEOUT } from "../cloud/calls";
import { doLastStep } from "../cloud/lastStep";
import { type AciBucket, type Caller, leftBy } from "./aciBuckets";
import { type Access, loaded } from "./azureAccess";
import { LoginError } from "./azureLogin";

/** A login, and what sends calls with it. A call is sent once: who calls repeats it. */
export interface Session {
  /** Get the token for a service, from memory while it is valid. @param subscription whose client to open as well */
  login(scope: string, subscription?: string): Promise<void>;
  /** Do some work with the SDK's client. */
  withClient<T>(subscription: string, work: (client: ContainerInstanceManagementClient) => Promise<T>): Promise<T>;
  /** A call for which the SDK has no client. @returns the body of the reply */
  fetched(url: string, scope: string, init: RequestInit, signal?: AbortSignal): Promise<JsonObject>;
  /** Log in again before the next call. */
  renew(): void;
}

interface LoggedIn {
  credential: TokenCredential;
  client(subscription: string): Promise<ContainerInstanceManagementClient>;
}

const DONE = JSON.stringify({ properties: { provisioningState: "Succeeded", containers: [], osType: "Linux" } });

/** @param fewLeft called if a reply says that few calls are left */
export function openSession(
  access: Access,
  fewLeft: (bucket: AciBucket, left: number, owner: Omit<Caller, "principal">) => Promise<void>,
): Session {
  const { endpoints, scopes } = access;
  let session: Promise<LoggedIn> | undefined;

  const opened = () => {
    session ??= loggedIn();
    session.catch(() => {
      session = undefined;
    });
    return session;
  };

  async function loggedIn(): Promise<LoggedIn> {
    const [credential, { ContainerInstanceManagementClient }] = await Promise.all([
      access.credential(),
      loaded(() => import("@azure/arm-containerinstance")),
    ]);
    const clients = new Map<string, ContainerInstanceManagementClient>();
    return {
      credential,
      client: async (subscription) => {
        const client =
          clients.get(subscription) ??
          new ContainerInstanceManagementClient(credential, subscription, {
            $host: endpoints.management,
            endpoint: endpoints.management,
            credentialScopes: [scopes.management],
            // pushpool retries itself: it respects Azure's quotas in all processes, and never repeats a PUT that may have succeeded.
            retryOptions: { maxRetries: 0 },
            additionalPolicies: [{ position: "perRetry", policy: watchingReplies(subscription) }],
          });
        clients.set(subscription, client);
        return client;
      },
    };
  }

  function watchingReplies(
    subscription: string,
  ): NonNullable<NonNullable<ConstructorParameters<typeof ContainerInstanceManagementClient>[2]>["additionalPolicies"]>[number]["policy"] {
    return {
      name: "pushpoolReplies",
      sendRequest: async (request, next) => {
        await doLastStep();
        const response = await next(request);
        const few = leftBy(request.method, (name) => response.headers.get(name));
        const { location } = few.length === 0 ? {} : (jsonIn(response.bodyAsText ?? "") as { location?: string });
        for (const [bucket, left] of few) await fewLeft(bucket, left, { subscription, location });
        // The SDK would wait for the operation. Only the group counts, and reading operations needs one more permission.
        for (const header of ["azure-asyncoperation", "location"]) response.headers.delete(header);
        // Then it would read the group, which the watcher does. So the reply says that the operation is done.
        if (request.method === "PUT" && response.status < 300) response.bodyAsText = DONE;
        return response;
      },
    };
  }

  /** Without a secret, a token that Azure refuses before its end is replaced once: a 401 of Azure itself has done nothing. */
  async function renewing<T>(work: () => Promise<T>): Promise<T> {
    const used = opened();
    try {
      return await work();
    } catch (error) {
      const isRefused = !(error instanceof LoginError) && (error as { statusCode?: number }).statusCode === 401;
      if (!access.federated || !isRefused) throw error;
      if (session === used) session = undefined;
      return work();
    }
  }

  async function tokenFor(scope: string): Promise<string> {
    const { credential } = await opened();
    // As the SDK does. Otherwise Azure's library would log in again.
    return `${(await credential.getToken(scope, { enableCae: scope === scopes.management }))?.token}`;
  }

  async function fetchedOnce(url: string, scope: string, init: RequestInit, signal?: AbortSignal): Promise<JsonObject> {
    const token = await tokenFor(scope);
    await doLastStep();
    const response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      signal: withinTimeLimit(signal),
    });
    const text = await response.text();
    const body = jsonIn(text);
    if (response.ok) return body;
    const error = (body.error ?? {}) as ErrorBody;
    const message = saidBy(error) ?? (text || response.statusText);
    throw Object.assign(new Error(message), { statusCode: response.status, code: error.code, response });
  }

  return {
    login: async (scope, subscription) => {
      await tokenFor(scope);
      if (subscription !== undefined) await (await opened()).client(subscription);
    },
    withClient: (subscription, work) => renewing(async () => work(await (await opened()).client(subscription))),
    fetched: (url, scope, init, signal) => renewing(() => fetchedOnce(url, scope, init, signal)),
    renew: () => {
      session = undefined;
    },
  };
}

/** Fires after the time limit of a call, or when the caller stops waiting. */
export function withinTimeLimit(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(CALL_TIMEOUT);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

interface ErrorBody {
  code?: string;
  message?: string;
  innererror?: ErrorBody;
}

/** The innermost error of Log Analytics says what is wrong. */
function saidBy({ message, innererror }: ErrorBody): string | undefined {
  return (innererror && saidBy(innererror)) ?? message;
}

function jsonIn(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return {};
  }
}
