import { expect, onTestFinished, test, vi } from "vitest";
import { EndWatch } from "../../src/serverRuns/endWatch";
import type { Observation, Target } from "../../src/targets/target";
import { ended } from "../runs/scriptedTarget";
import { until } from "../until";

// So that fake timers control these pauses too.
vi.mock("node:timers/promises", () => ({ setTimeout: (ms: number) => new Promise((done) => setTimeout(done, ms)) }));

const DONE = ended({ kind: "exited", code: 0 });

function watching() {
  const now = new Map<string, Observation>();
  const looks: (readonly string[])[] = [];
  let failing: Error | undefined;
  let answered: Promise<void> | undefined;
  const target = {
    pace: { first: 1, longest: 5 },
    observe: async (ids: readonly string[]) => {
      looks.push(ids);
      if (failing) throw failing;
      await answered;
      return new Map(ids.map((id) => [id, now.get(id) ?? ({ phase: "pending" } as Observation)]));
    },
  } as unknown as Target;
  const end = new AbortController();
  const errors: string[] = [];
  const watch = new EndWatch(target, end.signal, (error) => errors.push((error as Error).message));
  const fail = (error: Error | undefined) => {
    failing = error;
  };
  const holdBack = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answered = promise;
    return resolve;
  };
  return { watch, now, looks, errors, end, fail, holdBack };
}

test("all runs on one target share each look, until each has ended", async () => {
  const { watch, now, looks, errors } = watching();
  const [one, two] = [watch.untilEnded("1"), watch.untilEnded("2")];
  await until(() => looks.length > 1);
  expect(looks[0]).toEqual(["1", "2"]);
  now.set("1", DONE);
  expect(await one).toBe(DONE);
  await until(() => looks.at(-1)?.length === 1);
  now.set("2", DONE);
  expect(await two).toBe(DONE);
  expect(errors).toEqual([]);
});

test("a failed look is reported, and repeated after a pause", async () => {
  const { watch, now, errors, fail } = watching();
  fail(new Error("the cloud is away"));
  const over = watch.untilEnded("1");
  await until(() => errors.length > 0);
  expect(errors).toEqual(["the cloud is away"]);
  fail(undefined);
  now.set("1", DONE);
  expect(await over).toBe(DONE);
});

test("once the signal has fired it looks at nothing any more", async () => {
  const { watch, looks, end } = watching();
  void watch.untilEnded("1");
  await until(() => looks.length > 0);
  end.abort();
  await new Promise((done) => setTimeout(done, 100));
  const before = looks.length;
  await new Promise((done) => setTimeout(done, 100));
  expect(looks.length).toBe(before);
});

test("once the signal has fired no timer keeps the process alive, even after a failed look", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { watch, errors, end, fail } = watching();
  fail(new Error("the cloud is away"));
  void watch.untilEnded("1");
  await vi.advanceTimersByTimeAsync(20);
  expect([errors.length, vi.getTimerCount()]).toEqual([1, 1]);
  end.abort();
  await new Promise((done) => setImmediate(done));
  expect(vi.getTimerCount()).toBe(0);
});

test("waits for a look that takes minutes, and begins no other meanwhile", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { watch, now, looks, errors, holdBack } = watching();
  const answer = holdBack();
  now.set("1", DONE);
  const over = watch.untilEnded("1");
  await vi.advanceTimersByTimeAsync(120_000);
  expect([looks.length, errors]).toEqual([1, []]);
  answer();
  expect(await over).toBe(DONE);
});
