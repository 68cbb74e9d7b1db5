import { onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../src/json";
import { startFakeGoogleCloud } from "../../../src/testing";
import { cloudManifest, cloudRunPlace } from "../../e2e/clouds/gcp";
import { ENGINES } from "../../ledger/engines";
import { killAtPoints, STORY, somePoints } from "../killPoints";

test.each(ENGINES)(
  "on %s, kill -9 at several steps of a run: one execution, the right end",
  async (engine) => {
    const google = await startFakeGoogleCloud();
    onTestFinished(() => google.stop());
    const key = google.serviceAccountKey("submitter") as JsonObject;
    // `npm run soak` tries every point.
    await killAtPoints(google.world.executions, () => cloudRunPlace(cloudManifest(google, key, STORY)), somePoints, engine);
  },
  180_000,
);
