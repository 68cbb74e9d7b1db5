/** How many calls a cloud allows: a burst at once, then so many a second. */
export interface BucketSize {
  burst: number;
  perSecond: number;
}

/** A fake cloud's token buckets. Each is full at the beginning. */
export class TokenBuckets {
  readonly #levels = new Map<string, { level: number; at: number }>();

  /** Take one call. @returns how many calls are left; below 0: none was, and nothing was taken */
  take(key: string, { burst, perSecond }: BucketSize): number {
    const now = Date.now();
    const { level, at } = this.#levels.get(key) ?? { level: burst, at: now };
    const filled = Math.min(burst, level + ((now - at) * perSecond) / 1000);
    this.#levels.set(key, { level: filled < 1 ? filled : filled - 1, at: now });
    return filled - 1;
  }
}
