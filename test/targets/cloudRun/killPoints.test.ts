import { mkdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { startFakeGoogleCloud } from "../../../src/testing";
import { cloudManifest, cloudRunPlace } from "../../e2e/clouds/gcp";
import { countSteps, killAndTakeUp, STORY } from "../killPoints";

test("kill -9 at several steps of a run: one execution, the right end", async () => {
  const google = await startFakeGoogleCloud();
  onTestFinished(() => google.stop());
  const key = google.serviceAccountKey("submitter") as JsonObject;
  const fresh = () => {
    const place = cloudRunPlace(cloudManifest(google, key, STORY));
    mkdirSync(place.home, { mode: 0o700, recursive: true });
    return place;
  };
  const steps = await countSteps(fresh());
  // A sample; `npm run soak` tests every step.
  for (const n of [3, 5, 7, 9, 11, 13].filter((each) => each < steps)) {
    for (const when of n === 7 || n === 9 ? (["before", "after"] as const) : (["after"] as const)) {
      const { states, started } = await killAndTakeUp(google.world.executions, fresh(), { n, when });
      expect([n, when, states, started]).toEqual([n, when, states.length === 0 ? [] : ["COMPLETED"], states.length]);
    }
  }
}, 180_000);
