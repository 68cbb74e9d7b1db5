import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { LogPosition } from "../../../src/targets/cloud/logPosition";
import type { LogEvents } from "../../../src/targets/ecs/ecsApi";
import { take } from "../../../src/targets/ecs/ecsLogs";
import { parseId } from "../../../src/targets/ecs/ecsNames";
import { startFakeAws } from "../../../src/testing";
import { until } from "../../until";
import { jobOf, never, openerOf, poolOf, runOf } from "./place";

const LATE = 1_000;

test("a long reading goes on where it was left, and looks back from its beginning at its end", () => {
  const event = (n: number, timestamp: number) => ({ eventId: `e${n}`, timestamp, stream: "s", message: `line ${n}` });
  const read = (position: LogPosition, from: LogEvents, now: number) => take(position, from, LATE, now);
  const first = read({ time: 0, seen: {} }, { events: [event(1, 10_000), event(2, 10_100)], cut: 10_100 }, 10_500);
  expect(first.position.walk).toEqual({ on: 10_100, at: 10_500 });
  const second = read(first.position, { events: [event(2, 10_100), event(3, 10_200), event(4, 13_000)] }, 13_000);
  expect(second.lines.map(({ text }) => text)).toEqual(["line 3", "line 4"]);
  // An event of 9,800 may have come in since 10,500: the next query finds it.
  expect(second.position).toMatchObject({ time: 10_500 });
  expect(second.position.walk).toBeUndefined();
  const third = read(second.position, { events: [event(5, 9_800), event(1, 10_000), event(4, 13_000)] }, 13_100);
  expect(third.lines.map(({ text }) => text)).toEqual(["line 5"]);
});

test("2,500 events of one time come whole, though they are more than the pages of one reading hold", async () => {
  const aws = await startFakeAws({ simulated: true, logPage: 45 });
  onTestFinished(() => aws.stop());
  const target = await openerOf(poolOf(aws, aws.accessKey("submitter"))).open();
  const id = await target.submit(
    await target.prepare(target.plan(jobOf(aws, "true", { container_name: "etl" }), runOf(randomUUID())), never),
    never,
  );
  await until(async () => (await target.observe([id])).get(id)?.phase === "running");
  const place = { logGroupName: "prefect", logStreamName: `prefect-logs_etl/etl/${parseId(id).task.slice(-32)}` };
  aws.world.log.createStream(place);
  const timestamp = Date.now();
  const logEvents = Array.from({ length: 2_500 }, (_, n) => ({ timestamp, message: String(n) }));
  aws.world.log.put({ ...place, logEvents });
  const first = await target.logs(id);
  const second = await target.logs(id, first.cursor);
  expect([...first.lines, ...second.lines].map(({ text }) => text)).toEqual(logEvents.map(({ message }) => message));
});
