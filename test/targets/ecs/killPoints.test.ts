import { onTestFinished, test } from "vitest";
import { startFakeAws } from "../../../src/testing";
import { ecsManifest, ecsPlace } from "../../e2e/clouds/aws";
import { ENGINES } from "../../ledger/engines";
import { killAtPoints, STORY, somePoints } from "../killPoints";

test.each(ENGINES)(
  "on %s, kill -9 at several steps of a run: one task, the right end",
  async (engine) => {
    const aws = await startFakeAws();
    onTestFinished(() => aws.stop());
    const key = aws.accessKey("submitter");
    // `npm run soak` tries every point.
    await killAtPoints(aws.world.tasks, () => ecsPlace(ecsManifest(aws, key, STORY)), somePoints, engine);
  },
  180_000,
);
