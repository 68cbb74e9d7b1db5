/** Times of the fake: the machine's own, each later than the one before, to the microsecond. */
export class Clock {
  #last = 0n;

  /** ISO 8601 with six decimals, as Google writes it. */
  now(): string {
    const micros = BigInt(Date.now()) * 1000n;
    this.#last = micros > this.#last ? micros : this.#last + 1n;
    const milliseconds = Number(this.#last / 1000n);
    const rest = String(this.#last % 1000n).padStart(3, "0");
    return new Date(milliseconds).toISOString().replace("Z", `${rest}Z`);
  }
}
