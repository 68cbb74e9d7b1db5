import { mkdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { startFakeAws } from "../../../src/testing";
import { ecsManifest, ecsPlace } from "../../e2e/clouds/aws";
import { countSteps, killAndTakeUp, STORY } from "../killPoints";

test("kill -9 at several steps of a run: one task, the right end", async () => {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const key = aws.accessKey("submitter");
  const fresh = () => {
    const place = ecsPlace(ecsManifest(aws, key, STORY));
    mkdirSync(place.home, { mode: 0o700, recursive: true });
    return place;
  };
  const steps = await countSteps(fresh());
  // A sample; `npm run soak` tests every step.
  for (const n of [3, 5, 7, 9, 11, 13].filter((each) => each < steps)) {
    for (const when of n === 7 || n === 9 ? (["before", "after"] as const) : (["after"] as const)) {
      const { states, started } = await killAndTakeUp(aws.world.tasks, fresh(), { n, when });
      expect([n, when, states, started]).toEqual([n, when, states.length === 0 ? [] : ["COMPLETED"], states.length]);
    }
  }
}, 180_000);
