/** Network errors, by their codes in Node, its fetch (undici) and its TLS. */
const NETWORK =
  /^(E[A-Z]+|UND_ERR_.*|HPE_.*|ERR_(SSL|TLS)_.*|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP2_.*|CERT_.*|DEPTH_.*|HOSTNAME_MISMATCH|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

/** Errors that occur before anything was sent. */
const BEFORE_SENDING = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

/** Errors about the other side's certificate. It is checked before anything is sent. */
const CERTIFICATE =
  /^(CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_(GET_ISSUER|VERIFY|DECRYPT|DECODE)_.*|ERR_TLS_CERT_.*|HOSTNAME_MISMATCH)$/;

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
  return BEFORE_SENDING.has(code) || isUntrusted(code);
}

/** Whether this machine does not trust the other side's certificate. */
export function isUntrusted(code: string): boolean {
  return CERTIFICATE.test(code);
}
