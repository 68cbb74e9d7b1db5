import type { BucketSize, TokenBucket } from "../cloud/tokenBucket";

/**
 * How many calls Resource Manager accepts from one principal in a subscription
 * (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling), and how many creations and deletions of
 * container groups it accepts (https://learn.microsoft.com/azure/container-instances/container-instances-resource-and-quota-limits).
 *
 * The bursts are a tenth smaller than Azure's, because calls that are sent evenly may arrive together.
 */
const SIZES = {
  reads: { burst: 225, perSecond: 25 },
  writes: { burst: 180, perSecond: 10 },
  deletes: { burst: 180, perSecond: 10 },
  createsAnHour: { burst: 300, perSecond: 300 / 3600 },
  createsInFiveMinutes: { burst: 100, perSecond: 100 / 300 },
  deletesAnHour: { burst: 300, perSecond: 300 / 3600 },
  deletesInFiveMinutes: { burst: 100, perSecond: 100 / 300 },
  /** Log Analytics: 200 queries in 30 seconds. */
  queries: { burst: 50, perSecond: 6 },
} as const satisfies Record<string, BucketSize>;

export type AciBucket = keyof typeof SIZES;

/** The caller whose calls are counted. */
export interface Caller {
  subscription: string;
  /** The application, or the caller's own login. */
  principal: string;
  /** Region of the container group; absent: unknown. */
  location?: string | undefined;
}

/** Resource Manager counts the calls of each principal, Container Instances all calls in a region. */
export function aciBucket(name: AciBucket, { subscription, principal, location = "" }: Caller): TokenBucket {
  const owner = OF_REGION.test(name) ? `${subscription}/${location.toLowerCase().replaceAll(" ", "")}` : `${principal}/${subscription}`;
  return { key: `aci/bucket/${name}/${owner}`, ...SIZES[name] };
}

export function queryBucket(workspace: string): TokenBucket {
  return { key: `aci/bucket/queries/${workspace}`, ...SIZES.queries };
}

const OF_REGION = /^(creates|deletes)(AnHour|InFiveMinutes)$/;

/** The buckets that a refusal is about, by Azure's words. */
export function refusedBuckets({ message }: { message: string }, buckets: readonly TokenBucket[]): readonly TokenBucket[] {
  const named = (part: string) => buckets.filter(({ key }) => key.includes(part));
  const [, hours] = /time interval '(\d\d):\d\d:\d\d'/.exec(message) ?? [];
  const found = hours === undefined ? [] : named(hours === "01" ? "AnHour/" : "InFiveMinutes/");
  if (found.length > 0) return found;
  // It names no quota, so it may be any. But an empty bucket of the hour would delay the next call for long.
  const own = buckets.filter(({ key }) => !key.includes("AnHour/"));
  return message.includes("SubscriptionRequestsThrottled") ? own.filter(({ key }) => !key.includes("InFiveMinutes/")) : own;
}

/** Headers that say how many calls are left, by the method of the call. */
const LEFT: Record<string, Record<string, AciBucket>> = {
  GET: { "x-ms-ratelimit-remaining-subscription-reads": "reads", "x-ms-ratelimit-remaining-subscription-global-reads": "reads" },
  POST: { "x-ms-ratelimit-remaining-subscription-writes": "writes", "x-ms-ratelimit-remaining-subscription-global-writes": "writes" },
  PUT: {
    "x-ms-ratelimit-remaining-subscription-writes": "writes",
    "x-ms-ratelimit-remaining-subscription-global-writes": "writes",
    "x-ms-ratelimit-remaining-subscription-resource-requests-pt1h": "createsAnHour",
    "x-ms-ratelimit-remaining-subscription-resource-requests-pt5m": "createsInFiveMinutes",
  },
  DELETE: {
    "x-ms-ratelimit-remaining-subscription-deletes": "deletes",
    "x-ms-ratelimit-remaining-subscription-global-deletes": "deletes",
    "x-ms-ratelimit-remaining-subscription-resource-requests-pt1h": "deletesAnHour",
    "x-ms-ratelimit-remaining-subscription-resource-requests-pt5m": "deletesInFiveMinutes",
  },
};

/**
 * What a reply says about the calls that are left, if they are few. A high number says nothing, because Azure counts in several places.
 * @param header of the reply
 */
export function leftBy(method: string, header: (name: string) => string | undefined): [AciBucket, number][] {
  return Object.entries(LEFT[method] ?? {}).flatMap(([name, bucket]) => {
    const left = Number(header(name) ?? Number.NaN);
    return left < SIZES[bucket].burst / 4 ? [[bucket, left] as [AciBucket, number]] : [];
  });
}
