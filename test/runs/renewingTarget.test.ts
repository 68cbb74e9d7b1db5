import { expect, test } from "vitest";
import { type OpenTarget, renewingTarget } from "../../src/runs/renewingTarget";
import type { Target } from "../../src/targets/target";
import { UserError } from "../../src/userError";

// A process that holds the key that an `up` replaced.

/** A target that knows its calls, and refuses all of them once its key is dead. */
function targetWith(key: string, dead: Set<string>, calls: string[], kind = "unauthenticated"): OpenTarget {
  const target = {
    plan: () => key,
    observe: async (ids: string[]) => {
      calls.push(key);
      if (dead.has(key)) throw Object.assign(new UserError("refused", 5), { cause: { kind } });
      return new Map(ids.map((id) => [id, key]));
    },
  };
  return { target: target as unknown as Target, credentials: key };
}

test("a dead key: all calls at that time share one reading of the manifest, and the work continues with the new key", async () => {
  const [dead, calls] = [new Set<string>(), [] as string[]];
  let read = 0;
  const target = renewingTarget(targetWith("old", dead, calls), async () => {
    read += 1;
    return targetWith("new", dead, calls);
  });
  expect(await target.observe(["a"])).toEqual(new Map([["a", "old"]]));
  dead.add("old");
  const seen = await Promise.all([target.observe(["a"]), target.observe(["b"])]);
  expect(seen).toEqual([new Map([["a", "new"]]), new Map([["b", "new"]])]);
  expect(read).toBe(1);
  expect(await target.observe(["a"])).toEqual(new Map([["a", "new"]]));
  expect(calls.filter((key) => key === "old")).toHaveLength(3);
  expect(target.plan({}, {} as never)).toBe("new");
});

test.each([
  ["the manifest has the same key", "unauthenticated", async (open: OpenTarget) => open, 1],
  ["the manifest cannot be read", "unauthenticated", () => Promise.reject(new Error("no")), 1],
  ["the cloud denies a permission", "denied", async (open: OpenTarget) => ({ ...open, credentials: "other" }), 0],
])("%s: the failure stays as it is, after one look", async (_, kind, reopen, reads) => {
  const calls: string[] = [];
  const old = targetWith("old", new Set(["old"]), calls, kind);
  let read = 0;
  const target = renewingTarget(old, () => {
    read += 1;
    return reopen(old);
  });
  await expect(target.observe(["a"])).rejects.toThrow("refused");
  expect([calls, read]).toEqual([["old"], reads]);
});
