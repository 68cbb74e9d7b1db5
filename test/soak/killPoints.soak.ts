import { expect, test } from "vitest";
import { ENGINES } from "../ledger/engines";
import { countSteps, killAndTakeUp } from "../runs/killPoints";
import { scratch } from "../scratch";

test.each(ENGINES)("on %s, kill -9 before and after every step of a run: never lost, never doubled", async (engine) => {
  const steps = await countSteps(scratch(), engine);
  for (let n = 1; n <= steps - 2; n++) {
    for (const when of ["before", "after"] as const) {
      const { states, ran } = await killAndTakeUp(scratch(), { n, when }, engine);
      expect([n, when, states, ran]).toEqual([n, when, states.length === 0 ? [] : ["COMPLETED"], states.length]);
    }
  }
});
