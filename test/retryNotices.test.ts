import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Progress, RetryNotices } from "../src/retryNotices";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Work that fails every second until it is ended. */
function failing(notices: RetryNotices, what: string, reason = "Rate exceeded", kind?: string) {
  let end: () => void = () => {};
  const done = notices.during(what, async ({ failed }: Progress) => {
    failed(reason, kind);
    const timer = setInterval(() => failed(reason, kind), 1_000);
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    clearInterval(timer);
  });
  return { end: () => end(), done };
}

function heard() {
  const told: string[] = [];
  return { told, notices: new RetryNotices((message) => told.push(message)) };
}

test("a notice comes after a few seconds, and then at intervals, until the work succeeds", async () => {
  const { told, notices } = heard();
  const { end, done } = failing(notices, "pool: RunTask");
  await vi.advanceTimersByTimeAsync(3_900);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(told).toEqual([expect.stringMatching(/^pool: RunTask: trying again, \d tries in \d\.\d s so far: Rate exceeded$/)]);
  await vi.advanceTimersByTimeAsync(180_000);
  expect(told.length).toBeGreaterThanOrEqual(8);
  expect(told.length).toBeLessThanOrEqual(10);
  const before = told.length;
  end();
  await done;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toHaveLength(before);
  expect(vi.getTimerCount()).toBe(0);
});

test("short work causes no notice; a call without any answer causes a later one", async () => {
  const { told, notices } = heard();
  const quick = failing(notices, "a");
  await vi.advanceTimersByTimeAsync(2_000);
  quick.end();
  const silent = notices.during("b", () => new Promise<void>((resolve) => setTimeout(resolve, 15_000)));
  await vi.advanceTimersByTimeAsync(9_000);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(6_000);
  await silent;
  expect(told).toEqual([expect.stringMatching(/^b: still waiting after 1\d s$/)]);
});

test("all work that waits for one reason shares a line; another reason has its own line", async () => {
  const { told, notices } = heard();
  for (let n = 0; n < 100; n++) failing(notices, "a", `Rate exceeded (request ${n})`, "throttled");
  failing(notices, "b", "ECONNREFUSED", "unsent");
  await vi.advanceTimersByTimeAsync(5_500);
  expect(told).toEqual([
    expect.stringMatching(/^a: .*99 more calls wait for the same reason/),
    expect.stringMatching(/^b: .*ECONNREFUSED$/),
  ]);
});

test("consecutive waits do not repeat the same notice every few seconds", async () => {
  const { told, notices } = heard();
  for (let n = 0; n < 6; n++) {
    const { end, done } = failing(notices, "a");
    await vi.advanceTimersByTimeAsync(6_000);
    end();
    await done;
  }
  expect(told).toHaveLength(2);
});

test("the result or the error of the work is passed on", async () => {
  const { notices } = heard();
  await expect(notices.during("a", async () => 7)).resolves.toBe(7);
  await expect(
    notices.during("a", async () => {
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  expect(vi.getTimerCount()).toBe(0);
});
