import { setTimeout as sleep } from "node:timers/promises";
import type { SharedNotes } from "../target";

/** Quotas that Google counts by project and region (https://cloud.google.com/run/quotas). */
export type Quota = "read" | "write" | "run";

/** Calls a minute that Google grants to begin with. Many projects have more, so nobody is held to it before Google says so. */
const USUAL: Record<Quota, number> = { read: 3000, write: 180, run: 180 };
/** How long after Google's last "too many" calls are spread out, in milliseconds: it counts by the minute. */
const SPREAD_FOR = 60_000;

interface Spread {
  /** Until when calls are spread out. */
  until: number;
  /** When the next call may go. */
  next: number;
}

/**
 * Wait for this call's turn. Full speed until Google says "too many"; from then on, for a minute, every process that uses the ledger takes its
 * turn at the quota's own rate, so that many of them do not knock all at once.
 */
export async function waitForTurn(notes: SharedNotes, place: string, quota: Quota, signal?: AbortSignal): Promise<void> {
  const key = keyOf(place, quota);
  for (;;) {
    const text = await notes.readNote(key);
    const now = Date.now();
    const spread = text === undefined ? undefined : (JSON.parse(text) as Spread);
    if (!spread || now >= spread.until) return;
    const turn = Math.max(now, spread.next);
    const taken = JSON.stringify({ until: spread.until, next: turn + 60_000 / USUAL[quota] });
    if (!(await notes.swapNote(key, text, taken))) continue;
    if (turn > now) await sleep(turn - now, undefined, signal ? { signal } : {});
    return;
  }
}

/** Google said "too many": spread the calls of all processes out. */
export async function slowDown(notes: SharedNotes, place: string, quota: Quota): Promise<void> {
  const key = keyOf(place, quota);
  const text = await notes.readNote(key);
  const now = Date.now();
  const spread = text === undefined ? undefined : (JSON.parse(text) as Spread);
  const next = spread && spread.until > now ? spread.next : now + 60_000 / USUAL[quota];
  // Lost to another process: it has said the same.
  await notes.swapNote(key, text, JSON.stringify({ until: now + SPREAD_FOR, next }));
}

function keyOf(place: string, quota: Quota): string {
  return `cloud-run/spread/${quota}/${place}`;
}

/** Reads of Cloud Logging that may come at once, and that are added a minute: in sum no more in any minute than Google's 60 (https://cloud.google.com/logging/quotas). */
const LOG_BURST = 20;
const LOG_READS = 40;

/** Take one read of Cloud Logging out of the project's budget, which all processes share; `false` if it is used up for now. */
export async function takeLogRead(notes: SharedNotes, project: string): Promise<boolean> {
  const key = `cloud-run/log-reads/${project}`;
  for (;;) {
    const text = await notes.readNote(key);
    const now = Date.now();
    const { left, at } = text === undefined ? { left: LOG_BURST, at: now } : (JSON.parse(text) as { left: number; at: number });
    const refilled = Math.min(LOG_BURST, left + (Math.max(0, now - at) * LOG_READS) / 60_000);
    if (refilled < 1) return false;
    if (await notes.swapNote(key, text, JSON.stringify({ left: refilled - 1, at: now }))) return true;
  }
}
