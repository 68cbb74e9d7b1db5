import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";

/** A variable by which the processes of one test are found again, whoever started them. */
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

/** Wait until no process has the mark. A process that is being ended takes a moment. */
export async function noneLeft(mark: string): Promise<void> {
  await expect.poll(() => marked(mark), { timeout: 20_000 }).toEqual([]);
}
