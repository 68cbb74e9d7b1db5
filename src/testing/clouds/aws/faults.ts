/** What goes wrong with a call: before it is looked at, or after it was done. */
export type AwsFault =
  | { kind: "throttle" }
  | { kind: "unavailable" }
  | { kind: "internal" }
  /** Refused in AWS' own words, before it is looked at. */
  | { kind: "refuse"; type: string; message: string }
  /** `RunTask` answers 200 with a failure and no task. */
  | { kind: "failure"; reason: string; detail?: string }
  /** The connection breaks; `after`: what was asked for has been done. */
  | { kind: "reset"; after: boolean }
  /** It is done, and 503 comes back. */
  | { kind: "unavailableAfter" }
  /** Milliseconds before anything happens. */
  | { kind: "delay"; ms: number }
  /** No answer ever; `after`: what was asked for has been done. */
  | { kind: "hang"; after: boolean };

/** Of which call, as `ecs:RunTask` or a pattern of it, and how often. */
export interface AwsPlant {
  on: string | RegExp;
  fault: AwsFault;
  /** @default 1 */
  times?: number;
  /** Calls that pass before the first fault. @default 0 */
  skip?: number;
}

export class AwsFaults {
  readonly #planted: Required<AwsPlant>[] = [];

  plant({ times = 1, skip = 0, ...plant }: AwsPlant): void {
    this.#planted.push({ ...plant, times, skip });
  }

  /** The fault of this call, if any; it is used up. */
  take(action: string): AwsFault | undefined {
    for (const plant of this.#planted) {
      if (plant.times === 0 || !(typeof plant.on === "string" ? plant.on === action : plant.on.test(action))) continue;
      if (plant.skip > 0) {
        plant.skip -= 1;
        continue;
      }
      plant.times -= 1;
      return plant.fault;
    }
    return undefined;
  }
}
