import { formatDuration } from "./duration";

/** When whoever waits hears of it, in milliseconds. */
export interface NoticeTimes {
  /** After so long, where a try has failed. @default 4000 */
  first: number;
  /** After so long, where no try has failed, but none has succeeded either. @default 10000 */
  silent: number;
  /** Again after so long. @default 20000 */
  again: number;
}

const TIMES: NoticeTimes = { first: 4_000, silent: 10_000, again: 20_000 };

/** What a piece of work says of itself while it goes on. */
export interface Progress {
  /**
   * A try failed and another one follows.
   * @param reason one line
   * @param kind reasons of one kind are told once for all that wait @default the reason
   */
  failed(reason: string, kind?: string): void;
}

interface Waiting {
  what: string;
  since: number;
  tries: number;
  reason?: string;
  kind: string;
}

/**
 * Lets the user hear that something is tried again: after a few seconds, and then now and again, until it works.
 *
 * All work that waits for the same reason is told in one line.
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

  /** @param what the work, as a message begins: `work pool "etl": ecs:RunTask` */
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
      });
    } finally {
      this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  /** Work that is over before the first notice is due costs one timer, shared by all. */
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
        reason === undefined
          ? `${what}: still waiting after ${took}${more}`
          : `${what}: trying again, ${tries} ${tries === 1 ? "try" : "tries"} in ${took} so far${more}: ${reason}`,
      );
    }
  }
}
