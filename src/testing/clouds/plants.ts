/** Of which calls, by name (as `run.jobs.run`, `ecs:RunTask`) or a pattern of it, and how often. */
export interface Plant<Fault> {
  on: string | RegExp;
  fault: Fault;
  /** @default 1 */
  times?: number;
  /** Calls that pass before the first fault. @default 0 */
  skip?: number;
}

/** What is to go wrong with calls yet to come. */
export class Plants<Fault> {
  readonly #planted: Required<Plant<Fault>>[] = [];

  plant({ times = 1, skip = 0, ...plant }: Plant<Fault>): void {
    this.#planted.push({ ...plant, times, skip });
  }

  /** The fault of this call, if any; it is used up. */
  take(call: string): Fault | undefined {
    for (const plant of this.#planted) {
      if (plant.times === 0 || !(typeof plant.on === "string" ? plant.on === call : plant.on.test(call))) continue;
      if (plant.skip > 0) {
        plant.skip -= 1;
        continue;
      }
      plant.times -= 1;
      return plant.fault;
    }
    return undefined;
  }

  clear(): void {
    this.#planted.length = 0;
  }
}
