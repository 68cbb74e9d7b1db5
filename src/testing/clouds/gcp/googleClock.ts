/** The fake's clock: this machine's time, but each time is later than the one before, by at least a microsecond. */
export class Clock {
  #last = 0n;

  /** ISO 8601 with six decimals, as in Google's replies. */
  now(): string {
    const micros = BigInt(Date.now()) * 1000n;
    this.#last = micros > this.#last ? micros : this.#last + 1n;
    const milliseconds = Number(this.#last / 1000n);
    const rest = String(this.#last % 1000n).padStart(3, "0");
    return new Date(milliseconds).toISOString().replace("Z", `${rest}Z`);
  }
}
