import type { Federation } from "../../model/federation";
import { quoted } from "../../shown";

/** The claims of an identity token that a trust is about. */
export interface IdentityClaims {
  iss?: string;
  sub?: string;
  aud?: string | string[];
  /** Seconds since 1970. */
  exp?: number;
}

/**
 * The claims of a token, for messages only: the signature is not checked here, the cloud does that.
 * @returns `undefined` if it is not a JSON Web Token
 */
export function claimsOf(token: string): IdentityClaims | undefined {
  const [, payload, signature, ...more] = token.split(".");
  if (payload === undefined || signature === undefined || more.length > 0) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? (claims as IdentityClaims) : undefined;
  } catch {
    return undefined;
  }
}

/** The conditions of a trust, in the order in which clouds check them. */
export type Condition = "issuer" | "expiry" | "audience" | "subject";

/** Which condition of a trust a token does not meet: what was sent, and what the trust asks for. */
export interface Unmet {
  condition: Condition;
  says: string;
}

/**
 * The first condition of a trust that a token does not meet; `undefined`: it meets all that the manifest knows.
 * @param now in milliseconds
 */
export function unmetBy(claims: IdentityClaims, { issuer, audience, subjects }: Federation, now: number): Unmet | undefined {
  if (claims.iss !== issuer)
    return { condition: "issuer", says: `the identity token is from issuer ${shown(claims.iss)}, but the trust requires ${shown(issuer)}` };
  if (claims.exp !== undefined && claims.exp * 1000 <= now)
    return { condition: "expiry", says: `the identity token expired at ${new Date(claims.exp * 1000).toISOString()}` };
  const sent = [claims.aud ?? []].flat();
  if (!sent.some((each) => sameAudience(each, audience)))
    return {
      condition: "audience",
      says: `the identity token is for audience ${sent.map(shown).join(", ") || "none"}, but the trust requires ${shown(audience)}`,
    };
  if (!subjects.some((pattern) => matches(claims.sub ?? "", pattern)))
    return {
      condition: "subject",
      says: `the subject of the identity token is ${shown(claims.sub)}, but the trust requires ${subjects.map(shown).join(" or ")}`,
    };
  return undefined;
}

/** Google accepts its own audience with and without the protocol. */
function sameAudience(one: string, other: string): boolean {
  return one.replace(/^https:(?=\/\/iam\.)/, "") === other.replace(/^https:(?=\/\/iam\.)/, "");
}

/** Compare with a pattern in which `*` matches any characters. */
function matches(text: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}

/** A claim in a message. It shows only the first letter and the domain of an e-mail address: logs may be public. */
export function shown(claim: string | undefined): string {
  if (claim === undefined || claim === "") return "none";
  return quoted(claim.replaceAll(/([^\s@:/])[^\s@:/]*@(?=[^\s@:/]+\.[a-z]+)/gi, "$1…@"));
}
