import { setTimeout as sleep } from "node:timers/promises";
import pRetry from "p-retry";
import { RetryNotices } from "../../retryNotices";
import type { SharedNotes, TargetAccess } from "../target";
import { CloudFailure, mayPass } from "./failure";
import { NotSent, withLastStep } from "./lastStep";
import { emptied, rateOf, type TokenBucket, waitForTurns } from "./tokenBucket";

/** How long one call may take, in milliseconds. */
export const CALL_TIMEOUT = 30_000;
/** How long to wait for credentials before a try, in milliseconds. */
const LOGIN_TIMEOUT = 30_000;
/** How long to repeat a call with a temporary failure, in milliseconds. */
const PERSEVERANCE = 180_000;
/**
 * Younger credentials and roles may not be effective everywhere, in milliseconds. Google's and Azure's roles take longest
 * (https://cloud.google.com/iam/docs/access-change-propagation).
 */
const YOUNG = 600_000;
/** How long an API that was enabled with the pool may be unknown, in milliseconds: Google asks to wait "a few minutes". */
const API_YOUNG = 300_000;
/** How long to retry eventual-consistency errors if the age of the credentials is unknown, in milliseconds. */
const PATIENCE = 5_000;
/** How often to ask whether young credentials that the cloud refuses were replaced meanwhile, in milliseconds. */
const ASK_PAUSE = 15_000;
/** Failures that do not come from a cloud that knows the caller. */
const NO_ANSWER: readonly string[] = ["unsent", "unclear", "unauthenticated"];

/** The caller, and how to read the failures of its calls. */
export interface Caller<Kind extends string> {
  /** The cloud's name in messages: "AWS". */
  cloud: string;
  /** Work pool name. */
  pool: string;
  /** When the credentials were created, in milliseconds. @default long ago */
  createdAt?: number | undefined;
  notes: SharedNotes;
  /** Reports to the user that calls are retried. */
  tell(message: string): void;
  /** See {@link TargetAccess.answered}. */
  answered?: TargetAccess["answered"] | undefined;
  /** See {@link TargetAccess.isReplaced}. */
  isReplaced?: TargetAccess["isReplaced"] | undefined;
  asFailure(error: unknown): CloudFailure<Kind>;
  /** Failures that a few retries fix. @default none */
  again?: { [K in Kind]?: Again<Kind> };
  /** Failures of this cloud that pass by themselves; nothing was done. @default there are none */
  passing?: readonly Kind[];
  /** Which of a call's buckets a `throttled` failure is about. @default all of them */
  refused?: (failure: CloudFailure<Kind>, buckets: readonly TokenBucket[]) => readonly TokenBucket[];
}

/** Who hears how calls go. */
export type CallListener = Pick<Caller<never>, "tell" | "answered" | "isReplaced">;

/** How often to retry after a failure. */
export interface Again<Kind extends string> {
  retries: number;
  /** Retry every so many milliseconds, too, as long as the pool is new: what the call needs is eventually consistent. @default no */
  everyWhileYoung?: number;
  /** The message to the user for the first of them. */
  tell: (failure: CloudFailure<Kind>) => string;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Whether the cloud recognizes a repeated request. If not, a call that may have succeeded is not repeated. @default true */
  repeatable?: boolean;
  /** How long to repeat the call at most, in milliseconds, however new the pool is. @default as long as that may help */
  patience?: number;
  /** Called before each try, once its turn has come. It may take its time. If it throws, the call is not made, and fails with this error. */
  beforeTry?: () => Promise<void>;
  /**
   * Called after everything that may wait (the turn, the credentials, `beforeTry`), right before the request is sent. If it throws, nothing is
   * sent, and the call fails with this error.
   */
  lastStep?: () => Promise<void>;
  /** Gets the credentials, so that the call itself sends at once. Its failures are those of the call. @default the call gets them */
  login?: () => Promise<unknown>;
}

/**
 * Make a call when its turn comes, and repeat it as long as that may help.
 * @param what its name in messages: `ecs:RunTask`
 * @param buckets the buckets from which it draws
 * @throws {CloudFailure}
 */
export type Call = <T>(what: string, buckets: readonly TokenBucket[], call: () => Promise<T>, options?: CallOptions) => Promise<T>;

