import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { REAL_BUCKETS, startFakeAws } from "../../src/testing";
import { ecsManifest, ecsPlace } from "../e2e/clouds/aws";
import { ENGINES } from "../ledger/engines";
import { jobOf, never, openerOf, poolOf, runOf } from "../targets/ecs/place";
import { everyPoint, killAtPoints, STORY } from "../targets/killPoints";

test("400 submissions by two targets with AWS' own buckets: no throttling reaches the user, and 90 % of AWS' rate is used", async () => {
  const aws = await startFakeAws({ simulated: true, buckets: REAL_BUCKETS });
  onTestFinished(() => aws.stop());
  const { open } = openerOf(poolOf(aws, aws.accessKey("submitter")));
  const targets = [await open(), await open()];
  const began = Date.now();
  await Promise.all(
    Array.from({ length: 400 }, async (_, index) => {
      const target = targets[index % 2] as (typeof targets)[number];
      return target.submit(await target.prepare(target.plan(jobOf(aws, "true"), runOf(randomUUID())), never), never);
    }),
  );
  const seconds = (Date.now() - began) / 1000;
  const { burst, perSecond } = REAL_BUCKETS.launch;
  const fastest = (400 - burst) / perSecond;
  console.log(
    `400 submits in ${seconds.toFixed(1)} s; AWS allows ${fastest} s; throttled ${aws.calls.filter(({ status }) => status === 400).length} times`,
  );
  expect(aws.world.tasks.size).toBe(400);
  expect(fastest / seconds).toBeGreaterThan(0.9);
});

test("300 runs while every tenth call fails: one task each, every end recorded, one revision", async () => {
  const aws = await startFakeAws({ step: 2 });
  onTestFinished(() => aws.stop());
  const { open } = openerOf(poolOf(aws, aws.accessKey("submitter")));
  const targets = [await open(), await open(), await open()];
  const faults = [
    { kind: "throttle" },
    { kind: "unavailable" },
    { kind: "unavailableAfter" },
    { kind: "reset", after: true },
    { kind: "reset", after: false },
    { kind: "internal" },
  ] as const;
  for (let n = 0; n < 120; n++) aws.plant({ on: /^(ecs|logs):/, fault: faults[n % faults.length] ?? faults[0], skip: n * 10 });
  const ids = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const target = targets[index % 3] as (typeof targets)[number];
      return target.submit(await target.prepare(target.plan(jobOf(aws, "exit 0"), runOf(randomUUID())), never), never);
    }),
  );
  const [watcher = await open()] = targets;
  const limit = Date.now() + 120_000;
  for (;;) {
    const seen = [...(await watcher.observe(ids)).values()];
    if (seen.every((each) => each.phase === "ended")) {
      expect(new Set(seen.map((each) => each.phase === "ended" && JSON.stringify(each.outcome)))).toEqual(
        new Set(['{"kind":"exited","code":0}']),
      );
      break;
    }
    expect(Date.now()).toBeLessThan(limit);
    await new Promise((done) => setTimeout(done, 500));
  }
  expect([aws.world.tasks.size, [...aws.world.families.values()].map((revisions) => revisions.length)]).toEqual([300, [1]]);
});

test.each(ENGINES)("on %s, kill -9 before and after every step of a run: one task, the right end", async (engine) => {
  const aws = await startFakeAws();
  onTestFinished(() => aws.stop());
  const key = aws.accessKey("submitter");
  await killAtPoints(aws.world.tasks, () => ecsPlace(ecsManifest(aws, key, STORY)), everyPoint, engine);
});
