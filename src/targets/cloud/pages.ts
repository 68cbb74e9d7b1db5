/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Where the next page begins; absent on the last page. */
  next?: string;
}

/** @param next of the reply; some clouds send "" for none */
export function pageOf<T>(items: T[], next: string | null | undefined): Page<T> {
  return { items, ...(next ? { next } : {}) };
}

/** The items of all pages, one page after the other. @param max the largest number of pages */
export async function* itemsOf<T>(page: (token?: string) => Promise<Page<T>>, max = Number.POSITIVE_INFINITY): AsyncGenerator<T> {
  let token: string | undefined;
  for (let pages = 0; pages < max; pages++) {
    const { items, next } = await page(token);
    yield* items;
    if (next === undefined) return;
    token = next;
  }
}

export async function allItems<T>(page: (token?: string) => Promise<Page<T>>, max?: number): Promise<T[]> {
  const all: T[] = [];
  for await (const item of itemsOf(page, max)) all.push(item);
  return all;
}

export function inBatches<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
