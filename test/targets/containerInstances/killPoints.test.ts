import { onTestFinished, test } from "vitest";
import { AZURE, aciManifest, aciPlace } from "../../e2e/clouds/azure";
import { killAtPoints, STORY, somePoints } from "../killPoints";
import { trust } from "./place";

test("kill -9 at points of a run's way: one container group, the right end", async () => {
  const azure = await AZURE.startFake();
  onTestFinished(() => azure.stop());
  trust(azure);
  const client = azure.client("submitter");
  // `npm run soak` tries every point.
  await killAtPoints(azure.world.operations, () => aciPlace(aciManifest(azure, client, STORY)), somePoints);
}, 180_000);
