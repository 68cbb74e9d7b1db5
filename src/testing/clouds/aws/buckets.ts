import { throttled } from "./awsError";
import type { Bucket } from "./awsOptions";

type Size = { burst: number; perSecond: number };

/** AWS' token buckets: each holds so many calls, and refills every second. */
export class Buckets {
  readonly #sizes: Partial<Record<Bucket, Size>>;
  readonly #levels = new Map<Bucket, { level: number; at: number }>();

  constructor(sizes: Partial<Record<Bucket, Size>>) {
    this.#sizes = sizes;
  }

  /** @throws {AwsError} if it is empty */
  take(bucket: Bucket): void {
    const size = this.#sizes[bucket];
    if (!size) return;
    const now = Date.now();
    const { level, at } = this.#levels.get(bucket) ?? { level: size.burst, at: now };
    const filled = Math.min(size.burst, level + ((now - at) * size.perSecond) / 1000);
    this.#levels.set(bucket, { level: filled < 1 ? filled : filled - 1, at: now });
    if (filled < 1) throw throttled();
  }
}
