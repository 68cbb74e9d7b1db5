import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../json";
import { type Call, type Method, PROJECT, path } from "./googleCall";
import { GoogleError } from "./googleError";
import { checkProvider, type IdentityPool, type IdentityProvider, shownPool } from "./workloadIdentity";

const POOLS = `projects/${PROJECT}/locations/global/workloadIdentityPools`;
const POOL = `${POOLS}/(?<pool>[^/:]+)`;
const PROVIDER = `${POOL}/providers/(?<provider>[^/:]+)`;

const FIELDS = {
  pool: ["displayName", "description", "disabled"],
  provider: ["displayName", "description", "disabled", "attributeMapping", "attributeCondition", "oidc"],
};

/** Workload identity pools and their providers (https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools). */
export const WORKLOAD_IDENTITY_METHODS: readonly Method[] = [
  {
    id: "iam.workloadIdentityPools.create",
    verb: "POST",
    pattern: path("v1", POOLS),
    handle: (call) => {
      demand(call, "workloadIdentityPools.create");
      const id = idIn(call, "workloadIdentityPoolId");
      const name = poolName(call, id);
      if (call.world.identityPools.has(name)) throw new GoogleError("ALREADY_EXISTS", "Requested entity already exists");
      const pool: IdentityPool = { name, state: "ACTIVE", disabled: false, ...picked(call.body, FIELDS.pool), providers: new Map() };
      call.world.identityPools.set(name, pool);
      return operation(call, name, shownPool(pool));
    },
  },
  {
    id: "iam.workloadIdentityPools.get",
    verb: "GET",
    pattern: path("v1", POOL),
    handle: (call) => {
      demand(call, "workloadIdentityPools.get");
      return shownPool(poolOf(call));
    },
  },
  {
    id: "iam.workloadIdentityPools.update",
    verb: "PATCH",
    pattern: path("v1", POOL),
    handle: (call) => {
      demand(call, "workloadIdentityPools.update");
      const pool = poolOf(call);
      Object.assign(pool, picked(call.body, maskOf(call, FIELDS.pool)));
      return operation(call, pool.name, shownPool(pool));
    },
  },
  {
    id: "iam.workloadIdentityPools.delete",
    verb: "DELETE",
    pattern: path("v1", POOL),
    handle: (call) => {
      demand(call, "workloadIdentityPools.delete");
      const pool = poolOf(call);
      pool.state = "DELETED";
      return operation(call, pool.name, shownPool(pool));
    },
  },
  {
    id: "iam.workloadIdentityPoolProviders.create",
    verb: "POST",
    pattern: path("v1", `${POOL}/providers`),
    handle: (call) => {
      demand(call, "workloadIdentityPoolProviders.create");
      const pool = poolOf(call);
      const name = `${pool.name}/providers/${idIn(call, "workloadIdentityPoolProviderId")}`;
      if (pool.providers.has(name)) throw new GoogleError("ALREADY_EXISTS", "Requested entity already exists");
      const given = { name, state: "ACTIVE", disabled: false, attributeMapping: {}, ...picked(call.body, FIELDS.provider) };
      const provider = given as unknown as IdentityProvider;
      checkProvider(provider, call.world.options.issuers);
      pool.providers.set(name, provider);
      return operation(call, name, { ...provider } as unknown as JsonObject);
    },
  },
  {
    id: "iam.workloadIdentityPoolProviders.get",
    verb: "GET",
    pattern: path("v1", PROVIDER),
    handle: (call) => {
      demand(call, "workloadIdentityPoolProviders.get");
      return { ...providerOf(call) } as unknown as JsonObject;
    },
  },
  {
    id: "iam.workloadIdentityPoolProviders.update",
    verb: "PATCH",
    pattern: path("v1", PROVIDER),
    handle: (call) => {
      demand(call, "workloadIdentityPoolProviders.update");
      const provider = providerOf(call);
      const changed = { ...provider, ...picked(call.body, maskOf(call, FIELDS.provider)) } as IdentityProvider;
      checkProvider(changed, call.world.options.issuers);
      Object.assign(provider, changed);
      return operation(call, provider.name, { ...provider } as unknown as JsonObject);
    },
  },
  {
    id: "iam.workloadIdentityPoolProviders.delete",
    verb: "DELETE",
    pattern: path("v1", PROVIDER),
    handle: (call) => {
      demand(call, "workloadIdentityPoolProviders.delete");
      const provider = providerOf(call);
      provider.state = "DELETED";
      return operation(call, provider.name, { ...provider } as unknown as JsonObject);
    },
  },
  {
    id: "iam.workloadIdentityPools.operations.get",
    verb: "GET",
    pattern: path("v1", `(?<operation>projects/[^/]+/locations/global/workloadIdentityPools/.+/operations/[^/:]+)`),
    handle: ({ world, path: { operation: name = "" } }) => {
      const known = world.operations.get(name);
      if (!known || "of" in known) throw new GoogleError("NOT_FOUND", "Requested entity was not found.");
      return { name, done: true, response: known.response };
    },
  },
  {
    id: "iamcredentials.serviceAccounts.generateAccessToken",
    verb: "POST",
    pattern: path("v1", "projects/-/serviceAccounts/(?<email>[^/:]+):generateAccessToken"),
    handle: ({ world, member, body, path: { email = "" } }) => {
      const project = /@(.+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? "";
      const resources = [`projects/${project}`, `serviceAccounts/${email}`];
      if (!world.iam.accounts.has(email) || !world.iam.may(member, "iam.serviceAccounts.getAccessToken", resources))
        throw new GoogleError(
          "PERMISSION_DENIED",
          "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
          [
            {
              "@type": "type.googleapis.com/google.rpc.ErrorInfo",
              reason: "IAM_PERMISSION_DENIED",
              domain: "iam.googleapis.com",
              metadata: { permission: "iam.serviceAccounts.getAccessToken" },
            },
          ],
        );
      const { scope, lifetime = "3600s" } = body as { scope?: string[]; lifetime?: string };
      if (!Array.isArray(scope) || scope.length === 0) throw new GoogleError("INVALID_ARGUMENT", "You must provide a scope.");
      const seconds = Number(/^([0-9]+)s$/.exec(lifetime)?.[1]);
      if (!(seconds > 0 && seconds <= 3600))
        throw new GoogleError("INVALID_ARGUMENT", "The access token lifetime cannot exceed 3600 seconds.");
      return world.issueToken(`serviceAccount:${email}`, seconds);
    },
  },
];

function demand(call: Call, permission: string): void {
  const project = call.path.project ?? "";
  call.world.iam.demand(call.member, `iam.${permission}`, project, `projects/${project}`);
}

function idIn({ query }: Call, name: string): string {
  const id = query.get(name) ?? "";
  if (!/^(?!gcp-)[a-z0-9-]{4,32}$/.test(id))
    throw new GoogleError(
      "INVALID_ARGUMENT",
      `Invalid value for ${name}: must have 4 to 32 characters of [a-z0-9-], and not begin with gcp-.`,
    );
  return id;
}

function poolName({ world, path: { project = "" } }: Call, id: string): string {
  return `projects/${world.numberOf(project)}/locations/global/workloadIdentityPools/${id}`;
}

/** @throws {GoogleError} for one that does not exist, or is deleted */
function poolOf(call: Call): IdentityPool {
  const pool = call.world.identityPools.get(poolName(call, call.path.pool ?? ""));
  if (pool?.state !== "ACTIVE") throw new GoogleError("NOT_FOUND", "Requested entity was not found.");
  return pool;
}

function providerOf(call: Call): IdentityProvider {
  const pool = poolOf(call);
  const provider = pool.providers.get(`${pool.name}/providers/${call.path.provider}`);
  if (provider?.state !== "ACTIVE") throw new GoogleError("NOT_FOUND", "Requested entity was not found.");
  return provider;
}

function maskOf({ query }: Call, fields: readonly string[]): string[] {
  const mask = (query.get("updateMask") ?? "").split(",").map((field) => field.split(".")[0] ?? "");
  return fields.filter((field) => mask.includes(field));
}

function picked(body: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([field]) => fields.includes(field)));
}

function operation({ world }: Call, of: string, response: JsonObject): JsonObject {
  const name = `${of}/operations/${randomUUID()}`;
  world.operations.set(name, { response });
  return { name };
}
