import { afterEach, expect, test, vi } from "vitest";
import { openCalls } from "../../../src/targets/cloud/calls";
import { CloudFailure } from "../../../src/targets/cloud/failure";
import { memoryNotes } from "./memoryNotes";

// How often a call is repeated, by a clock of the test's.

// Timers of promises are not among those that vitest replaces.
vi.mock("node:timers/promises", () => ({ setTimeout: (wait: number) => new Promise((done) => setTimeout(done, wait)) }));

afterEach(() => vi.useRealTimers());

/** Make a call that always fails. @returns its tries, when it gave up, and the messages for the user */
async function failing(kind: "pull" | "image" | "denied", { ageSeconds, patience }: { ageSeconds: number | undefined; patience?: number }) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  const began = Date.now();
  const told: string[] = [];
  const call = openCalls<"pull" | "image">({
    cloud: "Azure",
    pool: "etl",
    createdAt: ageSeconds === undefined ? undefined : began - ageSeconds * 1_000,
    notes: memoryNotes(),
    tell: (message) => told.push(message),
    asFailure: (error) => error as CloudFailure<"pull" | "image">,
    again: {
      image: { retries: 3, tell: () => "the image" },
      pull: { retries: 3, everyWhileYoung: 15_000, tell: () => "the role" },
    },
  });
  const tries: number[] = [];
  let over = false;
  const work = async () => {
    tries.push(Date.now() - began);
    throw new CloudFailure<"pull" | "image">(kind, "not accessible");
  };
  const made = call("creating", [], work, patience === undefined ? {} : { patience }).catch((error: Error) => {
    over = true;
    return error.message;
  });
  while (!over) await vi.advanceTimersByTimeAsync(500);
  expect(await made).toBe("not accessible");
  return { tries, seconds: (Date.now() - began) / 1_000, told: told[0] };
}

test("a failure that a few retries fix is retried as often", async () => {
  const { tries, told } = await failing("image", { ageSeconds: 0 });
  expect([tries.length, told]).toEqual([4, "the image"]);
});

test("one that may be the pool's newness is retried slowly until the pool is not new, and then a few times", async () => {
  const { tries, seconds, told } = await failing("pull", { ageSeconds: 300 });
  expect(told).toBe("the role");
  expect(seconds).toBeGreaterThanOrEqual(300);
  expect(seconds).toBeLessThan(360);
  expect(tries.length).toBeGreaterThan(10);
  expect(tries.length).toBeLessThanOrEqual(300 / 15 + 4);
});

test("a call of little patience fails soon, however new the pool is", async () => {
  expect((await failing("denied", { ageSeconds: 0, patience: 5_000 })).seconds).toBeLessThan(15);
  expect((await failing("denied", { ageSeconds: 0 })).seconds).toBeGreaterThan(500);
});

test.each([["an old pool", 3_600] as const, ["a pool of unknown age", undefined] as const])(
  "of %s it is retried a few times",
  async (_, age) => {
    expect((await failing("pull", { ageSeconds: age })).tries).toHaveLength(4);
  },
);

test("a call that is interrupted says so, whether it has just succeeded or failed, and is not repeated", async () => {
  const why = new Error("interrupted");
  for (const ends of ["succeeds", "fails"]) {
    const stop = new AbortController();
    const call = openCalls<"image">({
      cloud: "Azure",
      pool: "etl",
      notes: memoryNotes(),
      tell: () => {},
      asFailure: (error) => error as CloudFailure<"image">,
      again: { image: { retries: 3, tell: () => "the image" } },
    });
    let tries = 0;
    const work = async () => {
      tries += 1;
      stop.abort(why);
      if (ends === "fails") throw new CloudFailure<"image">("image", "not accessible");
    };
    await expect(call("creating", [], work, { signal: stop.signal })).rejects.toBe(why);
    await expect(call("creating", [], work, { signal: stop.signal })).rejects.toBe(why);
    expect(tries).toBe(1);
  }
});

test("young credentials that the cloud refuses: whether others have replaced them is asked now and then, not at once", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  const began = Date.now();
  const asked: number[] = [];
  const call = openCalls<never>({
    cloud: "AWS",
    pool: "etl",
    createdAt: began,
    notes: memoryNotes(),
    tell: () => {},
    asFailure: (error) => error as CloudFailure<never>,
    isReplaced: async () => {
      asked.push((Date.now() - began) / 1_000);
      if (asked.length === 1) throw new Error("the manifest cannot be read");
      return asked.length === 3;
    },
  });
  let over: string | undefined;
  const refused = async () => {
    throw new CloudFailure<never>("unauthenticated", "the key is not known");
  };
  void call("looking", [], refused).catch((error: Error) => {
    over = error.message;
  });
  while (over === undefined) await vi.advanceTimersByTimeAsync(500);
  expect(over).toBe("the key is not known");
  expect(asked).toHaveLength(3);
  expect(asked[0]).toBeGreaterThanOrEqual(15);
  expect(asked[2]).toBeLessThan(90);
});
