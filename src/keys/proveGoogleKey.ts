import { createSign } from "node:crypto";
import { ask, type KeyProven, KeyRefused, type KeyToProve, timeOf } from "./keyRefused";

/**
 * Prove the key of a service account: exchange an assertion that it signs for an access token, which needs no permission
 * (https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests).
 * @param clockOffset the cloud's clock minus this machine's, in milliseconds: Google refuses assertions of another time
 * @throws {KeyRefused}
 */
export async function proveGoogleKey(key: KeyToProve<"privateKey", "email">, clockOffset = 0): Promise<KeyProven> {
  const assertion = assertionOf(key, Date.now() + clockOffset);
  const body = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion });
  const { response, text } = await ask(key.service, { method: "POST", body });
  if (response.ok) return { provenAt: timeOf(response) };
  const { error = `HTTP ${response.status}`, description } = errorOf(text);
  const offset = Date.parse(response.headers.get("date") ?? "") - Date.now();
  // The assertion had the wrong time: it is made again with Google's time, once.
  if (clockOffset === 0 && Math.abs(offset) > 60_000) return proveGoogleKey(key, offset);
  // Google is eventually consistent: it does not know a young key everywhere.
  throw new KeyRefused(`${error}${description === "" ? "" : `: ${description}`}`, response.status >= 500 || error === "invalid_grant");
}

function assertionOf({ keyId, key: { privateKey }, service, place: { email } }: KeyToProve<"privateKey", "email">, now: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const seconds = Math.floor(now / 1000);
  const claims = { iss: email, scope: "https://www.googleapis.com/auth/cloud-platform", aud: service, iat: seconds, exp: seconds + 3600 };
  const signed = `${part({ alg: "RS256", typ: "JWT", kid: keyId })}.${part(claims)}`;
  try {
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
  } catch {
    // The parser's own message could quote a part of the key.
    throw new KeyRefused("the private key is not in PEM format", false);
  }
}

function errorOf(text: string): { error?: string; description: string } {
  try {
    const { error, error_description: description = "" } = JSON.parse(text) as { error?: string; error_description?: string };
    return { ...(error === undefined ? {} : { error }), description: description.replaceAll(/\s+/g, " ") };
  } catch {
    return { description: "" };
  }
}
