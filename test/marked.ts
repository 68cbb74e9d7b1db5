import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";

/** The environment variable that identifies all processes of one test, also those that other processes started. */
export const MARK = "PUSHPOOL_TEST_MARK";

/** The command lines of the processes that have this mark. */
export function marked(mark: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${MARK}=${mark}\0`)) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
    } catch {
      return [];
    }
  });
}

/** Wait until no process has the mark. A process takes a moment to end. */
export async function noneLeft(mark: string): Promise<void> {
  await expect.poll(() => marked(mark)).toEqual([]);
}
