/** How exactly a `Date` header tells the time, in milliseconds: it has whole seconds, and a server may renew it only once a second. */
const PRECISION = 2_000;

/**
 * A server's clock, as its own answers tell it. What a server schedules is due by its clock, which may be minutes from ours.
 *
 * It is taken for the same as ours until an answer contradicts that; then it is never ahead of the real one, and comes close to it with the
 * answers that follow: something is begun a moment late sooner than early.
 */
export class ServerClock {
  #ahead = 0;

  /** @param ours our own clock, in milliseconds since 1970 */
  constructor(private readonly ours: () => number = Date.now) {}

  /** In milliseconds since 1970. */
  now(): number {
    return this.ours() + this.#ahead;
  }

  /** How far it is ahead of ours, in milliseconds. */
  get ahead(): number {
    return this.#ahead;
  }

  /**
   * An answer came.
   * @param date its `Date` header
   * @param sentAt when it was asked for, by our clock
   */
  answered(date: string | null, sentAt: number): void {
    const stated = Date.parse(date ?? "");
    if (Number.isNaN(stated)) return;
    const least = stated - this.ours();
    const most = stated + PRECISION - sentAt;
    if (this.#ahead < least || this.#ahead > most) this.#ahead = least;
  }

  /** The server has written this time, of something that has been: by now it is later there. */
  wrote(time: string): void {
    const least = Date.parse(time) - this.ours();
    if (least > this.#ahead) this.#ahead = least;
  }
}
