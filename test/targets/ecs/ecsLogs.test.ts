import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { CloudFailure } from "../../../src/targets/cloud/failure";
import type { LogPosition } from "../../../src/targets/cloud/logPosition";
import type { EcsApi, LogEvents } from "../../../src/targets/ecs/ecsApi";
import { openLogReader, take } from "../../../src/targets/ecs/ecsLogs";
import { formatId, parseId } from "../../../src/targets/ecs/ecsNames";
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
  const read = (position: LogPosition, from: LogEvents, now: number) =>
    take(position, from, { since: position.walk?.on ?? 0, late: LATE, now });
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
    const taken = take(position, { events: found, ...cut }, { since: position.walk?.on ?? 0, late: LATE, now: 200_000 });
    lines.push(...taken.lines.map(({ text }) => text));
    position = taken.position;
    expect(Object.keys(position.seen).length).toBeLessThanOrEqual(LATE / 20 + 1);
  } while (position.walk);
  expect(lines).toEqual(events.map(({ message }) => message));
});

/** A reader over answers of CloudWatch that the test gives, for tasks that ended now. */
async function readerOver(logEvents: EcsApi["logEvents"], { late = 100, createdAt }: { late?: number; createdAt?: number } = {}) {
  const notes = memoryNotes();
  const logs = { group: "g", prefix: "p", region: "eu-west-1" };
  const idOf = (name: string) => formatId({ cluster: `${ECS}:cluster/c`, task: `${ECS}:task/c/${name}` });
  for (const name of ["a", "b", "c"])
    await taskNote(notes, idOf(name)).create({ at: 0, container: "etl", logs, timeoutSeconds: null, startTimeoutSeconds: null });
  const end: Observation = { phase: "ended", outcome: { kind: "exited", code: 0 }, endedAt: new Date().toISOString() };
  const watcher: Watcher = {
    observe: async (ids) => new Map(ids.map((id) => [id, end])),
    enforceLimit: async () => {},
    createdAt: () => createdAt,
  };
  const reader = openLogReader({ api: { logEvents } as EcsApi, notes, watcher, late });
  return { idOf, page: (name: string, cursor?: string) => reader.page(idOf(name), cursor) };
}
const ECS = "arn:aws:ecs:eu-west-1:111111111111";
const eventOf = (stream: string, timestamp = Date.now()) => ({ eventId: `of ${stream}`, timestamp, stream, message: stream });

test("a log is complete only if a reading began after the time for late lines was over", async () => {
  const event = eventOf("p/etl/a");
  // The reading stops, and continues when the time for late lines is over.
  const replies: LogEvents[] = [{ events: [event], cut: event.timestamp }, { events: [event] }, { events: [event] }];
  const { page } = await readerOver(async () => replies.shift() as LogEvents);
  const first = await page("a");
  await sleep(150);
  const second = await page("a", first.cursor);
  const third = await page("a", second.cursor);
  expect([first, second, third].map(({ lines, complete }) => [lines.length, complete])).toEqual([
    [1, false],
    [0, false],
    [0, true],
  ]);
});

test.each(["missing", "refused"] as const)(
  "a stream that is %s keeps no line of the others from coming, and none waits for it",
  async (kind) => {
    const { page } = await readerOver(async (_, streams) => {
      if (streams.includes("p/etl/b")) throw new CloudFailure(kind, `no ${streams}`);
      // The third one sends nothing.
      if (streams.includes("p/etl/c")) await new Promise(() => {});
      return { events: streams.map((stream) => eventOf(stream)) };
    });
    const [a, b] = [page("a"), page("b")];
    void page("c");
    expect((await a).lines.map(({ text }) => text)).toEqual(["p/etl/a"]);
    if (kind === "missing") expect((await b).lines).toEqual([]);
    else await expect(b).rejects.toThrow("no p/etl/b");
  },
);

test("a log is read from a minute before its task was made", async () => {
  const since: number[] = [];
  const createdAt = Date.now() - 3_600_000;
  const { page } = await readerOver(
    async (_, __, from) => {
      since.push(from);
      return { events: [eventOf("p/etl/a")] };
    },
    { createdAt },
  );
  await page("a");
  expect(since).toEqual([createdAt - 60_000]);
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
  const read = aws.calls.find(({ action }) => action === "logs:FilterLogEvents")?.body as { startTime: number } | undefined;
  expect(read?.startTime).toBeGreaterThan(timestamp - 300_000);
  expect([...first.lines, ...second.lines].map(({ text }) => text)).toEqual(logEvents.map(({ message }) => message));
});
