import { expect } from "vitest";
import type { JsonObject } from "../../src/json";
import { listen, type Place } from "./pushpool";

/** One way for a run to end, and what the command line makes of it. */
export interface EndRow {
  name: string;
  /** @default "true" */
  command?: string;
  jobVariables?: JsonObject;
  /** Before it is submitted. */
  before?: () => void;
  /** While it runs. @param id what the cloud calls it */
  during?: (id: string) => void;
  state: string;
  /** Exit code of `pushpool run`. */
  code: number;
  says: RegExp;
}

/**
 * Run `deployment` and hold what is said of its end to a row.
 * @param running waits for the run's infrastructure to run, and gives what the cloud calls it
 */
export async function expectEnd(
  place: Place,
  deployment: string,
  { before, during, state, code, says }: EndRow,
  running: () => Promise<string>,
): Promise<void> {
  before?.();
  const heard = listen(place.start("run", deployment));
  if (during) during(await running());
  const status = await heard.ended;
  expect([status, heard.stderr()]).toEqual([code, expect.stringMatching(says)]);
  expect(heard.stderr()).toContain(state);
}
