import { expect, test } from "vitest";
import { Listeners } from "../../src/runs/listeners";
import type { RunEvent } from "../../src/runs/runsContext";

const warned = (events: RunEvent[]) => events.map((event) => (event.kind === "warning" ? event.message : event.kind));

test("followers of a run on the pool get the message; without one, whoever opened the runs", async () => {
  const otherwise: string[] = [];
  const [a, b]: RunEvent[][] = [[], []];
  const listeners = new Listeners((message) => otherwise.push(message));
  listeners.tell("before", "etl");
  await listeners.during(
    (event) => a?.push(event),
    "etl",
    () =>
      listeners.during(
        (event) => b?.push(event),
        "other",
        async () => {
          listeners.tell("of etl", "etl");
          listeners.tell("of all");
          listeners.tell("of none", "none");
        },
      ),
  );
  listeners.tell("after");
  expect([warned(a ?? []), warned(b ?? []), otherwise]).toEqual([["of etl", "of all"], ["of all"], ["before", "of none", "after"]]);
});

test("a function that follows many runs gets it once, until the last of them is over", async () => {
  const heard: RunEvent[] = [];
  const otherwise: string[] = [];
  const listeners = new Listeners((message) => otherwise.push(message));
  const onEvent = (event: RunEvent) => {
    heard.push(event);
  };
  await listeners.during(onEvent, "etl", async () => {
    await listeners.during(onEvent, "etl", async () => listeners.tell("one", "etl"));
    listeners.tell("two", "etl");
  });
  listeners.tell("three", "etl");
  expect([warned(heard), otherwise]).toEqual([["one", "two"], ["three"]]);
});

test("without a function the work is done too", async () => {
  await expect(new Listeners().during(undefined, "etl", async () => 7)).resolves.toBe(7);
});
