import { onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { startFakeGoogleCloud } from "../../../src/testing";
import { cloudManifest, cloudRunPlace } from "../../e2e/clouds/gcp";
import { killAtPoints, STORY, somePoints } from "../killPoints";

test("kill -9 at several steps of a run: one execution, the right end", async () => {
  const google = await startFakeGoogleCloud();
  onTestFinished(() => google.stop());
  const key = google.serviceAccountKey("submitter") as JsonObject;
  // `npm run soak` tries every point.
  await killAtPoints(google.world.executions, () => cloudRunPlace(cloudManifest(google, key, STORY)), somePoints);
}, 180_000);
