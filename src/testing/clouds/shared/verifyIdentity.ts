import { createPublicKey, createVerify } from "node:crypto";
import type { Json, JsonObject } from "../../../json";

/** The claims of a token whose signature is that of its issuer. */
export interface Identity {
  iss: string;
  sub: string;
  aud: string[];
  claims: JsonObject;
}

/** Why a token is not accepted. Each cloud has its own words for it. */
export type IdentityFault =
  | { fault: "malformed" }
  /** `exp` is over. Times in seconds. */
  | { fault: "expired"; now: number; exp: number }
  | { fault: "notYet" }
  | { fault: "unreachable"; issuer: string }
  /** No published key has the token's `kid`. */
  | { fault: "unknownKey"; kid: string }
  | { fault: "signature" };

/** How far the clocks of issuer and cloud may differ, in seconds. */
const SKEW = 5;

/**
 * Verify a token: its form, its times, and its signature with the keys that its issuer publishes.
 * @param issuers where the documents of issuers are, by `iss`, if not under the issuer's own URL
 */
export async function verifyIdentity(token: string, issuers: Readonly<Record<string, string>>): Promise<Identity | IdentityFault> {
  const parsed = parse(token);
  if (!parsed) return { fault: "malformed" };
  const { header, claims, text, signature } = parsed;
  const { iss, sub, exp, nbf, aud } = claims;
  if (header.alg !== "RS256" || typeof iss !== "string" || typeof sub !== "string" || typeof exp !== "number")
    return { fault: "malformed" };
  const now = Math.floor(Date.now() / 1000);
  if (exp <= now) return { fault: "expired", now, exp };
  if (typeof nbf === "number" && nbf > now + SKEW) return { fault: "notYet" };
  const keys = await publishedKeys(issuers[iss] ?? iss, iss);
  if (!keys) return { fault: "unreachable", issuer: iss };
  const kid = String(header.kid ?? "");
  const key = keys.find((each) => each.kid === kid);
  if (!key) return { fault: "unknownKey", kid };
  const publicKey = createPublicKey({ key: key as never, format: "jwk" });
  if (!createVerify("RSA-SHA256").update(text).verify(publicKey, signature)) return { fault: "signature" };
  return { iss, sub, aud: [aud ?? []].flat().map(String), claims };
}

function parse(token: string): { header: JsonObject; claims: JsonObject; text: string; signature: Buffer } | undefined {
  const [header, payload, signature, ...more] = token.split(".");
  if (!header || !payload || !signature || more.length > 0) return undefined;
  try {
    const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as JsonObject;
    return { header: read(header), claims: read(payload), text: `${header}.${payload}`, signature: Buffer.from(signature, "base64url") };
  } catch {
    return undefined;
  }
}

/** @returns `undefined` if the documents cannot be read, or are another issuer's */
async function publishedKeys(base: string, issuer: string): Promise<JsonObject[] | undefined> {
  try {
    const read = async (url: string) => (await (await fetch(url)).json()) as Record<string, Json>;
    const discovery = await read(`${base.replace(/\/$/, "")}/.well-known/openid-configuration`);
    if (discovery.issuer !== issuer) return undefined;
    return (await read(String(discovery.jwks_uri))).keys as JsonObject[];
  } catch {
    return undefined;
  }
}
