import { expect, onTestFinished, test, vi } from "vitest";
import { nowAndAgain } from "../src/nowAndAgain";

test("a message is said at once, and again after a minute; another one at once too", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const said: string[] = [];
  const say = nowAndAgain((message) => said.push(message));
  say("the pool is paused");
  vi.advanceTimersByTime(59_000);
  say("the pool is paused");
  expect(said).toEqual(["the pool is paused"]);
  say("the limit is reached");
  vi.advanceTimersByTime(1_000);
  say("the pool is paused");
  expect(said).toEqual(["the pool is paused", "the limit is reached", "the pool is paused"]);
});
