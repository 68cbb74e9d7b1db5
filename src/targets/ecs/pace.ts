import { setTimeout as sleep } from "node:timers/promises";
import type { SharedNotes } from "../target";

/** What AWS counts by account and region (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html): calls at once, and calls a second after that.
 * A tenth of what goes at once is left over, so that calls which leave in time but arrive in bunches are not too many.
 */
const BUCKETS = {
  /** RunTask, StopTask. */
  modify: { burst: 90, perSecond: 40 },
  /** What Fargate launches. */
  launch: { burst: 90, perSecond: 20 },
  /** DescribeTasks, ListTasks. */
  read: { burst: 90, perSecond: 20 },
  /** RegisterTaskDefinition, DeregisterTaskDefinition. */
  register: { burst: 18, perSecond: 1 },
  describeDefinition: { burst: 45, perSecond: 20 },
  /** FilterLogEvents: 5 a second in small regions, 10 in large ones. */
  logs: { burst: 5, perSecond: 5 },
} as const;

export type Bucket = keyof typeof BUCKETS;

/**
 * Wait for this call's turn: all processes that use the ledger draw from one bucket, which is as large as AWS' own.
 * The note is the time when the bucket will be full again, in milliseconds.
 */
export async function waitForTurn(notes: SharedNotes, place: string, bucket: Bucket, signal?: AbortSignal): Promise<void> {
  const { burst, perSecond } = BUCKETS[bucket];
  const each = 1000 / perSecond;
  const key = keyOf(place, bucket);
  for (;;) {
    const text = await notes.readNote(key);
    const now = Date.now();
    const full = Math.max(now, text === undefined ? 0 : Number(text)) + each;
    if (!(await notes.swapNote(key, text, String(full)))) continue;
    const wait = full - now - burst * each;
    if (wait > 0) await sleep(wait, undefined, signal ? { signal } : {});
    return;
  }
}

/** AWS said "Rate exceeded": others draw from its bucket too. For all processes it is empty now. */
export async function emptied(notes: SharedNotes, place: string, bucket: Bucket): Promise<void> {
  const { burst, perSecond } = BUCKETS[bucket];
  const key = keyOf(place, bucket);
  const text = await notes.readNote(key);
  const full = Date.now() + (burst * 1000) / perSecond;
  // Lost to another process: it has drawn or said the same.
  if (text === undefined || Number(text) < full) await notes.swapNote(key, text, String(full));
}

function keyOf(place: string, bucket: Bucket): string {
  return `ecs/bucket/${bucket}/${place}`;
}
