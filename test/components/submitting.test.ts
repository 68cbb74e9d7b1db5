import fc from "fast-check";
import { expect, test } from "vitest";
import { blockNameOf } from "../../components/submitting";

test.each([
  ["etl", "etl"],
  ["air-to-air_push", "air-to-air-push"],
  ["Big pool", "big-pool"],
  ["日本", "-"],
])("the block of work pool %s has the name %s", (workPool, block) => {
  expect(blockNameOf(workPool)).toBe(block);
});

test("Prefect accepts every name of a block", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), (name) => /^[a-z0-9-]+$/.test(blockNameOf(name))));
});
