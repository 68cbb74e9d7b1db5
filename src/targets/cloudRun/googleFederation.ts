import type { AuthClient, IdentityPoolClientOptions } from "google-auth-library";
import type { JsonObject } from "../../json";
import type { Federation } from "../../model/federation";
import { UserError } from "../../userError";
import { CALL_TIMEOUT } from "../cloud/calls";
import { type Explanation, IdentityTokens } from "../cloud/identityToken";

/** Options of a client. Without them, Google's library would wait for ever for a token. */
export const TIMED = { transporterOptions: { timeout: CALL_TIMEOUT } };

/** A login without a key: a client, and what to say if Google denies it. */
export interface FederatedLogin {
  client: AuthClient;
  /** A token, from memory while it is valid; several callers share one request. */
  ready(): Promise<void>;
  /** After Google refused a token before its end: a new one. @param used the refused one, so that several callers ask once */
  renew(): Promise<void>;
  /** Why Google may have denied it, and the fix. */
  explanation(): Explanation;
}

interface Place {
  pool: string;
  federation: Federation;
  env: NodeJS.ProcessEnv;
  scope: string;
  /** Base URLs of Google's token services, where the pool has its own. */
  endpoints: { sts?: URL; iamcredentials?: URL };
  universeDomain?: string;
}

/** The parts of Google's library for these logins. */
type Library = Pick<typeof import("google-auth-library"), "GoogleAuth" | "IdentityPoolClient" | "Impersonated">;

/**
 * Log in as the pool's service account: with an identity token, which Google's token service exchanges, or as the caller, if the pool
 * allows that and no token is here.
 * @throws {UserError} if there is neither
 */
export async function federatedLogin(library: Library, place: Place): Promise<FederatedLogin> {
  const { federation, env, pool } = place;
  const tokens = new IdentityTokens({ pool, federation, env });
  if (federation.ownLogin && !tokens.available) return ownLogin(library, place);
  const account = externalAccountOf(federation.externalAccount ?? {}, place);
  const client = new library.IdentityPoolClient({
    ...account,
    ...(place.universeDomain ? { universe_domain: place.universeDomain } : {}),
    scopes: [place.scope],
    ...TIMED,
    subject_token_supplier: { getSubjectToken: () => tokens.get() },
  } as unknown as IdentityPoolClientOptions);
  return login(client, () => tokens.explanation());
}

/** A configuration of type `external_account` that a user gave, with its own source of tokens. */
export function externalAccountClient(
  library: Pick<typeof import("google-auth-library"), "IdentityPoolClient">,
  account: JsonObject,
  place: Omit<Place, "federation">,
  at: string,
): FederatedLogin {
  const source = account.credential_source as JsonObject | undefined;
  const isExecutable = typeof source === "object" && source !== null && "executable" in source;
  if (isExecutable)
    throw new UserError(
      `${at}.credential_source.executable: a program that prints tokens is not run, because a block could then run anything here: give file or url, or use --credentials ambient with GOOGLE_APPLICATION_CREDENTIALS`,
    );
  if (typeof source !== "object" || source === null || !("file" in source || "url" in source))
    throw new UserError(`${at}.credential_source: must have file or url: where a process that submits gets an identity token`);
  const client = new library.IdentityPoolClient({
    ...externalAccountOf(account, place, at),
    scopes: [place.scope],
    ...TIMED,
    credential_source: source,
  } as unknown as IdentityPoolClientOptions);
  return login(client, () => ({ advice: "" }));
}

/** The caller's own login, which acts as the pool's service account. */
async function ownLogin({ GoogleAuth, Impersonated }: Library, { federation, scope, endpoints, pool }: Place): Promise<FederatedLogin> {
  const sourceClient = await new GoogleAuth({ scopes: [scope], clientOptions: TIMED }).getClient();
  const client = new Impersonated({
    sourceClient: sourceClient as unknown as NonNullable<ConstructorParameters<typeof Impersonated>[0]>["sourceClient"],
    targetPrincipal: federation.actsAs,
    targetScopes: [scope],
    lifetime: 3600,
    ...TIMED,
    ...(endpoints.iamcredentials ? { endpoint: endpoints.iamcredentials.origin } : {}),
  } as ConstructorParameters<typeof Impersonated>[0]);
  return login(client, () => ({
    advice: `. Your own login acts as ${federation.actsAs} here: it must be among federation.logins of work pool "${pool}", which gives it roles/iam.serviceAccountTokenCreator on that account`,
  }));
}

function login(client: AuthClient, explanation: () => Explanation): FederatedLogin {
  // Google's library shares a refresh among callers, but this method is not public.
  const refreshing = client as unknown as { refreshAccessTokenAsync?(): Promise<unknown>; refreshToken?(): Promise<unknown> };
  let renewal: Promise<unknown> | undefined;
  return {
    client,
    ready: async () => {
      await client.getAccessToken();
    },
    renew: async () => {
      renewal ??= Promise.resolve(refreshing.refreshAccessTokenAsync?.() ?? refreshing.refreshToken?.()).finally(() => {
        renewal = undefined;
      });
      await renewal;
    },
    explanation,
  };
}

/**
 * The fields of an `external_account` that decide where tokens are sent. They must be Google's own services, or those of the pool:
 * otherwise a changed block could have tokens sent anywhere
 * (https://cloud.google.com/docs/authentication/external/externally-sourced-credentials).
 */
function externalAccountOf(
  account: JsonObject,
  { endpoints, universeDomain = "googleapis.com" }: Pick<Place, "endpoints" | "universeDomain">,
  at = "federation.externalAccount",
): JsonObject {
  const { type, audience, subject_token_type, token_url, service_account_impersonation_url, service_account_impersonation } = account;
  if (type !== "external_account" || typeof audience !== "string")
    throw new UserError(`${at}: must be a configuration of type external_account with an audience, as Google's console creates it`);
  const checked = { token_url: endpoints.sts, service_account_impersonation_url: endpoints.iamcredentials };
  const service = { token_url: "sts", service_account_impersonation_url: "iamcredentials" };
  for (const name of ["token_url", "service_account_impersonation_url"] as const) {
    const given = account[name];
    if (given === undefined) continue;
    const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined;
    const own = checked[name];
    if (url?.origin === `https://${service[name]}.${universeDomain}` || (own && url?.origin === own.origin)) continue;
    throw new UserError(
      `${at}.${name}: must be at https://${service[name]}.${universeDomain}, where Google exchanges tokens, or at the pool's endpoints.${service[name]}`,
    );
  }
  return {
    type,
    audience,
    subject_token_type: subject_token_type ?? "urn:ietf:params:oauth:token-type:jwt",
    ...(token_url === undefined ? {} : { token_url }),
    ...(service_account_impersonation_url === undefined ? {} : { service_account_impersonation_url }),
    ...(service_account_impersonation === undefined ? {} : { service_account_impersonation }),
  };
}
