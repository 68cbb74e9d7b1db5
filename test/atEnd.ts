import { onTestFinished } from "vitest";

type Undo = () => unknown;

let ofSuite: Undo[] | undefined;

/** Undo something when the test has ended; or, of what {@link forSuite} makes, when its suite has. */
export function atEnd(undo: Undo): void {
  if (ofSuite) ofSuite.push(undo);
  else onTestFinished(async () => void (await undo()));
}

/**
 * For `beforeAll`: make something that all tests of a suite use.
 * @returns undoes it, the newest part first
 */
export async function forSuite(make: () => Promise<unknown>): Promise<() => Promise<void>> {
  const made: Undo[] = [];
  ofSuite = made;
  const undo = async () => {
    for (const each of made.reverse()) await each();
  };
  try {
    await make();
  } catch (error) {
    await undo();
    throw error;
  } finally {
    ofSuite = undefined;
  }
  return undo;
}
