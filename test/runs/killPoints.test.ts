import { expect, test } from "vitest";
import { ENGINES } from "../ledger/engines";
import { scratch } from "../scratch";
import { countSteps, killAndTakeUp } from "./killPoints";

// The steps up to the start of the command, where a run could be lost or doubled. The soak test kills at every step.
const POINTS = [1, 2, 3, 4, 5, 6, 7, 8, 10].flatMap((n) => [
  { n, when: "before" as const },
  { n, when: "after" as const },
]);

test.each(ENGINES)("on %s, an undisturbed run takes more steps than the kill points here", async (engine) => {
  expect(await countSteps(scratch(), engine)).toBeGreaterThan(10);
});

const EVERYWHERE = ENGINES.flatMap((engine) => POINTS.map((point) => ({ engine, ...point })));

test.each(EVERYWHERE)(
  "$engine, kill -9 $when step $n: the next watcher takes the run up; one process, the right end",
  async ({ engine, ...point }) => {
    const { states, ran } = await killAndTakeUp(scratch(), point, engine);
    // Killed before anything was written, there is no run. Otherwise there is one, and it ran once.
    expect([states, ran]).toEqual(states.length === 0 ? [[], 0] : [["COMPLETED"], 1]);
    // Step 1 plans, step 2 looks up the deployment, step 3 records the run.
    if (point.n > 3 || (point.n === 3 && point.when === "after")) expect(states).toHaveLength(1);
  },
);
