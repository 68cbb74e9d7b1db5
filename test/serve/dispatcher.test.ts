import { expect, test, vi } from "vitest";
import { Dispatcher } from "../../src/serve/dispatcher";
import type { RunSource } from "../../src/serve/runSource";
import type { ServeEvent } from "../../src/serve/serveEvents";
import { until } from "../until";

// The loop of serve, with any source.

const RUN = { id: "1", name: "brave-fox", workPool: "local" };
const HOUR = 3_600_000;

/** @param next how long after a look the next one is due, in milliseconds */
function dispatching(look: (dispatcher: Dispatcher, times: number) => void | Promise<void>, next: (times: number) => number = () => HOUR) {
  const end = new AbortController();
  const events: ServeEvent[] = [];
  const calls: string[] = [];
  const dispatcher = new Dispatcher(end.signal, (event) => events.push(event));
  let looks = 0;
  const source: RunSource = {
    pools: ["local"],
    of: "stack data/dev",
    start: async () => void calls.push("start"),
    look: async () => {
      looks += 1;
      await look(dispatcher, looks);
      return Date.now() + next(looks);
    },
    close: async () => void calls.push("close"),
    inHand: () => ({}),
    health: () => ({ healthy: true, reaches: {} }),
  };
  const over = dispatcher.run(source);
  return { dispatcher, events, calls, looks: () => looks, end: () => end.abort(), over };
}

test("looks when the source says so, and at once when a run has ended", async () => {
  let finish = () => {};
  const { dispatcher, looks, end, over, calls } = dispatching(
    (of, times) => {
      if (times > 1) return;
      const work = () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        });
      of.begin(RUN, work);
      // A run in progress does not begin a second time.
      of.begin(RUN, () => Promise.reject(new Error("begun twice")));
    },
    (times) => (times === 1 ? 20 : HOUR),
  );
  await until(() => looks() === 2);
  expect(dispatcher.has("1")).toBe(true);
  finish();
  await until(() => looks() === 3);
  expect(dispatcher.has("1")).toBe(false);
  end();
  await over;
  expect(calls).toEqual(["start", "close"]);
});

test("a run whose work fails pauses, and is then taken up again", async () => {
  const again = vi.fn();
  const begunAt = Date.now();
  const { events, dispatcher, end, over } = dispatching((of, times) => {
    if (times === 1) of.begin(RUN, () => Promise.reject(new Error("the disk is full")), again);
  });
  await until(() => events.length > 0);
  expect(events).toEqual([{ kind: "trouble", run: RUN, message: "the disk is full" }]);
  expect([dispatcher.has("1"), again.mock.calls.length]).toEqual([true, 0]);
  await until(() => again.mock.calls.length > 0);
  expect(Date.now() - begunAt).toBeGreaterThan(4_900);
  expect(dispatcher.has("1")).toBe(false);
  end();
  await over;
});

test("a look that fails is repeated, and each reason is reported once", async () => {
  const { events, looks, end, over } = dispatching((_, times) => {
    if (times < 4) throw new Error(times < 3 ? "the ledger is locked" : "the disk is full");
  });
  await until(() => looks() === 4);
  expect(events).toEqual(["the ledger is locked", "the disk is full"].map((message) => ({ kind: "trouble", message })));
  end();
  await over;
});

test("when it ends it begins nothing, and waits for what it has begun", async () => {
  const work = vi.fn(async () => {});
  let finish = () => {};
  const { dispatcher, calls, end, over } = dispatching((of) => {
    of.begin(
      RUN,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
  });
  await until(() => dispatcher.has("1"));
  end();
  dispatcher.begin({ ...RUN, id: "2" }, work);
  await new Promise((done) => setTimeout(done, 50));
  expect(calls).toEqual(["start"]);
  finish();
  await over;
  expect(calls).toEqual(["start", "close"]);
  expect(work).not.toHaveBeenCalled();
});
