import { onTestFinished, test } from "vitest";
import { startFakeAws } from "../../../src/testing";
import { ecsManifest, ecsPlace } from "../../e2e/clouds/aws";
import { killAtPoints, STORY, somePoints } from "../killPoints";

test("kill -9 at several steps of a run: one task, the right end", async () => {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const key = aws.accessKey("submitter");
  // `npm run soak` tries every point.
  await killAtPoints(aws.world.tasks, () => ecsPlace(ecsManifest(aws, key, STORY)), somePoints);
}, 180_000);
