import { expect } from "vitest";
import type { JsonObject } from "../../src/json";
import { until } from "../until";
import { listen, type Place } from "./pushpool";

/** One way in which a run can end, and what the command line reports. */
export interface EndRow {
  name: string;
  /** @default "true" */
  command?: string;
  jobVariables?: JsonObject;
  /** Called before it is submitted. */
  before?: () => void;
  /** Called while it runs. @param id the cloud's name for it */
  during?: (id: string) => void;
  /** Called once it has ended. */
  after?: () => void;
  state: string;
  /** Exit code of `pushpool run`. */
  code: number;
  says: RegExp;
}

/**
 * Run `deployment` and compare its end with a row.
 * @param running waits until the run's infrastructure runs, and returns the cloud's name for it
 */
export async function expectEnd(
  place: Place,
  deployment: string,
  { before, during, after, state, code, says }: EndRow,
  running: () => Promise<string>,
): Promise<void> {
  before?.();
  const heard = listen(place.start("run", deployment));
  if (during) {
    const id = await running();
    // What happens before the watcher has seen it run is another end.
    await until(() => heard.stderr().includes("RUNNING"));
    during(id);
  }
  const status = await heard.ended;
  after?.();
  expect([status, heard.stderr()]).toEqual([code, expect.stringMatching(says)]);
  expect(heard.stderr()).toContain(state);
}
