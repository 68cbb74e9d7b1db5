import { expect, test } from "vitest";
import { holdsUnknown, isUnknown, UNKNOWN } from "../src/unknown";

test.each([
  ["a value of any type", UNKNOWN],
  ["a bool", "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7"],
  ["an object", "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"],
])("Pulumi's placeholder for %s is unknown, at any depth of a tree", (_, placeholder) => {
  expect(isUnknown(placeholder)).toBe(true);
  expect(holdsUnknown({ a: [{ b: placeholder }] })).toBe(true);
});

test.each([undefined, null, true, 1, "", "text", [], {}, { a: ["04da6b54"] }])("%j is known", (value) => {
  expect([isUnknown(value), holdsUnknown(value)]).toEqual([false, false]);
});
