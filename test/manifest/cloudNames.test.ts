import fc from "fast-check";
import { expect, test } from "vitest";
import { parameterFolder, stackId, stackName } from "../../src/manifest/cloudNames";

const word = fc.stringMatching(/^[A-Za-z0-9_.-]{1,100}$/);

test("the name of a stack in a cloud has a readable part and a digest", () => {
  expect(stackName({ project: "data", stack: "dev" })).toMatch(/^data-dev-[0-9a-f]{10}$/);
  expect(parameterFolder({ project: "data", stack: "dev" }, "etl")).toMatch(/^\/pushpool\/etl\/data-dev-[0-9a-f]{10}\/$/);
});

test.each([
  [
    { project: "a-b", stack: "c" },
    { project: "a", stack: "b-c" },
  ],
  [
    { project: "data", stack: "dev" },
    { project: "data", stack: "Dev" },
  ],
  [
    { project: "data", stack: "a.b" },
    { project: "data", stack: "a-b" },
  ],
  [
    { project: "data", stack: `${"x".repeat(90)}1` },
    { project: "data", stack: `${"x".repeat(90)}2` },
  ],
  [
    { project: "--", stack: "__" },
    { project: "__", stack: "--" },
  ],
])("%j and %j have different names", (one, other) => {
  expect(stackName(one)).not.toBe(stackName(other));
  expect(stackId(one)).not.toBe(stackId(other));
  expect(parameterFolder(one, "etl")).not.toBe(parameterFolder(other, "etl"));
});

test("work pools have different folders, even if the readable parts of their names are equal", () => {
  expect(parameterFolder({ project: "p", stack: "s" }, "my pool")).not.toBe(parameterFolder({ project: "p", stack: "s" }, "my-pool"));
});

test("property: all names are valid in every cloud", () => {
  fc.assert(
    fc.property(word, word, fc.string({ minLength: 1, maxLength: 300 }), (project, stack, pool) => {
      expect(stackName({ project, stack })).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      expect(stackId({ project, stack })).toMatch(/^[0-9a-f]{10}$/);
      expect(parameterFolder({ project, stack }, pool)).toMatch(/^\/pushpool\/[a-zA-Z0-9_.-]+\/[a-z0-9-]+\/$/);
    }),
  );
});
