import { setTimeout as sleep } from "node:timers/promises";
import type { Note } from "./notes";

/** A piece of work that one process does, while the others wait for what comes of it. */
export interface Claim<T extends { at: number }, Result> {
  /** Holds either a claim, or what came of the work. */
  note: Note<T>;
  /** What came of the work; `undefined`: the note is only a claim. */
  answer(value: T): Result | undefined;
  /** Whether a claim still holds. If not, the process that made it has died. */
  holds(claim: T): boolean;
  /** What a process that died may have done all the same; `undefined`: nothing. @default nothing */
  leftBy?(claim: T): Promise<Result | undefined>;
  /** The claim that this process makes. `at`: now, in milliseconds. */
  claim(): T;
  /** Do the work. It has to replace its claim: by what came of it, or by nothing where it failed. */
  work(own: OwnClaim<T>): Promise<Result>;
  /** How often to look whether another process is done, in milliseconds. */
  pause: number;
  signal?: AbortSignal;
}

/** The claim that this process has made. */
export interface OwnClaim<T> {
  readonly value: T;
  /**
   * The claim holds from now on. Called just before each try of the work, however long it has waited for its turn: so the work is never
   * under way without a claim that holds.
   * @throws {TakenOver} where another process has taken this one for dead: the work is that one's now
   */
  renew(): Promise<void>;
  replace(next: T | undefined): Promise<void>;
}

/** Another process has taken this one for dead, and does the work. */
class TakenOver extends Error {}

export async function doOnce<T extends { at: number }, Result>(of: Claim<T, Result>): Promise<Result> {
  const { note, answer, holds, leftBy, claim, work, pause, signal } = of;
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
    const value = claim();
    let mine = await held.replace(value);
    if (!mine) continue;
    try {
      return await work({
        value,
        renew: async () => {
          mine = await mine?.replace({ ...value, at: Date.now() });
          if (!mine) throw new TakenOver();
        },
        replace: async (next) => void (await mine?.replace(next)),
      });
    } catch (error) {
      if (!(error instanceof TakenOver)) throw error;
    }
  }
}
