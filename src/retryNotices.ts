import { formatDuration } from "./duration";

/** How long to wait before each notice, in milliseconds. */
export interface NoticeTimes {
  /** Until the first notice, if an attempt has failed. @default 4000 */
  first: number;
  /** Until the first notice, if no attempt has failed or succeeded yet. @default 10000 */
  silent: number;
  /** Between two notices. @default 20000 */
  again: number;
}

const TIMES: NoticeTimes = { first: 4_000, silent: 10_000, again: 20_000 };

/** Lets work that is under way report its failed attempts. */
export interface Progress {
  /**
   * Report that an attempt failed and another one follows.
   * @param reason one line
   * @param kind all work that waits for the same kind of reason shares one notice @default the reason
   */
  failed(reason: string, kind?: string): void;
  /** Report what the next attempt waits for. @param reason one line */
  waits(reason: string): void;
}

interface Waiting {
  what: string;
  since: number;
  tries: number;
  reason?: string;
  kind: string;
}

/**
 * Says to the user that pushpool retries: first after a few seconds, then at intervals, until the work succeeds.
 *
 * All work that waits for the same reason shares one line.
 * ```ts
 * const notices = new RetryNotices(console.error);
 * await notices.during("submitting the run", async (progress) => { … progress.failed("Rate exceeded"); … });
 * ```
 */
export class RetryNotices {
  readonly #waiting = new Set<Waiting>();
  readonly #toldAt = new Map<string, number>();
  readonly #times: NoticeTimes;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tell: (message: string) => void,
    times: Partial<NoticeTimes> = {},
  ) {
    this.#times = { ...TIMES, ...times };
  }

  /** @param what the work, as the beginning of a message: `work pool "etl": ecs:RunTask` */
  async during<T>(what: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    const waiting: Waiting = { what, since: Date.now(), tries: 0, kind: "silent" };
    this.#waiting.add(waiting);
    this.#arm();
    try {
      return await work({
        failed: (reason, kind = reason) => {
          Object.assign(waiting, { reason, kind, tries: waiting.tries + 1 });
          this.#arm();
        },
        waits: (reason) => {
          // A failure matters more.
          if (waiting.tries === 0) Object.assign(waiting, { reason, kind: reason });
          this.#arm();
        },
      });
    } finally {
      this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  /** All work shares one timer, so that work that ends before the first notice costs little. */
  #arm(): void {
    if (this.#timer) return;
    const { first, silent, again } = this.#times;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#look();
        if (this.#waiting.size > 0) this.#arm();
      },
      Math.min(first, silent, again) / 4,
    ).unref();
  }

  #look(): void {
    const now = Date.now();
    const { first, silent, again } = this.#times;
    const due = [...this.#waiting].filter(({ since, reason }) => now - since >= (reason === undefined ? silent : first));
    for (const [kind, [oldest, ...others]] of Map.groupBy(due, (each) => each.kind)) {
      if (!oldest || now - (this.#toldAt.get(kind) ?? Number.NEGATIVE_INFINITY) < again) continue;
      this.#toldAt.set(kind, now);
      const { what, since, tries, reason } = oldest;
      const took = formatDuration(now - since);
      const more = others.length === 0 ? "" : ` (${others.length} more calls wait for the same reason)`;
      this.tell(
        reason === undefined || tries === 0
          ? `${what}: still waiting after ${took}${more}${reason === undefined ? "" : `: ${reason}`}`
          : `${what}: trying again, ${tries} ${tries === 1 ? "try" : "tries"} in ${took} so far${more}: ${reason}`,
      );
    }
  }
}
