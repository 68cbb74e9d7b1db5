import { afterEach, beforeEach, vi } from "vitest";

/** Keeps what each test of a file prints from the terminal. @returns what the current test has printed so far */
export function capturePrinted(): { stdout: string; stderr: string } {
  const printed = { stdout: "", stderr: "" };
  beforeEach(() => {
    for (const stream of ["stdout", "stderr"] as const) {
      printed[stream] = "";
      vi.spyOn(process[stream], "write").mockImplementation((text) => {
        printed[stream] += text;
        return true;
      });
    }
  });
  afterEach(() => void vi.restoreAllMocks());
  return printed;
}
