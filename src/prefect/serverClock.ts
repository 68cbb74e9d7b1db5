/** How precise a `Date` header is, in milliseconds. It has whole seconds, and a server may update it only once a second. */
const PRECISION = 2_000;

/**
 * Estimates a server's clock from its replies. The server's schedules follow its clock, which may differ from ours by minutes.
 *
 * It assumes no difference until a reply contradicts that. From then on the estimate is never ahead of the server's clock, and each reply
 * brings it closer. So work may begin a moment late, but never early.
 */
export class ServerClock {
  #ahead = 0;

  /** @param ours our own clock, in milliseconds since 1970 */
  constructor(private readonly ours: () => number = Date.now) {}

  /** In milliseconds since 1970. */
  now(): number {
    return this.ours() + this.#ahead;
  }

  /** How far the server's clock is ahead of ours, in milliseconds. */
  get ahead(): number {
    return this.#ahead;
  }

  /**
   * Learn from a reply.
   * @param date its `Date` header
   * @param sentAt when the request was sent, by our clock
   */
  answered(date: string | null, sentAt: number): void {
    const stated = Date.parse(date ?? "");
    if (Number.isNaN(stated)) return;
    const least = stated - this.ours();
    const most = stated + PRECISION - sentAt;
    if (this.#ahead < least || this.#ahead > most) this.#ahead = least;
  }

  /** Learn from a time that the server wrote about something past: its clock is later than that. */
  wrote(time: string): void {
    const least = Date.parse(time) - this.ours();
    if (least > this.#ahead) this.#ahead = least;
  }
}
