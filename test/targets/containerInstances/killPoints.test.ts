import { mkdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { AZURE, aciManifest, aciPlace } from "../../e2e/clouds/azure";
import { countSteps, killAndTakeUp, STORY } from "../killPoints";
import { trust } from "./place";

test("kill -9 at points of a run's way: one container group, the right end", async () => {
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
  // A sample; `npm run soak` takes every one.
  for (const n of [3, 5, 7, 9, 11, 13].filter((each) => each < steps)) {
    for (const when of n === 7 || n === 9 ? (["before", "after"] as const) : (["after"] as const)) {
      const { states, started } = await killAndTakeUp(azure.world.operations, fresh(), { n, when });
      expect([n, when, states, started]).toEqual([n, when, states.length === 0 ? [] : ["COMPLETED"], states.length]);
    }
  }
}, 180_000);
