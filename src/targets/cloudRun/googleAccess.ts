import type { AuthClient, GoogleAuth } from "google-auth-library";
import type { JsonObject, Value } from "../../json";
import type { Federation } from "../../model/federation";
import { Secret } from "../../secret";
import { UserError } from "../../userError";
import { once } from "../cloud/once";
import { optionalPackage } from "../cloud/optionalPackage";
import { checkServices, createdAtOf, plainAt, urlAt } from "../cloud/poolAccess";
import type { PoolAccess } from "../target";
import type { PoolIdentity } from "./cloudRunPlan";
import { externalAccountClient, type FederatedLogin, federatedLogin, TIMED } from "./googleFederation";

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

/** The Google Cloud project of a pool's runs, and the credentials for it. */
export interface Access extends PoolIdentity {
  pool: string;
  /** Base URLs. */
  endpoints: { run: URL; logging: URL };
  /** When the credentials were created, in milliseconds; absent: long ago. */
  createdAt?: number;
  /** Where Google's services are, if not at `googleapis.com`. */
  universeDomain?: string;
  /** For a login without a key. */
  federated?: () => Promise<FederatedLogin>;
  /** Created on first use. @throws {UserError} if there are no credentials here (exit code 5) */
  auth(): Promise<{ auth: GoogleAuth; client: AuthClient }>;
}

// The token endpoint and IAM are asked only about keys that change.
const SERVICES = ["run", "logging", "sts", "iamcredentials", "token", "iam"] as const;

/**
 * Read what a pool's definition says about its cloud.
 * @throws {UserError} naming what cannot be used
 */
export async function accessOf(pool: PoolAccess, env: NodeJS.ProcessEnv): Promise<Access> {
  const { block, data = {} } = pool.credentials ?? {};
  const at = `blocks.${block}.data`;
  const given = typeof data.project === "string" && data.project !== "" ? data.project : undefined;
  const info = data.service_account_info ?? null;
  const content = pool.ambient ? undefined : infoOf(info, `${at}.service_account_info`);
  const external = content?.type === "external_account" ? content : undefined;
  const key = external ? undefined : keyOf(content, `${at}.service_account_info`);
  const file = !pool.ambient && typeof data.service_account_file === "string" ? data.service_account_file : undefined;
  const project = given ?? (pool.ambient ? projectOf(info) : undefined);
  // A key says it. For other logins Google's libraries read this variable.
  const universeDomain = key ? key.universe_domain : env.GOOGLE_CLOUD_UNIVERSE_DOMAIN;
  const common = {
    pool: pool.name,
    source: pool.source,
    endpoints: {
      run: endpointOf(pool, "run", universeDomain),
      logging: endpointOf(pool, "logging", universeDomain),
    },
    ...createdAtOf(pool),
    ...(universeDomain ? { universeDomain } : {}),
  };
  checkServices(pool, SERVICES, "a cloud-run-v2:push");
  if (key) return { ...common, ...withKey(key, project) };
  const federation = pool.ambient ? undefined : pool.credentials?.federation;
  if (federation || external) {
    const own = project ?? env.GOOGLE_CLOUD_PROJECT;
    const endpoints = ownEndpoints(pool);
    const place = { pool: pool.name, env, scope: SCOPE, endpoints, ...(universeDomain ? { universeDomain } : {}) };
    const open = external
      ? async () => externalAccountClient(await loadAuth(), external, place, `${at}.service_account_info`)
      : async () => federatedLogin(await loadAuth(), { ...place, federation: federation as Federation });
    return { ...common, ...withoutKey(once(open), own, federation?.actsAs) };
  }
  const own = project ?? env.GOOGLE_CLOUD_PROJECT ?? env.GCLOUD_PROJECT;
  const auth = once(async () => {
    const { GoogleAuth } = await loadAuth();
    return new GoogleAuth({
      scopes: [SCOPE],
      ...(universeDomain ? { universeDomain } : {}),
      clientOptions: TIMED,
      ...(file === undefined ? {} : { keyFilename: file }),
      ...(own === undefined ? {} : { projectId: own }),
    });
  });
  const found = own ?? (await (await auth()).getProjectId().catch(() => undefined));
  return {
    ...common,
    ...(found ? { project: found } : {}),
    auth: async () => {
      const ready = await auth();
      return { auth: ready, client: await ready.getClient() };
    },
  };
}

interface Key {
  client_email: string;
  private_key: string;
  private_key_id?: string;
  project_id?: string;
  universe_domain?: string;
}

