/** Remove duplicates from sorted numbers. */
export function* distinct(sorted: Iterable<number>): Generator<number> {
  let last: number | undefined;
  for (const one of sorted) {
    if (one === last) continue;
    last = one;
    yield one;
  }
}
