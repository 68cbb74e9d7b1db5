export interface PageRequest<T> {
  size: number;
  token: string | undefined;
  /** The unique key of an item. */
  keyOf(item: T): string;
  /** Whether a token names the first item of its page, or the last item of the page before. */
  names: "first" | "lastBefore";
}

/** One page of a list. @returns `undefined` if the token names no item of the list */
export function pageOf<T>(
  all: readonly T[],
  { size, token, keyOf, names }: PageRequest<T>,
): { page: readonly T[]; next?: string } | undefined {
  const found = token === undefined ? undefined : all.findIndex((item) => keyOf(item) === token);
  if (found === -1) return undefined;
  const from = found === undefined ? 0 : names === "first" ? found : found + 1;
  const page = all.slice(from, from + size);
  const next = names === "first" ? all[from + size] : from + size < all.length ? page.at(-1) : undefined;
  return { page, ...(next === undefined ? {} : { next: keyOf(next) }) };
}
