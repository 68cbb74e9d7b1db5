import { onTestFinished, test } from "vitest";
import { AZURE, aciManifest, aciPlace } from "../../e2e/clouds/azure";
import { ENGINES } from "../../ledger/engines";
import { killAtPoints, STORY, somePoints } from "../killPoints";
import { trust } from "./place";

test.each(ENGINES)(
  "on %s, kill -9 at points of a run's way: one container group, the right end",
  async (engine) => {
    const azure = await AZURE.startFake();
    onTestFinished(() => azure.stop());
    trust(azure);
    const client = azure.client("submitter");
    // `npm run soak` tries every point.
    await killAtPoints(azure.world.operations, () => aciPlace(aciManifest(azure, client, STORY)), somePoints, engine);
  },
  180_000,
);
