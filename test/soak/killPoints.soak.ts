import { expect, test } from "vitest";
import { countSteps, killAndTakeUp } from "../runs/killPoints";
import { scratch } from "../scratch";

test("kill -9 before and after every step of a run: never lost, never doubled", async () => {
  const steps = countSteps(scratch());
  for (let n = 1; n <= steps - 2; n++) {
    for (const when of ["before", "after"] as const) {
      const { states, ran } = await killAndTakeUp(scratch(), { n, when });
      expect([n, when, states, ran]).toEqual([n, when, states.length === 0 ? [] : ["COMPLETED"], states.length]);
    }
  }
});
