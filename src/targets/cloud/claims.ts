import { setTimeout as sleep } from "node:timers/promises";
import type { Note } from "./notes";

/** Work that one process does, while the others wait for its result. */
export interface Claim<T extends { at: number }, Result> {
  /** Contains either a claim, or the result of the work. */
  note: Note<T>;
  /** The result of the work; `undefined` if the note is only a claim. */
  answer(value: T): Result | undefined;
  /** Whether a claim is still valid. If not, the process that made it has died. @param now by the clock of the note */
  holds(claim: T, now: number): boolean;
  /** What a dead process may have completed; `undefined`: nothing. @default nothing */
  leftBy?(claim: T): Promise<Result | undefined>;
  /** The claim of this process. @param now for `at`, by the clock of the note */
  claim(now: number): T;
  /** Do the work. It must replace its claim by the result, or remove it after a failure. */
  work(own: OwnClaim<T>): Promise<Result>;
  /** How often to check whether another process is done, in milliseconds. */
  pause: number;
  signal?: AbortSignal;
}

/** The claim of this process. */
export interface OwnClaim<T> {
  readonly value: T;
  /**
   * Renew the claim. Called just before each try of the work, however long it has waited for its turn: so the work never runs without a
   * valid claim.
   * @throws {TakenOver} if another process has taken this one for dead, and now does the work
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
      if (holds(held.value, note.now())) {
        await sleep(pause, undefined, signal ? { signal } : {});
        continue;
      }
      const left = await leftBy?.(held.value);
      if (left !== undefined) return left;
    }
    const value = claim(note.now());
    let mine = await held.replace(value);
    if (!mine) continue;
    try {
      return await work({
        value,
        renew: async () => {
          mine = await mine?.replace({ ...value, at: note.now() });
          if (!mine) throw new TakenOver();
        },
        replace: async (next) => void (await mine?.replace(next)),
      });
    } catch (error) {
      if (!(error instanceof TakenOver)) throw error;
    }
  }
}
