import type { BucketSize, TokenBucket } from "../cloud/tokenBucket";

/**
 * AWS' quotas by account and region (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html).
 *
 * A tenth of each burst stays unused: calls that are sent evenly may arrive in bursts.
 */
const SIZES = {
  /** RunTask, StopTask. */
  modify: { burst: 90, perSecond: 40 },
  /** Launches on Fargate. */
  launch: { burst: 90, perSecond: 20 },
  /** DescribeTasks, ListTasks. */
  read: { burst: 90, perSecond: 20 },
  /** RegisterTaskDefinition, DeregisterTaskDefinition. */
  register: { burst: 18, perSecond: 1 },
  describeDefinition: { burst: 45, perSecond: 20 },
  /** FilterLogEvents: 5 a second in small regions, 10 in large ones. */
  logs: { burst: 5, perSecond: 5 },
} as const satisfies Record<string, BucketSize>;

export type EcsBucket = keyof typeof SIZES;

/** @param place whose account and region */
export function ecsBucket(name: EcsBucket, place: string): TokenBucket {
  return { key: `ecs/bucket/${name}/${place}`, ...SIZES[name] };
}
