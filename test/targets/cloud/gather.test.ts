import { expect, test } from "vitest";
import { gather } from "../../../src/targets/cloud/gather";

/** Looks at letters: upper and lower case in separate batches. */
function letters(look: (group: readonly string[]) => Promise<Map<string, string | Promise<string>>>) {
  const looks: string[] = [];
  const observe = gather<string, string>({
    wait: () => 1,
    groups: (ids) => Map.groupBy(ids, (id) => id === id.toUpperCase()).values(),
    look: async (group, tell) => {
      looks.push(group.join(""));
      for (const [id, seen] of await look(group)) tell(id, seen);
    },
  });
  return { looks, observe };
}

const all = async (group: readonly string[]) => new Map(group.map((id) => [id, `seen ${id}`]));

test("simultaneous callers share a look, which asks for each item once", async () => {
  const { looks, observe } = letters(all);
  const [one, two] = await Promise.all([observe(["a", "b"]), observe(["b", "C"]), observe(["a"])]);
  expect(looks).toEqual(["ab", "C"]);
  expect([one.get("a"), one.get("b"), two.get("C")]).toEqual(["seen a", "seen b", "seen C"]);
  expect(await observe(["a"])).toEqual(new Map([["a", "seen a"]]));
  expect(looks).toEqual(["ab", "C", "a"]);
});

test("an empty list causes no look", async () => {
  const { looks, observe } = letters(all);
  expect(await observe([])).toEqual(new Map());
  expect(looks).toEqual([]);
});

test("an item that cannot be seen fails only its callers, with its own reason", async () => {
  const { observe } = letters(async (group) => new Map(group.map((id) => [id, id === "b" ? Promise.reject(new Error("no b")) : id])));
  const [a, b, both] = await Promise.allSettled([observe(["a"]), observe(["b"]), observe(["a", "b"])]);
  expect(a.status).toBe("fulfilled");
  for (const each of [b, both]) expect(each).toMatchObject({ status: "rejected", reason: new Error("no b") });
});

test("a batch that fails does not delay or fail another", async () => {
  let letGo = () => {};
  const { observe } = letters(async (group) => {
    if (group[0] === "A") {
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      throw new Error("the region is away");
    }
    return all(group);
  });
  const away = observe(["A"]);
  const there = observe(["a"]);
  expect(await there).toEqual(new Map([["a", "seen a"]]));
  letGo();
  await expect(away).rejects.toThrow("the region is away");
});

test("a look that leaves out an item fails instead of waiting for ever", async () => {
  const { observe } = letters(async () => new Map());
  await expect(observe(["a"])).rejects.toThrow("the look gave no answer for this item");
});

test("a look ends once its last caller has given up, and another batch continues", async () => {
  const over: string[] = [];
  const observe = gather<string, string>({
    wait: () => 1,
    groups: (ids) => [...ids].map((id) => [id]),
    look: ([id], _, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          over.push(id as string);
          reject(signal.reason);
        }),
      ),
  });
  const [one, two] = [new AbortController(), new AbortController()];
  const first = observe(["a", "b"], one.signal);
  const second = observe(["b"], two.signal);
  await expect(Promise.race([first, second, new Promise((done) => setTimeout(done, 20, "waiting"))])).resolves.toBe("waiting");
  one.abort();
  await expect(first).rejects.toBe(one.signal.reason);
  expect(over).toEqual(["a"]);
  two.abort();
  await expect(second).rejects.toBe(two.signal.reason);
  expect(over).toEqual(["a", "b"]);
  await expect(observe(["a"], one.signal)).rejects.toBe(one.signal.reason);
});

test("who gives up before the look is asked for nothing", async () => {
  const { looks, observe } = letters(all);
  const stop = new AbortController();
  const given = observe(["a"], stop.signal);
  const kept = observe(["b"]);
  stop.abort();
  await expect(given).rejects.toBe(stop.signal.reason);
  expect([await kept, looks]).toEqual([new Map([["b", "seen b"]]), ["b"]]);
});
