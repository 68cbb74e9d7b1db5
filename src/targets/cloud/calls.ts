import pRetry from "p-retry";
import { RetryNotices } from "../../retryNotices";
import type { SharedNotes } from "../target";
import { CloudFailure, mayPass } from "./failure";
import { emptied, type TokenBucket, waitForTurn } from "./tokenBucket";

/** How long one call may take, in milliseconds. */
export const CALL_TIMEOUT = 30_000;
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

/** Whose calls these are, and how to read their failures. */
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
  asFailure(error: unknown): CloudFailure<Kind>;
  /** Failures that one retry fixes, with the message for the first of them. @default none */
  onceMore?: { [K in Kind]?: (failure: CloudFailure<Kind>) => string };
  /** Failures of this cloud that pass by themselves; nothing was done. @default there are none */
  passing?: readonly Kind[];
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Whether the cloud recognizes a repeated request. If not, a call that may have succeeded is not repeated. @default true */
  repeatable?: boolean;
  /** Called before each try, once its turn has come. If it throws, the call is not made, and fails with this error. */
  beforeTry?: () => Promise<void>;
}

/**
 * Make a call when its turn comes, and repeat it as long as that may help.
 * @param what its name in messages: `ecs:RunTask`
 * @param buckets the buckets from which it draws
 * @throws {CloudFailure}
 */
export type Call = <T>(what: string, buckets: readonly TokenBucket[], call: () => Promise<T>, options?: CallOptions) => Promise<T>;

export function openCalls<Kind extends string>(of: Caller<Kind>): Call {
  const { cloud, pool, createdAt, notes, tell, asFailure, onceMore = {}, passing = [] } = of;
  const notices = new RetryNotices(tell);
  const told = new Set<string>();
  const tellOnce = (subject: string, message: string) => {
    if (!told.has(subject)) tell(message);
    told.add(subject);
  };

  /** Which failures of one call are worth a retry. */
  function judge(repeatable: boolean): (failure: CloudFailure<Kind>) => boolean {
    const began = Date.now();
    const again = new Set<string>();
    return (failure) => {
      const { kind, message } = failure;
      if (mayPass(failure) || passing.includes(kind as Kind)) return repeatable || kind !== "unclear";
      const mended = (onceMore as Partial<Record<string, (failure: CloudFailure<Kind>) => string>>)[kind];
      if (mended) {
        if (again.has(kind)) return false;
        again.add(kind);
        tellOnce(kind, mended(failure));
        return true;
      }
      const youngYet = youngFor(createdAt);
      if (kind === "young") return youngYet > 0 || Date.now() < began + PATIENCE;
      if (!isGrowingPain(failure, createdAt)) return false;
      tellOnce(
        "new",
        kind === "disabled"
          ? `work pool "${pool}" is new, and an API that was enabled with it may not be known everywhere yet: trying again (${message})`
          : `the credentials of work pool "${pool}" are new, and ${cloud} does not know them everywhere yet: trying again (${message})`,
      );
      return true;
    };
  }

  return (what, buckets, call, { signal, repeatable = true, beforeTry } = {}) => {
    const worthIt = judge(repeatable);
    return notices.during(`work pool "${pool}": ${what}`, ({ failed }) =>
      pRetry(
        async () => {
          for (const bucket of buckets) await waitForTurn(notes, bucket, signal);
          await beforeTry?.();
          try {
            return await call();
          } catch (error) {
            const failure = asFailure(error);
            if (failure.kind === "throttled") for (const bucket of buckets) await emptied(notes, bucket, failure.details.retryAfter);
            failed(failure.message, failure.kind);
            throw failure;
          }
        },
        {
          retries: 1000,
          minTimeout: 200,
          maxTimeout: 5_000,
          randomize: true,
          maxRetryTime: Math.max(PERSEVERANCE, youngFor(createdAt)),
          shouldRetry: ({ error }) => error instanceof CloudFailure && worthIt(error),
          ...(signal ? { signal } : {}),
        },
      ),
    );
  };
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
