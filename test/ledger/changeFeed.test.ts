import { beforeAll, expect, onTestFinished, test } from "vitest";
import { openPostgresLedger } from "../../src/ledger/postgres";
import { databaseClock } from "../../src/ledger/postgres/databaseClock";
import { state } from "../../src/runs/states";
import { lineTo } from "../serve/sharedServes";
import { until } from "../until";
import { NOW, newRun } from "./newRun";
import { newSchema, sharedPostgres } from "./postgresServer";

let url: string;
beforeAll(async () => {
  url = await sharedPostgres();
}, 300_000);

test("what other processes change is heard at once, and also after the line was down", async () => {
  const schema = newSchema();
  const line = await lineTo(url);
  const [near, far] = [openPostgresLedger(url, { schema }), openPostgresLedger(line.url, { schema })];
  onTestFinished(() => [near, far].forEach((ledger) => void ledger.close()));
  const heard: (string | undefined)[] = [];
  const feed = far.shared?.watch((stack) => heard.push(stack));
  await until(() => feed?.isLive());
  // Before it listened, anything may have changed.
  expect(heard).toEqual([undefined]);

  await near.createRun(newRun("r1", { stack: "data/dev" }));
  await until(() => heard.includes("data/dev"));
  heard.length = 0;
  // Only what a dispatcher acts on.
  await near.change("r1", 1, { state: state("PENDING", NOW), owner: "me" });
  await near.change("r1", 2, { state: state("RUNNING", NOW) });
  await near.change("r1", 3, { state: state("COMPLETED", NOW) });
  await until(() => heard.length > 0);
  await near.swapNote("paused-pool/data/dev/local", undefined, "now");
  await until(() => heard.length > 1);
  expect(heard).toEqual(["data/dev", ""]);

  heard.length = 0;
  line.down();
  await until(() => !feed?.isLive() && heard.length > 0);
  line.heal();
  await until(() => feed?.isLive());
  await near.createRun(newRun("r2", { stack: "data/other" }));
  await until(() => heard.includes("data/other"));
  feed?.close();
  await until(() => !feed?.isLive());
});

test("the database's clock is followed, whatever this computer's says", async () => {
  const here = { wall: 1_000_000, steady: 0 };
  let asked = 0;
  const ask = async () => {
    asked += 1;
    here.steady += 100;
    return 5_000_000 + here.steady;
  };
  const clock = databaseClock(ask, { wall: () => here.wall, steady: () => here.steady });
  expect(clock.now().getTime()).toBe(1_000_000);
  await clock.measure();
  expect(clock.now().getTime()).toBe(5_000_150);
  here.steady += 60_000;
  here.wall += 60_000;
  await clock.measure();
  expect([asked, clock.now().getTime()]).toEqual([1, 5_060_150]);
  // Somebody set the time, or the computer slept.
  here.wall += 3_600_000;
  await clock.measure();
  expect([asked, clock.now().getTime()]).toEqual([2, 5_060_250]);
  // Clocks drift.
  here.steady += 400_000;
  here.wall += 400_000;
  await clock.measure();
  expect(asked).toBe(3);
});

test("a first answer that waited for a connection is asked for again, and the one that took less is believed", async () => {
  let steady = 0;
  const took = [6_000, 40, 150, 4_000];
  const clock = databaseClock(
    async () => {
      const at = 5_000_000 + steady;
      steady += took.shift() ?? 0;
      return at;
    },
    { wall: () => steady, steady: () => steady },
  );
  const error = () => clock.now().getTime() - 5_000_000 - steady;
  await clock.measure();
  expect([error(), took]).toEqual([-20, [150, 4_000]]);
  steady += 400_000;
  await clock.measure();
  expect([error(), took]).toEqual([-75, []]);
});
