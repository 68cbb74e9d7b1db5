import type { BucketSize, TokenBucket } from "../cloud/tokenBucket";

/**
 * Many projects have larger quotas than the default. Calls are therefore spread out only for a minute after Google has refused one, since
 * it counts by the minute.
 */
const AFTER_REFUSAL = { burst: 1, afterRefusal: 60_000 };

/** Google's quotas by project and region (https://cloud.google.com/run/quotas), and that of Cloud Logging. */
const SIZES = {
  read: { ...AFTER_REFUSAL, perSecond: 3000 / 60 },
  write: { ...AFTER_REFUSAL, perSecond: 180 / 60 },
  run: { ...AFTER_REFUSAL, perSecond: 180 / 60 },
  /** By project. In any minute at most Google's 60 (https://cloud.google.com/logging/quotas). */
  logReads: { burst: 20, perSecond: 40 / 60 },
} as const satisfies Record<string, BucketSize>;

export type CloudRunBucket = keyof typeof SIZES;

/** @param place `projects/P/locations/R`, or the project of `logReads` */
export function cloudRunBucket(name: CloudRunBucket, place: string): TokenBucket {
  return { key: `cloud-run/bucket/${name}/${place}`, ...SIZES[name] };
}
