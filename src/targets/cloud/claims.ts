import { setTimeout as sleep } from "node:timers/promises";
import { LedgerError } from "../../userError";
import type { HeldNote, Note } from "./notes";

/** How long ago a claim may have been renewed if the work begins, in milliseconds. */
const FRESH = 5_000;
/** The most renewals before one request. If each took too long, the ledger is too slow to send anything safely. */
const MAX_RENEWALS = 10;

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
  /**
   * Whether the work may begin before the claim is known to be this process's. Then it must do nothing that may be done only once before it
   * has called `renew`. Where the notes keep the order, the claim and the first writes of the work are one step. @default false
   */
  mayBegin?: boolean;
  /** How often to check whether another process is done, in milliseconds. */
  pause: number;
  signal?: AbortSignal;
}

/** The claim of this process. */
export interface OwnClaim<T> {
  readonly value: T;
  /**
   * Renew the claim. Called just before each try of the work, however long it has waited for its turn and its login: so the work never runs
   * without a valid claim.
   * @throws {TakenOver} if another process has taken this one for dead, and now does the work
   * @throws {LedgerError} if each write takes too long
   */
  renew(): Promise<void>;
  replace(next: T | undefined): Promise<void>;
}

/** Another process has taken this one for dead, and does the work. */
class TakenOver extends Error {}

export async function doOnce<T extends { at: number }, Result>(of: Claim<T, Result>): Promise<Result> {
  const { note, answer, holds, leftBy, claim, work, mayBegin = false, pause, signal } = of;
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
    const { claimed, own } = claiming(held, claim(note.now()), note);
    if (!mayBegin && !(await claimed)) continue;
    try {
      return await work(own);
    } catch (error) {
      if ((await claimed) && !(error instanceof TakenOver)) throw error;
    }
  }
}

/** Claim the work. @returns `claimed`: whether this process has the claim */
function claiming<T extends { at: number }>(held: HeldNote<T>, value: T, note: Note<T>): { claimed: Promise<boolean>; own: OwnClaim<T> } {
  let mine = held;
  const put = (next: T | undefined) => {
    const { after, written } = mine.replacing(next);
    mine = after;
    return written;
  };
  const claimed = put(value);
  // It is heard once the work has ended.
  claimed.catch(() => {});
  const own: OwnClaim<T> = {
    value,
    renew: async () => {
      for (let times = 0; times < MAX_RENEWALS; times += 1) {
        const at = await note.timeNow();
        const renewed = await Promise.all([claimed, put({ ...value, at })]);
        if (renewed.includes(false)) throw new TakenOver();
        // If this machine slept, this process was stopped, or the write has waited for its database, the claim is old already.
        if ((await note.timeNow()) - at < FRESH) return;
      }
      const slow = `the ledger took more than ${FRESH / 1000} s for each of ${MAX_RENEWALS} writes`;
      throw new LedgerError(`${slow}: the request was not sent. Check its database and the network to it, then repeat the command`, 5);
    },
    replace: async (next) => void (await put(next)),
  };
  return { claimed, own };
}
