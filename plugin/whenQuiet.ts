/** How long no call may arrive before the work begins, in milliseconds. An engine that has work for the provider calls it sooner. */
const QUIET_MS = 20;

/**
 * Work for the time while nobody calls. An engine may start the provider beside the program: then the first component is asked for only when the
 * program has loaded. The work would delay a call that arrives meanwhile.
 */
export class WhenQuiet {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly work: () => void) {}

  start(): void {
    this.#timer ??= setTimeout(this.work, QUIET_MS);
  }

  /** A call has arrived. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
