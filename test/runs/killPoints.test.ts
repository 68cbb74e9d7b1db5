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
  expect(await countSteps(scratch(), engine, "started")).toBeGreaterThan(8);
});

// A run that is created and submitted in one step has fewer of them.
const WAYS = [
  { way: "created" as const, points: POINTS },
  { way: "started" as const, points: POINTS.filter(({ n }) => n <= 8) },
];
const EVERYWHERE = ENGINES.flatMap((engine) => WAYS.flatMap(({ way, points }) => points.map((point) => ({ engine, way, ...point }))));

test.each(EVERYWHERE)(
  "$engine, $way, kill -9 $when step $n: the next watcher takes the run up; one process, the right end",
  async ({ engine, way, ...point }) => {
    const { states, ran } = await killAndTakeUp(scratch(), point, engine, way);
    // Killed before anything was written, there is no run. Otherwise there is one, and it ran once.
    expect([states, ran]).toEqual(states.length === 0 ? [[], 0] : [["COMPLETED"], 1]);
    // Step 1 plans, step 2 looks up the deployment. Step 3 records the run; if it is submitted in the same step, step 3 reads its pool's notes.
    const recording = way === "created" ? 3 : 4;
    if (point.n > recording || (point.n === recording && point.when === "after")) expect(states).toHaveLength(1);
  },
);
