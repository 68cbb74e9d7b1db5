import { setTimeout as sleep } from "node:timers/promises";
import type { Held, Note } from "./notes";

/** A piece of work that one process does, while the others wait for what comes of it. */
export interface Claim<T, Result> {
  /** Holds either a claim, or what came of the work. */
  note: Note<T>;
  /** What came of the work; `undefined`: the note is only a claim. */
  answer(value: T): Result | undefined;
  /** Whether a claim still holds. If not, the process that made it has died. */
  holds(claim: T): boolean;
  /** What a process that died may have done all the same; `undefined`: nothing. @default nothing */
  leftBy?(claim: T): Promise<Result | undefined>;
  /** The claim that this process makes. */
  claim(): T;
  /** Do the work. It has to replace its claim: by what came of it, or by nothing where it failed. */
  work(claim: Held<T>, value: T): Promise<Result>;
  /** How often to look whether another process is done, in milliseconds. */
  pause: number;
  signal?: AbortSignal;
}

export async function doOnce<T, Result>({ note, answer, holds, leftBy, claim, work, pause, signal }: Claim<T, Result>): Promise<Result> {
  for (;;) {
    signal?.throwIfAborted();
    const held = await note.held();
    if (held.value !== undefined) {
      const done = answer(held.value);
      if (done !== undefined) return done;
      if (holds(held.value)) {
        await sleep(pause, undefined, signal ? { signal } : {});
        continue;
      }
      const left = await leftBy?.(held.value);
      if (left !== undefined) return left;
    }
    const mine = claim();
    const claimed = await held.replace(mine);
    if (claimed) return work(claimed, mine);
  }
}
