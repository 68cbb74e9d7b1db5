import { setTimeout as sleep } from "node:timers/promises";

/**
 * Look until something is found, or must have appeared by now.
 * @param until the end of the time in which it may still be missing, in milliseconds since 1970
 * @param settle the length of that time, in milliseconds; it determines the pauses
 */
export async function lookFor<T>(
  look: () => Promise<T | undefined>,
  { until, settle, signal }: { until: number; settle: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  for (let pause = Math.min(250, settle / 4); ; pause = Math.min(pause * 1.5, 2_000)) {
    // Take the time before looking: a look that begins after the window sees everything that will ever be visible.
    const last = Date.now() >= until;
    const found = await look();
    if (found !== undefined || last) return found;
    await sleep(Math.max(1, Math.min(pause, until - Date.now())), undefined, signal ? { signal } : {});
  }
}
