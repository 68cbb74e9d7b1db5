/** A fault for future calls: the calls' name (such as `run.jobs.run`, `ecs:RunTask`) or a pattern of it, and how many of them. */
export interface PlantedFault<Fault> {
  on: string | RegExp;
  fault: Fault;
  /** @default 1 */
  times?: number;
  /** How many calls succeed before the first fault. @default 0 */
  skip?: number;
}

/** The faults that wait for their calls. */
export class FaultQueue<Fault> {
  readonly #planted: Required<PlantedFault<Fault>>[] = [];

  plant({ times = 1, skip = 0, ...planted }: PlantedFault<Fault>): void {
    this.#planted.push({ ...planted, times, skip });
  }

  /** Take the fault for this call, if there is one. */
  take(call: string): Fault | undefined {
    for (const planted of this.#planted) {
      if (planted.times === 0 || !(typeof planted.on === "string" ? planted.on === call : planted.on.test(call))) continue;
      if (planted.skip > 0) {
        planted.skip -= 1;
        continue;
      }
      planted.times -= 1;
      return planted.fault;
    }
    return undefined;
  }
}
