/** An idempotency key that this page makes, so that a request without an answer can be sent again. It has no meaning for the reader. */
export function newOwnKey(): string {
  return `page-${crypto.randomUUID()}`;
}

export function isOwnKey(key: string): boolean {
  return /^page-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);
}
