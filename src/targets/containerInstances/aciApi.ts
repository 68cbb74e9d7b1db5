import type { ContainerGroup, ContainerInstanceManagementClient } from "@azure/arm-containerinstance";
import type { JsonObject } from "../../json";
import { type CallListener, type CallOptions, isGrowingPain, openCalls } from "../cloud/calls";
import { CloudFailure, ifThere } from "../cloud/failure";
import { lowered } from "../cloud/tokenBucket";
import type { SharedNotes } from "../target";
import { type AciBucket, aciBucket, type Caller, queryBucket, refusedBuckets } from "./aciBuckets";
import type { Access } from "./azureAccess";
import { type AzureKind, asFailure } from "./azureFailures";
import { openSession, withinTimeLimit } from "./azureSession";
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

/** The calls of this target. Each may throw an {@link AzureFailure}. A resource that does not exist is `undefined`. */
export interface AciApi {
  /** The location of a resource group. @throws {AzureFailure} `missing` */
  locationOf(place: GroupPlace, signal?: AbortSignal): Promise<string>;
  get(name: GroupName, signal?: AbortSignal): Promise<FoundGroup | undefined>;
  /** Not repeated if it may have succeeded, because Azure would run a group that has ended again. @param group in the SDK's form */
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

/** How often to retry if Azure could not read the image: a registry may be unavailable for a moment. */
const IMAGE_RETRIES = 3;
/** How long a query of Log Analytics is repeated, in milliseconds: the end of a run waits for it, and its lines can be read later, too. */
const QUERY_PATIENCE = 5_000;
/** How often to retry while a role may be new, in milliseconds: it may need ten minutes, and each try counts as a creation. */
const PULL_EVERY = 15_000;

/** Open it. Its calls are repeated as long as that may help. */
export function openAciApi(access: Access, notes: SharedNotes, listener: CallListener): AciApi {
  const { endpoints, scopes, createdAt } = access;
  const callerOf = (subscription: string, location?: string): Caller => ({
    subscription,
    principal: access.clientId ?? "own",
    location,
  });
  const session = openSession(access, (bucket, left, owner) =>
    lowered(notes, aciBucket(bucket, callerOf(owner.subscription, owner.location)), left),
  );

  const call = openCalls<AzureKind>({
    cloud: "Azure",
    pool: access.pool,
    createdAt,
    notes,
    ...listener,
    asFailure: (error) => {
      const failure = asFailure(error);
      // Roles count once a new token is asked for.
      if (isGrowingPain(failure, createdAt)) session.renew();
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
      () => session.withClient(subscription, (client) => work(client, { abortSignal: withinTimeLimit(options.signal) })),
      { ...options, login: () => session.login(scopes.management, subscription) },
    );

  return {
    locationOf: async ({ subscription, resourceGroup }, signal) => {
      const url = `${endpoints.management}/subscriptions/${subscription}/resourceGroups/${resourceGroup}?api-version=2021-04-01`;
      const buckets = [aciBucket("reads", callerOf(subscription))];
      const login = () => session.login(scopes.management);
      const found = await call("reading the resource group", buckets, () => session.fetched(url, scopes.management, {}, signal), {
        signal,
        login,
      });
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
      const queried = call("reading Log Analytics", [queryBucket(workspace)], () => session.fetched(url, scopes.logs, init, signal), {
        signal,
        login: () => session.login(scopes.logs),
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
