import { mkdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { type FakeGoogleCloud, startFakeGoogleCloud } from "../../src/testing";
import { openTrigger } from "../../src/trigger";
import { cloudManifest, cloudRunPlace } from "../e2e/clouds/gcp";
import { ENGINES } from "../ledger/engines";
import { everyPoint, killAtPoints, STORY } from "../targets/killPoints";

function freshOf(google: FakeGoogleCloud) {
  const key = google.serviceAccountKey("submitter") as JsonObject;
  return (commands: Record<string, string>, over = {}) => {
    const place = cloudRunPlace(cloudManifest(google, key, commands, over));
    mkdirSync(place.home, { mode: 0o700, recursive: true });
    return place;
  };
}

test.each(ENGINES)("on %s, kill -9 before and after every step of a run: one execution, the right end", async (engine) => {
  const google = await startFakeGoogleCloud();
  onTestFinished(() => google.stop());
  const fresh = freshOf(google);
  await killAtPoints(google.world.executions, () => fresh(STORY), everyPoint, engine);
});

test("300 runs watched by three triggers while every tenth call fails: one execution each, all COMPLETED, one Job", async () => {
  const google = await startFakeGoogleCloud();
  onTestFinished(() => google.stop());
  const place = freshOf(google)({ "soak/short": "sh -c 'echo done; sleep 0.05'" }, { pool: { concurrencyLimit: 20 } });
  const faults = [
    { kind: "throttle" },
    { kind: "unavailable" },
    { kind: "unavailableAfter" },
    { kind: "reset", after: true },
    { kind: "reset", after: false },
    { kind: "badGateway" },
  ] as const;
  for (let n = 0; n < 120; n++) google.plant({ on: /^(run|logging)\./, fault: faults[n % faults.length] ?? faults[0], skip: n * 10 });
  const triggers = [1, 2, 3].map(() => openTrigger({ cwd: place.folder, manifest: String(place.env.PUSHPOOL_MANIFEST), env: place.env }));
  const ends = await Promise.all(Array.from({ length: 300 }, (_, n) => triggers[n % 3]?.run("soak/short")));
  expect(new Set(ends.map((run) => run?.state.type))).toEqual(new Set(["COMPLETED"]));
  expect([google.world.executions.size, google.world.jobs.size]).toEqual([300, 1]);
  await Promise.all(triggers.map((trigger) => trigger.close()));
});
