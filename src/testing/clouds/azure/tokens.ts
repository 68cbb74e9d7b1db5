import { randomBytes, randomUUID } from "node:crypto";
import { decode, verify } from "hono/jwt";
import { verifyIdentity } from "../shared/verifyIdentity";
import { EntraError, gatewayError } from "./azureErrors";
import type { Settled } from "./azureOptions";
import type { Client, Directory, FederatedCredential, Principal } from "./directory";

/** What is known about an access token. */
interface Given {
  principal: Principal;
  audience: string;
  until: number;
}

type Options = Pick<Settled, "issuers" | "keyDelay" | "tokenLifetime">;

/** What a client asks the token endpoint for (its form). */
export type TokenForm = Record<string, string>;

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FEDERATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

/** Gives access tokens for a client's credentials, and recognizes them. */
export class Tokens {
  readonly #directory: Directory;
  readonly #options: Options;
  readonly #given = new Map<string, Given>();

  constructor(directory: Directory, options: Options) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Make all of them invalid. */
  endAll(): void {
    for (const given of this.#given.values()) given.until = 0;
  }

  /** @param audience the resource it is for: `https://management.azure.com` */
  give(principal: Principal, audience: string, seconds = this.#options.tokenLifetime): string {
    const now = Math.floor(Date.now() / 1000);
    const { tenant } = this.#directory;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = [
      part({ typ: "JWT", alg: "RS256", kid: "fake" }),
      part({
        aud: audience,
        iss: `https://sts.windows.net/${tenant}/`,
        iat: now,
        nbf: now,
        exp: now + seconds,
        appid: principal.appId,
        oid: principal.objectId,
        sub: principal.objectId,
        tid: tenant,
        uti: randomUUID(),
        ver: "1.0",
      }),
      randomBytes(32).toString("base64url"),
    ].join(".");
    this.#given.set(token, { principal, audience, until: (now + seconds) * 1000 });
    return token;
  }

