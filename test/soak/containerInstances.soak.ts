import { mkdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { AZURE, aciManifest, aciPlace } from "../e2e/clouds/azure";
import { trust } from "../targets/containerInstances/place";
import { countSteps, killAndTakeUp, STORY } from "../targets/killPoints";

test("kill -9 before and after every step of a run: one container group, the right end", async () => {
  const azure = await AZURE.startFake();
  onTestFinished(() => azure.stop());
  trust(azure);
  const client = azure.client("submitter");
  const fresh = () => {
    const place = aciPlace(aciManifest(azure, client, STORY));
    mkdirSync(place.home, { mode: 0o700, recursive: true });
    return place;
  };
  const steps = await countSteps(fresh());
  for (let n = 1; n <= steps - 2; n++) {
    for (const when of ["before", "after"] as const) {
      const { states, started } = await killAndTakeUp(azure.world.operations, fresh(), { n, when });
      expect([n, when, states, started]).toEqual([n, when, states.length === 0 ? [] : ["COMPLETED"], states.length]);
    }
  }
});