/** A key signs its own tokens: no call to the token endpoint is needed before the first real one. */
function withKey(key: Key, project: string | undefined): Pick<Access, "project" | "clientEmail" | "auth"> {
  const found = project ?? key.project_id;
  return {
    ...(found ? { project: found } : {}),
    clientEmail: key.client_email,
    auth: once(async () => {
      const { GoogleAuth, JWT } = await loadAuth();
      const client = new JWT({
        email: key.client_email,
        key: key.private_key,
        ...(key.private_key_id === undefined ? {} : { keyId: key.private_key_id }),
        scopes: [SCOPE],
        ...(key.universe_domain ? { universeDomain: key.universe_domain } : {}),
      });
      client.useJWTAccessWithScope = true;
      return { client, auth: new GoogleAuth({ authClient: client, ...(found ? { projectId: found } : {}) }) as unknown as GoogleAuth };
    }),
  };
}

/** A login that gets its tokens in exchange for others. */
function withoutKey(
  federated: () => Promise<FederatedLogin>,
  project: string | undefined,
  actsAs: string | undefined,
): Pick<Access, "project" | "clientEmail" | "auth" | "federated"> {
  return {
    ...(project ? { project } : {}),
    ...(actsAs ? { clientEmail: actsAs } : {}),
    federated,
    auth: once(async () => {
      const [{ GoogleAuth }, { client }] = await Promise.all([loadAuth(), federated()]);
      return { client, auth: new GoogleAuth({ authClient: client, ...(project ? { projectId: project } : {}) }) as unknown as GoogleAuth };
    }),
  };
}

/** The pool's own base URLs of Google's token services. */
function ownEndpoints(pool: PoolAccess): { sts?: URL; iamcredentials?: URL } {
  return {
    ...(pool.endpoints.sts === undefined ? {} : { sts: endpointOf(pool, "sts", undefined) }),
    ...(pool.endpoints.iamcredentials === undefined ? {} : { iamcredentials: endpointOf(pool, "iamcredentials", undefined) }),
  };
}

/** The content of a key file, as an object or as its text. @throws {UserError} that shows no part of it */
function infoOf(info: Value, path: string): JsonObject | undefined {
  if (info === null) return undefined;
  const plain = info instanceof Secret ? plainAt(info, path) : opened(info);
  let key = plain;
  if (typeof plain === "string") {
    try {
      key = JSON.parse(plain);
    } catch {
      throw new UserError(`${path}: is not valid JSON: must be the key of a service account, as Google provides it`);
    }
  }
  return (key ?? {}) as JsonObject;
}

/** @throws {UserError} that shows no part of it */
function keyOf(key: JsonObject | undefined, path: string): Key | undefined {
  if (key === undefined) return undefined;
  const { client_email: email, private_key: secret } = key;
  if (typeof email !== "string" || typeof secret !== "string")
    throw new UserError(`${path}: must be the key of a service account with client_email and private_key, as Google provides it`);
  if (!secret.includes("PRIVATE KEY")) throw new UserError(`${path}.private_key: is not a private key in PEM format`);
  return key as unknown as Key;
}

/** The project of a key's pool. The key itself is not used, so an unreadable key is not an error. */
function projectOf(info: Value): string | undefined {
  const key = info instanceof Secret ? (info.known ? info.reveal() : undefined) : info;
  const project = key !== null && typeof key === "object" && "project_id" in key ? key.project_id : undefined;
  return typeof project === "string" && project !== "" ? project : undefined;
}

/** Single fields of the key may be secret instead of all of it. */
function opened(value: Value): unknown {
  if (value instanceof Secret) return value.known ? value.reveal() : undefined;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(opened);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, opened(inner)]));
}

function endpointOf(pool: PoolAccess, service: (typeof SERVICES)[number], universeDomain: string | undefined): URL {
  const given = pool.endpoints[service];
  const path = `pools.${pool.name}.endpoints.${service}`;
  if (given === undefined) return new URL(`https://${service}.${universeDomain || "googleapis.com"}`);
  const url = urlAt(given, path);
  if (url.pathname !== "/" || url.search !== "") throw new UserError(`${path}: must be only a host: Google's paths are appended to it`);
  return url;
}

async function loadAuth(): Promise<typeof import("google-auth-library")> {
  return loaded(() => import("google-auth-library"));
}

/** A package that only these pools need. @throws {UserError} with the command that installs it */
export function loaded<T>(load: () => Promise<T>): Promise<T> {
  return optionalPackage(
    load,
    "runs on Google Cloud Run need two packages that are not installed: npm install @google-cloud/run google-auth-library",
  );
}
