/** Network errors, by their codes in Node, its fetch (undici) and its TLS. */
const NETWORK =
  /^(E[A-Z]+|UND_ERR_.*|HPE_.*|ERR_(SSL|TLS)_.*|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP2_.*|CERT_.*|DEPTH_.*|HOSTNAME_MISMATCH|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

/** Errors that occur before anything was sent. */
const BEFORE_SENDING = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** The code of a network error, from anywhere in the chain of causes; `undefined` if there is none. */
export function networkCode(error: Error): string | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { code } = each as { code?: unknown };
    if (typeof code === "string" && NETWORK.test(code)) return code;
  }
  return undefined;
}

/** Whether the other side certainly did not get the request. */
export function isUnsent(code: string): boolean {
  return BEFORE_SENDING.has(code);
}
