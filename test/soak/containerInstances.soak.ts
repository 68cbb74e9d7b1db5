import { onTestFinished, test } from "vitest";
import { AZURE, aciManifest, aciPlace } from "../e2e/clouds/azure";
import { ENGINES } from "../ledger/engines";
import { trust } from "../targets/containerInstances/place";
import { everyPoint, killAtPoints, STORY } from "../targets/killPoints";

test.each(ENGINES)("on %s, kill -9 before and after every step of a run: one container group, the right end", async (engine) => {
  const azure = await AZURE.startFake();
  onTestFinished(() => azure.stop());
  trust(azure);
  const client = azure.client("submitter");
  await killAtPoints(azure.world.operations, () => aciPlace(aciManifest(azure, client, STORY)), everyPoint, engine);
});
