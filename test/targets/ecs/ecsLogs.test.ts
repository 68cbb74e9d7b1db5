import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { LogPosition } from "../../../src/targets/cloud/logPosition";
import type { EcsApi, LogEvents } from "../../../src/targets/ecs/ecsApi";
import { openLogReader, take } from "../../../src/targets/ecs/ecsLogs";
import { parseId } from "../../../src/targets/ecs/ecsNames";
import { taskNote } from "../../../src/targets/ecs/ecsNotes";
import type { Watcher } from "../../../src/targets/ecs/ecsWatcher";
import type { Observation } from "../../../src/targets/target";
import { startFakeAws } from "../../../src/testing";
import { until } from "../../until";
import { memoryNotes } from "../cloud/memoryNotes";
import { jobOf, never, openerOf, poolOf, runOf } from "./place";

const LATE = 1_000;

test("a long reading continues where it stopped, and at its end looks back from its beginning", () => {
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

test("reading a long log gives every line once, and remembers only the last of them", () => {
  const events = Array.from({ length: 5_000 }, (_, n) => ({ eventId: `e${n}`, timestamp: n * 20, stream: "s", message: String(n) }));
  let position: LogPosition = { time: 0, seen: {} };
  const lines: string[] = [];
  do {
    const found = events.filter(({ timestamp }) => timestamp >= (position.walk?.on ?? 0)).slice(0, 100);
    const cut = found.length < 100 ? {} : { cut: found.at(-1)?.timestamp as number };
    const taken = take(position, { events: found, ...cut }, LATE, 200_000);
    lines.push(...taken.lines.map(({ text }) => text));
    position = taken.position;
    expect(Object.keys(position.seen).length).toBeLessThanOrEqual(LATE / 20 + 1);
  } while (position.walk);
  expect(lines).toEqual(events.map(({ message }) => message));
});

test("a log is complete only if a reading began after the time for late lines was over", async () => {
  const id = "arn:aws:ecs:eu-west-1:111111111111:cluster/c::arn:aws:ecs:eu-west-1:111111111111:task/c/t";
  const notes = memoryNotes();
  const logs = { group: "g", prefix: "p", region: "eu-west-1" };
  await taskNote(notes, id).create({ at: 0, container: "etl", logs, timeoutSeconds: null, startTimeoutSeconds: null });
  const now = Date.now();
  const end: Observation = { phase: "ended", outcome: { kind: "exited", code: 0 }, endedAt: new Date(now).toISOString() };
  const event = { eventId: "e1", timestamp: now - 10, stream: "p/etl/t", message: "one" };
  // The reading stops, and continues when the time for late lines is over.
  const replies: LogEvents[] = [{ events: [event], cut: event.timestamp }, { events: [event] }, { events: [event] }];
  const reader = openLogReader({
    api: { logEvents: async () => replies.shift() } as unknown as EcsApi,
    notes,
    watcher: { observe: async () => new Map([[id, end]]), createdAt: () => undefined } as unknown as Watcher,
    late: 100,
  });
  const first = await reader.page(id, undefined);
  await sleep(150);
  const second = await reader.page(id, first.cursor);
  const third = await reader.page(id, second.cursor);
  expect([first, second, third].map(({ lines, complete }) => [lines.length, complete])).toEqual([
    [1, false],
    [0, false],
    [0, true],
  ]);
});

test("2,500 events of one time arrive completely, although they need more pages than one reading has", async () => {
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
