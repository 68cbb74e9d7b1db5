import type { ContainerGroup, ContainerInstanceManagementClient } from "@azure/arm-containerinstance";
import type { TokenCredential } from "@azure/identity";
import type { JsonObject } from "../../json";
import { CALL_TIMEOUT, type CallListener, type CallOptions, isGrowingPain, openCalls } from "../cloud/calls";
import { CloudFailure, ifThere } from "../cloud/failure";
import { lowered } from "../cloud/tokenBucket";
import type { SharedNotes } from "../target";
import { type AciBucket, aciBucket, type Caller, leftBy, queryBucket, refusedBuckets } from "./aciBuckets";
import { type Access, loaded } from "./azureAccess";
import { type AzureKind, asFailure } from "./azureFailures";
import { LoginError } from "./azureLogin";
import { factsOf } from "./groupFacts";
import type { GroupName, GroupPlace } from "./groupNames";
import type { GroupFacts } from "./groupOutcome";

export interface FoundGroup {
  facts: GroupFacts;
  tags: Record<string, string>;
}

export interface ListedGroup {
  name: string;
  tags: Record<string, string>;
  location?: string;
}

/** The calls of this target. Each may throw an {@link AzureFailure}. What does not exist is `undefined`. */
export interface AciApi {
  /** The location of a resource group. @throws {AzureFailure} `missing` */
  locationOf(place: GroupPlace, signal?: AbortSignal): Promise<string>;
  get(name: GroupName, signal?: AbortSignal): Promise<FoundGroup | undefined>;
  /** Not repeated if it may have succeeded: a group that has ended would run again. @param group in the SDK's form */
  create(name: GroupName, group: JsonObject, options: CallOptions): Promise<void>;
  /** @returns whether it existed */
  stop(name: GroupName, signal?: AbortSignal): Promise<boolean>;
  /** @param location of the group, if known: its region's quota counts */
  delete(name: GroupName, location?: string, signal?: AbortSignal): Promise<void>;
  /** The end of a container's output, with a time before each line; `undefined`: it does not exist yet, or no longer. @param tail the most lines */
  log(
    name: GroupName,
    container: string,
    options?: { tail?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<string | undefined>;
  list(place: GroupPlace, signal?: AbortSignal): Promise<ListedGroup[]>;
  /** Rows of a Log Analytics workspace, by the names of their columns. */
  query(workspace: string, query: string, signal?: AbortSignal): Promise<Record<string, unknown>[]>;
}

/** How often to repeat a call whose image Azure could not read: a registry may be unavailable for a moment. */
const IMAGE_RETRIES = 3;
/** How long a query of Log Analytics is repeated, in milliseconds: the end of a run waits for it, and its lines can be read later, too. */
const QUERY_PATIENCE = 5_000;
/** A role may take ten minutes to be known, and each try counts as a creation: in milliseconds. */
const PULL_EVERY = 15_000;

const DONE = JSON.stringify({ properties: { provisioningState: "Succeeded", containers: [], osType: "Linux" } });

interface Session {
  credential: TokenCredential;
  client(subscription: string): Promise<ContainerInstanceManagementClient>;
}

/** Open it. Its calls are repeated as long as that may help. */
export function openAciApi(access: Access, notes: SharedNotes, { tell, answered }: CallListener): AciApi {
  const { endpoints, scopes, createdAt } = access;
  const callerOf = (subscription: string, location?: string): Caller => ({
    subscription,
    principal: access.clientId ?? "own",
    location,
  });
  let session: Promise<Session> | undefined;

  const opened = () => {
    session ??= openSession();
    session.catch(() => {
      session = undefined;
    });
    return session;
  };

  async function openSession(): Promise<Session> {
    const credential = await access.credential();
    const clients = new Map<string, ContainerInstanceManagementClient>();
    return {
      credential,
      client: async (subscription) => {
        const { ContainerInstanceManagementClient } = await loaded(() => import("@azure/arm-containerinstance"));
        const client =
          clients.get(subscription) ??
          new ContainerInstanceManagementClient(credential, subscription, {
            $host: endpoints.management,
            endpoint: endpoints.management,
            credentialScopes: [scopes.management],
            // Repeating is done here, by what all processes know of Azure's buckets, and never a PUT that may have been done.
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
        const response = await next(request);
        const few = leftBy(request.method, (name) => response.headers.get(name));
        const { location } = few.length === 0 ? {} : (jsonIn(response.bodyAsText ?? "") as { location?: string });
        for (const [bucket, left] of few) await lowered(notes, aciBucket(bucket, callerOf(subscription, location)), left);
        // The SDK would wait for the operation. What counts is the group, and reading operations takes a permission of its own.
        for (const header of ["azure-asyncoperation", "location"]) response.headers.delete(header);
        // It would then look at the group, which is the watcher's business: so the reply says that all is done.
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

  const call = openCalls<AzureKind>({
    cloud: "Azure",
    pool: access.pool,
    createdAt,
    notes,
    tell,
    answered,
    asFailure: (error) => {
      const failure = asFailure(error);
      // Roles count once a new token is asked for.
      if (isGrowingPain(failure, createdAt)) session = undefined;
      return failure;
    },
    passing: ["registry"],
    again: {
      image: {
        retries: IMAGE_RETRIES,
        tell: (failure) => `Azure could not read the image: trying again, because that may be temporary (${failure.message})`,
      },
      pull: {
        retries: IMAGE_RETRIES,
        everyWhileYoung: PULL_EVERY,
        tell: (failure) =>
          `Azure could not read the image with the managed identity, whose role AcrPull may be new: trying again for up to ten minutes after the pool was made (${failure.message})`,
      },
    },
    refused: refusedBuckets,
  });

  const called = <T>(
    what: string,
    subscription: string,
    buckets: readonly AciBucket[],
    work: (client: ContainerInstanceManagementClient, options: { abortSignal: AbortSignal }) => Promise<T>,
    options: CallOptions & { location?: string | undefined } = {},
  ): Promise<T> =>
    call(
      what,
      buckets.map((name) => aciBucket(name, callerOf(subscription, options.location))),
      () =>
        renewing(async () => {
          const client = await (await opened()).client(subscription);
          return work(client, { abortSignal: within(options.signal) });
        }),
      options,
    );

  const fetched = (url: string, scope: string, init: RequestInit, signal?: AbortSignal) =>
    renewing(() => fetchedOnce(url, scope, init, signal));

  async function fetchedOnce(url: string, scope: string, init: RequestInit, signal?: AbortSignal): Promise<JsonObject> {
    const { credential } = await opened();
    // As the SDK does. Azure's library would otherwise log in once more.
    const token = await credential.getToken(scope, { enableCae: scope === scopes.management });
    const response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${token?.token}`, "content-type": "application/json" },
      signal: within(signal),
    });
    const text = await response.text();
    const body = jsonIn(text);
    if (response.ok) return body;
    const error = (body.error ?? {}) as ErrorBody;
    const message = saidBy(error) ?? (text || response.statusText);
    throw Object.assign(new Error(message), { statusCode: response.status, code: error.code, response });
  }

  return {
    locationOf: async ({ subscription, resourceGroup }, signal) => {
      const url = `${endpoints.management}/subscriptions/${subscription}/resourceGroups/${resourceGroup}?api-version=2021-04-01`;
      const buckets = [aciBucket("reads", callerOf(subscription))];
      const found = await call("reading the resource group", buckets, () => fetched(url, scopes.management, {}, signal), { signal });
      return String(found.location);
    },
    get: ({ subscription, resourceGroup, group }, signal) =>
      ifThere(
        called(
          "reading a container group",
          subscription,
          ["reads"],
          async (client, options) => {
            const found = await client.containerGroups.get(resourceGroup, group, options);
            return { facts: factsOf(found), tags: found.tags ?? {} };
          },
          { signal },
        ),
      ),
    create: ({ subscription, resourceGroup, group: name }, group, options) =>
      called(
        "creating a container group",
        subscription,
        ["createsInFiveMinutes", "createsAnHour", "writes"],
        async (client, own) => {
          let taken = false;
          const onResponse = ({ request, status }: { request: { method: string }; status: number }) => {
            taken ||= request.method === "PUT" && status < 300;
          };
          try {
            await client.containerGroups.beginCreateOrUpdate(resourceGroup, name, group as unknown as ContainerGroup, {
              ...own,
              onResponse,
            });
          } catch (error) {
            // Once Azure has taken it, what the SDK makes of the reply does not count.
            if (!taken) throw ofIdentity(error, group);
          }
        },
        { ...options, repeatable: false, location: group.location as string | undefined },
      ),
    stop: async ({ subscription, resourceGroup, group }, signal) => {
      const stopped = await ifThere(
        called(
          "stopping a container group",
          subscription,
          ["writes"],
          async (client, options) => {
            await client.containerGroups.stop(resourceGroup, group, options);
            return true;
          },
          { signal },
        ),
      );
      return stopped ?? false;
    },
    delete: async ({ subscription, resourceGroup, group }, location, signal) => {
      const buckets: AciBucket[] = ["deletesInFiveMinutes", "deletesAnHour", "deletes"];
      await ifThere(
        called(
          "deleting a container group",
          subscription,
          buckets,
          async (client, options) => {
            await client.containerGroups.beginDelete(resourceGroup, group, options);
          },
          { location, signal },
        ),
      );
    },
    log: async ({ subscription, resourceGroup, group }, container, { tail, signal } = {}) => {
      try {
        return await ifThere(
          called(
            "reading a container's log",
            subscription,
            ["reads"],
            async (client, options) => {
              const { content } = await client.containers.listLogs(resourceGroup, group, container, {
                ...options,
                timestamps: true,
                ...(tail === undefined ? {} : { tail }),
              });
              return content ?? "";
            },
            { signal },
          ),
        );
      } catch (error) {
        signal?.throwIfAborted();
        if (asFailure(error).kind === "noLog") return undefined;
        throw error;
      }
    },
    list: ({ subscription, resourceGroup }, signal) =>
      called(
        "listing container groups",
        subscription,
        ["reads"],
        async (client, options) => {
          const found: ListedGroup[] = [];
          for await (const { name = "", tags, location } of client.containerGroups.listByResourceGroup(resourceGroup, options))
            found.push({ name, tags: tags ?? {}, ...(location ? { location } : {}) });
          return found;
        },
        { signal },
      ),
    query: async (workspace, query, signal) => {
      const url = `${endpoints.logs}/v1/workspaces/${workspace}/query`;
      const init = { method: "POST", body: JSON.stringify({ query }) };
      const queried = call("reading Log Analytics", [queryBucket(workspace)], () => fetched(url, scopes.logs, init, signal), {
        signal,
        patience: QUERY_PATIENCE,
      });
      const reply: JsonObject = await queried.catch((error) => {
        signal?.throwIfAborted();
        // A workspace has no table before its first row.
        if (/Failed to resolve table/i.test(asFailure(error).message)) return {};
        throw error;
      });
      const [{ columns, rows } = { columns: [], rows: [] }] = (reply.tables ?? []) as unknown as {
        columns: { name: string }[];
        rows: unknown[][];
      }[];
      return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])));
    },
  };
}

/** A failure to read the image by a managed identity. */
function ofIdentity(error: unknown, { imageRegistryCredentials: registries = [] }: JsonObject): unknown {
  const failure = asFailure(error);
  const byIdentity = (registries as { identity?: string }[]).some(({ identity }) => identity !== undefined);
  return failure.kind === "image" && byIdentity ? new CloudFailure<AzureKind>("pull", failure.message) : error;
}

/** Fires once a call has taken too long, or nobody wants its answer any more. */
function within(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(CALL_TIMEOUT);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

interface ErrorBody {
  code?: string;
  message?: string;
  innererror?: ErrorBody;
}

/** Log Analytics says what is wrong in the innermost of its errors. */
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
