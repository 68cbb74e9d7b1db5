import { setTimeout as sleep } from "node:timers/promises";
import type { SharedNotes } from "../target";
import { inTurn, jsonNote, timeOf } from "./notes";

/** How many calls a cloud allows: a burst at once, then so many a second. */
export interface BucketSize {
  burst: number;
  perSecond: number;
  /** Count calls only for this long after the cloud has refused one, in milliseconds. @default always */
  afterRefusal?: number;
}

/** A bucket that all processes of a ledger share. */
export interface TokenBucket extends BucketSize {
  /** The key of its note: the cloud, the kind of call, and the owner of the quota. */
  key: string;
}

/**
 * Take one call from each bucket, one after the other, and wait each time until it may go. Those without a wait are one write, if the notes
 * keep the order.
 *
 * The note is the time when the bucket will be full again, in milliseconds. An unused bucket therefore needs no writes.
 * @param onWait called if it has to wait
 */
export async function waitForTurns(
  notes: SharedNotes,
  buckets: readonly TokenBucket[],
  { signal, onWait }: { signal?: AbortSignal | undefined; onWait?: (bucket: TokenBucket) => void } = {},
): Promise<void> {
  let left = await counting(notes, buckets);
  while (left.length > 0) {
    const waits = await takeFrom(notes, left);
    const [wait = 0, last] = [waits.at(-1), left[waits.length - 1]];
    left = left.slice(waits.length);
    if (wait <= 0 || !last) continue;
    onWait?.(last);
    await sleep(withOthers(wait, timeOf(notes)), undefined, signal ? { signal } : {});
  }
}

/** The buckets that limit calls now. */
async function counting(notes: SharedNotes, buckets: readonly TokenBucket[]): Promise<TokenBucket[]> {
  const limiting: TokenBucket[] = [];
  for (const bucket of buckets) {
    const isIdle = bucket.afterRefusal !== undefined && timeOf(notes) >= ((await countedUntil(notes, bucket).value()) ?? 0);
    if (!isIdle) limiting.push(bucket);
  }
  return limiting;
}

/**
 * Take one call from each bucket up to the first with a wait: what comes after it is counted when the call goes.
 * @returns the wait of each, in milliseconds
 */
async function takeFrom(notes: SharedNotes, buckets: readonly TokenBucket[]): Promise<number[]> {
  const waits: number[] = [];
  await inTurn(
    notes,
    buckets.map(
      (bucket, n) => () =>
        fullAt(notes, bucket).rewrite((full) => {
          // A write may be done again, after the ones before it.
          waits.length = Math.min(waits.length, n);
          if (waits.length < n || (waits[n - 1] ?? 0) > 0) return full;
          const now = timeOf(notes);
          waits.push(waitOf(bucket, full ?? 0, now));
          return drawn(bucket, full ?? 0, now);
        }),
    ),
  );
  return waits;
}

/**
 * How often calls go that have waited, in milliseconds. Several together take less processor time than one after another: they share
 * commits and wakeups. The unused tenth of each burst has room for them.
 */
const TOGETHER = 200;

/** The time until a call goes whose turn comes in `wait` milliseconds: a longer wait ends with those of other calls. */
function withOthers(wait: number, now: number): number {
  if (wait < TOGETHER) return wait;
  return Math.ceil((now + wait) / TOGETHER) * TOGETHER - now;
}

/** How many calls a bucket allows in the long run, in words: `25 a second`. */
export function rateOf({ perSecond }: BucketSize): string {
  return perSecond >= 1 ? `${perSecond} a second` : `${Math.round(perSecond * 3600)} an hour`;
}

/** Take one call from the bucket if it may go at once. @returns whether it may */
export async function tryTurn(notes: SharedNotes, bucket: TokenBucket): Promise<boolean> {
  let mayGo = false;
  await fullAt(notes, bucket).update((full) => {
    const now = timeOf(notes);
    mayGo = waitOf(bucket, full ?? 0, now) <= 0;
    return mayGo ? drawn(bucket, full ?? 0, now) : full;
  });
  return mayGo;
}

/** Note how many calls the cloud says are left: others use its quota too. @param left a number above the bucket's own changes nothing */
export async function lowered(notes: SharedNotes, bucket: TokenBucket, left: number): Promise<void> {
  const at = timeOf(notes) + ((bucket.burst - left) * 1000) / bucket.perSecond;
  await fullAt(notes, bucket).update((full = 0) => Math.max(full, at));
}

/**
 * Note that the cloud has refused a call: others use its quota too. The bucket is now empty for all processes.
 * @param retryAfter when the cloud accepts the next call, in milliseconds from now. @default when the bucket has one again
 */
export async function emptied(notes: SharedNotes, bucket: TokenBucket, retryAfter?: number): Promise<void> {
  const { perSecond, afterRefusal } = bucket;
  const now = timeOf(notes);
  await lowered(notes, bucket, retryAfter === undefined ? 0 : 1 - (retryAfter * perSecond) / 1000);
  if (afterRefusal !== undefined) await countedUntil(notes, bucket).update((until = 0) => Math.max(until, now + afterRefusal));
}

function drawn({ perSecond }: TokenBucket, full: number, now: number): number {
  return Math.max(now, full) + 1000 / perSecond;
}

function waitOf(bucket: TokenBucket, full: number, now: number): number {
  return drawn(bucket, full, now) - now - (bucket.burst * 1000) / bucket.perSecond;
}

function fullAt(notes: SharedNotes, { key }: TokenBucket) {
  return jsonNote<number>(notes, key);
}

function countedUntil(notes: SharedNotes, { key }: TokenBucket) {
  return jsonNote<number>(notes, `${key}/counted-until`);
}
