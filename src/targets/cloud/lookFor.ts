import { setTimeout as sleep } from "node:timers/promises";

/** When to look, in milliseconds. Each pause is longer than the one before, up to the longest. */
export interface Looking {
  /** No look begins later, in milliseconds since 1970. @default for ever */
  until?: number;
  first: number;
  longest: number;
  signal?: AbortSignal | undefined;
}

/** Look until something is found, or the time is over. @returns `undefined` if the last look has found nothing */
export async function lookFor<T>(
  look: () => Promise<T | undefined>,
  { until = Number.POSITIVE_INFINITY, first, longest, signal }: Looking,
): Promise<T | undefined> {
  for (let pause = first; ; pause = Math.min(pause * 1.5, longest)) {
    // Take the time before looking: a look that begins after the window sees everything that will ever be visible.
    const last = Date.now() >= until;
    const found = await look();
    if (found !== undefined || last) return found;
    await sleep(Math.max(1, Math.min(pause, until - Date.now())), undefined, signal ? { signal } : {});
  }
}

/** How to look for something new. @param settle for so long it may be invisible, in milliseconds */
export function whileSettling(settle: number, signal: AbortSignal | undefined): Looking {
  return { until: Date.now() + settle, first: Math.min(250, settle / 4), longest: 2_000, signal };
}
