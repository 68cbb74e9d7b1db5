import { createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { decode, verify } from "hono/jwt";
import { errorInfo, GoogleError } from "./googleError";
import type { Iam } from "./googleIam";

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const INVALID =
  "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
const MISSING =
  "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

/** Finds the caller by the request's token: one that this fake issued, or one that a service account's key signed. */
export class Bearer {
  readonly #iam: Iam;
  readonly #given = new Map<string, { member: string; until: number }>();
  readonly #verified = new Map<string, { keyId: string; member: string; until: number }>();

  constructor(iam: Iam) {
    this.#iam = iam;
  }

  /** Issue an access token. It is valid for an hour, like Google's. */
  give(member: string, seconds = 3600): { token: string; seconds: number } {
    const token = `ya29.fake-${randomBytes(24).toString("base64url")}`;
    this.#given.set(token, { member, until: Date.now() + seconds * 1000 });
    return { token, seconds };
  }

  /** End all access tokens that were issued so far, as if their time were over. */
  endAll(): void {
    this.#given.clear();
  }

  /** @throws {GoogleError} if Google would not accept the token */
  async memberOf(header: string | undefined): Promise<string> {
    const [, token] = /^Bearer (.+)$/.exec(header ?? "") ?? [];
    if (token === undefined) throw new GoogleError("UNAUTHENTICATED", MISSING);
    const given = this.#given.get(token);
    if (given && given.until > Date.now()) {
      const email = given.member.replace(/^serviceAccount:/, "");
      const uniqueId = this.#iam.deletedId(email);
      if (uniqueId !== undefined) throw accountDeleted({ email, uniqueId });
      return given.member;
    }
    const known = this.#verified.get(token);
    if (known && known.until > Date.now() && this.#iam.usableKey(known.keyId)) return known.member;
    const signed = await this.#signed(token, (id) => this.#iam.usableKey(id));
    if (signed && signed.scope === SCOPE && signed.iss === signed.sub) {
      this.#verified.set(token, { keyId: signed.keyId, member: signed.member, until: signed.exp * 1000 });
      return signed.member;
    }
    const deleted = await this.#deletedSigner(token);
    throw deleted ? accountDeleted(deleted) : new GoogleError("UNAUTHENTICATED", INVALID);
  }

  /**
   * The token endpoint: exchanges an assertion signed by a key for an access token.
   * @returns a string with the reason if Google answers `invalid_grant`
   */
  async exchange(assertion: string, audience: string): Promise<{ token: string; seconds: number } | string> {
    const signed = await this.#signed(assertion, (id) => this.#iam.usableKey(id));
    // Some libraries use the key file's token_uri, others Google's own.
    if (signed && (signed.aud === audience || signed.aud === "https://oauth2.googleapis.com/token")) return this.give(signed.member);
    return (await this.#deletedSigner(assertion)) ? "Invalid grant: account not found" : "Invalid JWT Signature.";
  }

  /** The owner of the signing key, if that account is deleted. */
  async #deletedSigner(token: string): Promise<{ email: string; uniqueId: string } | undefined> {
    let found: { email: string; uniqueId: string } | undefined;
    const signed = await this.#signed(token, (id) => {
      const key = this.#iam.deletedKey(id);
      found = key;
      return key && { email: key.email, publicKey: createPublicKey(key.publicKey) };
    });
    return signed && found;
  }

  async #signed(token: string, keyOf: (id: string) => { email: string; publicKey: KeyObject } | undefined) {
    try {
      const { header } = decode(token);
      const keyId = "kid" in header ? String(header.kid) : "";
      const key = keyOf(keyId);
      if (!key) return undefined;
      const claims = await verify(token, key.publicKey.export({ type: "spki", format: "pem" }).toString(), "RS256");
      if (claims.iss !== key.email) return undefined;
      const { iss, sub, aud, scope, exp } = claims as { iss?: string; sub?: string; aud?: string; scope?: string; exp?: number };
      return { keyId, member: `serviceAccount:${key.email}`, iss, sub, aud, scope, exp: exp ?? 0 };
    } catch {
      return undefined;
    }
  }
}

function accountDeleted({ email, uniqueId }: { email: string; uniqueId: string }): GoogleError {
  return new GoogleError("UNAUTHENTICATED", `Account deleted: ${uniqueId}`, [errorInfo("ACCOUNT_STATE_INVALID", { email })]);
}
