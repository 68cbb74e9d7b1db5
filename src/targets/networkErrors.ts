/** Errors of the network, by their codes in Node, its fetch (undici) and its TLS. */
const NETWORK = /^(E[A-Z]+|UND_ERR_.*|CERT_.*|DEPTH_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

/** Those that come before anything was sent. */
const BEFORE_SENDING = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);

/** What went wrong with the network, by its code, wherever in the chain of causes it is told; `undefined` if nothing did. */
export function networkCode(error: Error): string | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { code } = each as { code?: unknown };
    if (typeof code === "string" && NETWORK.test(code)) return code;
  }
  return undefined;
}

/** Whether the other side cannot have heard of it. */
export function isUnsent(code: string): boolean {
  return BEFORE_SENDING.has(code);
}
