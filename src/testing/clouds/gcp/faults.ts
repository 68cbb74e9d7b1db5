import type { Code } from "./errors";

/** What goes wrong with a call: before it is looked at, or after it was done. */
export type Fault =
  | { kind: "throttle" }
  | { kind: "unavailable" }
  | { kind: "internal" }
  /** Refused in Google's own words, before it is looked at. */
  | { kind: "refuse"; code: Code; message: string }
  /** Answers with what a proxy in between might say. */
  | { kind: "badGateway" }
  /** The connection breaks; `after`: what was asked for has been done. */
  | { kind: "reset"; after: boolean }
  /** It is done, and 503 comes back. */
  | { kind: "unavailableAfter" }
  /** Milliseconds before anything happens. */
  | { kind: "delay"; ms: number }
  /** Milliseconds between doing and answering. */
  | { kind: "slowReply"; ms: number }
  /** No answer ever; `after`: what was asked for has been done. */
  | { kind: "hang"; after: boolean };

/** Of which call, as `run.jobs.run` or a pattern of it, and how often. */
export interface Plant {
  on: string | RegExp;
  fault: Fault;
  /** @default 1 */
  times?: number;
  /** Calls that pass before the first fault. @default 0 */
  skip?: number;
}

export class Faults {
  readonly #planted: Required<Plant>[] = [];

  plant({ times = 1, skip = 0, ...plant }: Plant): void {
    this.#planted.push({ ...plant, times, skip });
  }

  /** The fault of this call, if any; it is used up. */
  take(method: string): Fault | undefined {
    for (const plant of this.#planted) {
      if (plant.times === 0 || !(typeof plant.on === "string" ? plant.on === method : plant.on.test(method))) continue;
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