  /** The owner of a token. @throws {ArmError} if it is invalid, has expired, or is for another resource */
  principalOf(header: string | undefined, audiences: readonly string[]): Principal {
    if (header === undefined)
      throw this.#refused(
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
        "missing 'Authorization' header",
      );
    const [, token = ""] = /^Bearer (.+)$/i.exec(header) ?? [];
    const given = this.#given.get(token);
    if (!given) throw this.#refused("InvalidAuthenticationToken", "The access token is invalid.", "invalid token");
    if (given.until <= Date.now()) {
      const shown = (time: number) => new Date(time).toLocaleString("en-US", { timeZone: "UTC" }).replace(",", "");
      const message = `The access token expiry UTC time '${shown(given.until)}' is earlier than current UTC time '${shown(Date.now())}'.`;
      throw this.#refused("ExpiredAuthenticationToken", message, "expired token");
    }
    if (!audiences.includes(given.audience.replace(/\/+$/, ""))) {
      const allowed = audiences.flatMap((each) => [`'${each}/'`, `'${each}'`]).join(",");
      const message = `The access token has been obtained for wrong audience or resource '${given.audience}'. It should exactly match with one of the allowed audiences ${allowed}.`;
      throw this.#refused("InvalidAuthenticationTokenAudience", message, "wrong audience");
    }
    return given.principal;
  }

  #refused(code: string, message: string, why: string) {
    const challenge = `Bearer authorization_uri="https://login.windows.net/${this.#directory.tenant}", error="invalid_token", error_description="The authentication failed because of ${why}."`;
    return gatewayError(401, code, message, { headers: { "www-authenticate": challenge } });
  }

  /** The token endpoint. @throws {EntraError} */
  async exchange(tenant: string, form: TokenForm): Promise<{ token: string; seconds: number }> {
    const { client_id: appId = "", scope = "", grant_type: grant } = form;
    const correlation = form["client-request-id"];
    const refuse = (status: number, error: EntraError["error"], code: number, message: string) =>
      new EntraError(status, error, code, message, correlation);
    if (tenant !== this.#directory.tenant) throw unknownTenant(tenant, correlation);
    if (grant !== "client_credentials")
      throw refuse(400, "invalid_request", 70003, `The app requested an unsupported grant type '${grant}'.`);
    if (!/^\S+\/\.default$/.test(scope)) {
      const message = `The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid. The scope format is invalid.`;
      throw refuse(400, "invalid_scope", scope === "" ? 900144 : 70011, message);
    }
    const client = this.#directory.clients.get(appId);
    if (!client) {
      const message = `Application with identifier '${appId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`;
      throw refuse(400, "unauthorized_client", 700016, message);
    }
    if (form.client_secret !== undefined) this.#checkSecret(client, form.client_secret, refuse);
    else if (form.client_assertion !== undefined && form.client_assertion_type === ASSERTION_TYPE)
      await this.#checkAssertion(client, form.client_assertion, refuse);
    else {
      const message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
      throw refuse(401, "invalid_client", 7000218, message);
    }
    const principal = this.#directory.principalOf(appId);
    if (!principal) {
      const message = `The client application ${appId} is missing service principal in the tenant ${tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119`;
      throw refuse(401, "invalid_client", 7000229, message);
    }
    const seconds = this.#options.tokenLifetime;
    return { token: this.give(principal, scope.replace(/\/\.default$/, ""), seconds), seconds };
  }

  #checkSecret({ secrets, appId }: Client, text: string, refuse: Refuse): void {
    const secret = secrets.find((each) => each.text === text);
    if (!secret || secret.startAt + this.#options.keyDelay > Date.now()) {
      const message = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId}'.`;
      throw refuse(401, "invalid_client", 7000215, message);
    }
    if (secret.endAt <= Date.now()) {
      const message = `The provided client secret keys for app '${appId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`;
      throw refuse(401, "invalid_client", 7000222, message);
    }
  }

  async #checkAssertion({ federated }: Client, assertion: string, refuse: Refuse): Promise<void> {
    const claims = claimsOf(assertion);
    if (!claims) throw refuse(400, "invalid_request", 50027, "JWT token is invalid or malformed.");
    const noMatch = (code: number, what: string, value: string) =>
      refuse(
        401,
        "invalid_client",
        code,
        `No matching federated identity record found for presented assertion ${what} '${value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ${FEDERATION}`,
      );
    const known = federated.filter(({ madeAt }) => madeAt + this.#options.keyDelay <= Date.now());
    const ofIssuer = known.filter(({ issuer }) => issuer === claims.iss);
    if (ofIssuer.length === 0) throw noMatch(700211, "issuer", claims.iss);
    const ofSubject = ofIssuer.filter(({ subject }) => subject === claims.sub);
    if (ofSubject.length === 0) throw noMatch(700213, "subject", claims.sub);
    if (!ofSubject.some((credential) => accepts(credential, claims.aud))) throw noMatch(700212, "audience", claims.aud);
    if (claims.exp * 1000 <= Date.now()) {
      const message = `Client assertion is not within its valid time range. Current time: ${new Date().toISOString()}, expiry time of assertion ${new Date(claims.exp * 1000).toISOString()}.`;
      throw refuse(401, "invalid_client", 700024, message);
    }
    await this.#checkSignature(claims.iss, assertion, refuse);
  }

  async #checkSignature(issuer: string, assertion: string, refuse: Refuse): Promise<void> {
    const invalid = () => refuse(400, "invalid_request", 50013, "Assertion failed signature validation.");
    if (this.#directory.knowsIssuer(issuer)) {
      if (!(await this.#signedBy(issuer, assertion))) throw invalid();
      return;
    }
    const identity = await verifyIdentity(assertion, this.#options.issuers);
    if (!("fault" in identity)) return;
    switch (identity.fault) {
      case "unreachable":
        throw refuse(400, "invalid_request", 50166, "Request to External OIDC endpoint failed.");
      case "unknownKey": {
        const message = `The certificate with identifier ${identity.kid} used to sign the federated credential could not be found in the metadata of identity provider ${issuer}. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.`;
        throw refuse(401, "invalid_client", 7000272, message);
      }
      default:
        throw invalid();
    }
  }

  async #signedBy(issuer: string, assertion: string): Promise<boolean> {
    const key = this.#directory.issuer(issuer).publicKey.export({ type: "spki", format: "pem" }).toString();
    return verify(assertion, key, "RS256").then(
      () => true,
      () => false,
    );
  }
}

type Refuse = (status: number, error: EntraError["error"], code: number, message: string) => EntraError;

export function unknownTenant(tenant: string, correlation?: string): EntraError {
  const message = `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`;
  return new EntraError(400, "invalid_tenant", 90002, message, correlation);
}

function claimsOf(assertion: string): { iss: string; sub: string; aud: string; exp: number } | undefined {
  try {
    const {
      iss = "",
      sub = "",
      aud = "",
      exp = 0,
    } = decode(assertion).payload as { iss?: string; sub?: string; aud?: string; exp?: number };
    return { iss, sub, aud, exp };
  } catch {
    return undefined;
  }
}

function accepts({ audiences }: FederatedCredential, audience: string): boolean {
  return audiences.includes(audience);
}