export function openCalls<Kind extends string>(of: Caller<Kind>): Call {
  const {
    cloud,
    pool,
    createdAt,
    notes,
    tell,
    answered = () => {},
    isReplaced,
    asFailure,
    again = {},
    passing = [],
    refused = (_, buckets) => buckets,
  } = of;
  const notices = new RetryNotices(tell);
  const told = new Set<string>();
  const tellOnce = (subject: string, message: string) => {
    if (!told.has(subject)) tell(message);
    told.add(subject);
  };

  let askedAt: number | undefined;
  /** Whether nobody needs to wait for the credentials of this target: somebody has deleted a young key, and the pool has another one. */
  async function wereReplaced({ kind }: CloudFailure<Kind>): Promise<boolean> {
    const now = Date.now();
    // Mostly the cloud knows them a few seconds later.
    askedAt ??= now;
    if (kind !== "unauthenticated" || !isReplaced || now - askedAt < ASK_PAUSE) return false;
    askedAt = now;
    return isReplaced().catch(() => false);
  }

  /** Which failures of one call are worth a retry: after how many milliseconds at least. `undefined`: it does not help. */
  function judge(repeatable: boolean): (failure: CloudFailure<Kind>) => number | undefined {
    const began = Date.now();
    const seen = new Map<string, number>();
    return (failure) => {
      const { kind, message, details } = failure;
      // Somebody must correct that.
      if (details.untrusted || details.mismatch) return undefined;
      if (mayPass(failure) || passing.includes(kind as Kind)) return repeatable || kind !== "unclear" ? 0 : undefined;
      const young = youngFor(createdAt);
      const few = (again as Partial<Record<string, Again<Kind>>>)[kind];
      if (few) {
        tellOnce(kind, few.tell(failure));
        const { retries, everyWhileYoung = 0 } = few;
        if (young > 0 && everyWhileYoung > 0) return Math.min(everyWhileYoung, young);
        const count = (seen.get(kind) ?? 0) + 1;
        seen.set(kind, count);
        return count <= retries ? 0 : undefined;
      }
      if (kind === "young") return young > 0 || Date.now() < began + PATIENCE ? 0 : undefined;
      if (!isGrowingPain(failure, createdAt)) return undefined;
      tellOnce(
        "new",
        kind === "disabled"
          ? `work pool "${pool}" is new, and an API that was enabled with it may not be effective everywhere yet: trying again (${message})`
          : `the credentials of work pool "${pool}" are new, and not effective everywhere in ${cloud} yet: trying again (${message})`,
      );
      return 0;
    };
  }

  return (what, buckets, call, options = {}) => {
    const { signal, repeatable = true, beforeTry, lastStep, login, patience = Number.POSITIVE_INFINITY } = options;
    const pauseAfter = judge(repeatable);
    let pause = 0;
    let perhapsDone = false;
    return notices.during(`work pool "${pool}": ${what}`, async ({ failed, waits }) => {
      const attempt = async () => {
        if (pause > 0) await sleep(pause, undefined, signal ? { signal } : {});
        const onWait = (bucket: TokenBucket) => waits(`${cloud} allows ${rateOf(bucket)}, and other calls are ahead of this one`);
        await waitForTurns(notes, buckets, { signal, onWait });
        const tryIt = async () => {
          if (login) await loggedIn(login, asFailure, signal);
          await beforeTry?.().catch((error) => {
            throw new NotSent(error);
          });
          return withLastStep(lastStep, call);
        };
        try {
          const result = await tryIt();
          answered();
          return result;
        } catch (error) {
          if (error instanceof NotSent) throw error.cause;
          const failure = asFailure(error);
          if (!signal?.aborted) answered(NO_ANSWER.includes(failure.kind) ? failure.message : undefined);
          if (failure.kind === "throttled")
            for (const bucket of refused(failure, buckets)) await emptied(notes, bucket, failure.details.retryAfter);
          failed(failure.message, failure.kind);
          if (failure.kind === "unclear") perhapsDone = true;
          else if (perhapsDone) throw new CloudFailure<Kind>(failure.kind, failure.message, { ...failure.details, perhapsDone });
          throw failure;
        }
      };
      const result = await pRetry(attempt, {
        retries: 1000,
        minTimeout: 200,
        maxTimeout: 5_000,
        randomize: true,
        maxRetryTime: Math.min(patience, Math.max(PERSEVERANCE, youngFor(createdAt))),
        shouldRetry: async ({ error }) => {
          const least = error instanceof CloudFailure ? pauseAfter(error) : undefined;
          pause = least ?? 0;
          return least !== undefined && !(await wereReplaced(error as CloudFailure<Kind>));
        },
        ...(signal ? { signal } : {}),
      });
      signal?.throwIfAborted();
      return result;
    });
  };
}

/** Wait for credentials. @throws {CloudFailure}, never `unclear`: nothing was sent */
async function loggedIn<Kind extends string>(
  login: () => Promise<unknown>,
  asFailure: (error: unknown) => CloudFailure<Kind>,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  let giveUp = () => {};
  let late: NodeJS.Timeout | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal?.reason);
    const noAnswer = () => reject(new CloudFailure<Kind>("unsent", `no credentials came within ${LOGIN_TIMEOUT / 1000} s`));
    late = setTimeout(noAnswer, LOGIN_TIMEOUT);
  });
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await Promise.race([login(), givenUp]);
  } catch (error) {
    signal?.throwIfAborted();
    const failure = asFailure(error);
    throw failure.kind === "unclear" ? new CloudFailure<Kind>("unsent", failure.message, failure.details) : failure;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", giveUp);
  }
}

/**
 * Whether a failure will pass, because the pool is young: new credentials, roles and APIs are eventually consistent.
 * @param createdAt of the credentials, in milliseconds; absent: long ago
 */
export function isGrowingPain({ kind }: { kind: string }, createdAt: number | undefined): boolean {
  const left = youngFor(createdAt);
  return kind === "disabled" ? left > YOUNG - API_YOUNG : (kind === "denied" || kind === "unauthenticated") && left > 0;
}

/**
 * For how many more milliseconds credentials may not be effective everywhere; 0 or less: they are.
 * @param createdAt in milliseconds; absent: long ago
 */
function youngFor(createdAt: number | undefined): number {
  return createdAt === undefined ? 0 : createdAt + YOUNG - Date.now();
}
