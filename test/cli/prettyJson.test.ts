import fc from "fast-check";
import { expect, test } from "vitest";
import { prettyJson } from "../../src/cli/prettyJson";

const id = "01a206b3-da99-74c1-a84f-7116d785f9ad";

test("into a pipe it is as JSON.stringify has it, indented", () => {
  const value = { a: [1, { b: "x".repeat(200) }], c: {} };
  expect(prettyJson(value, Number.POSITIVE_INFINITY, 2)).toBe(JSON.stringify(value, null, 2).replace(/^/gm, "  "));
});

test("an id stays on one line of 40 columns, however deep it stands", () => {
  const lines = prettyJson({ a: { b: { c: { run: id, ids: [id] } } } }, 40, 4).split("\n");
  expect(lines.filter((line) => line.includes(id)).map((line) => line.length <= 40)).toEqual([true, true]);
});

test("it is the same JSON at every width, and every value that fits into the width is on a line within it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 20, max: 120 }), fc.integer({ min: 0, max: 4 }), (value, width, indent) => {
      const text = prettyJson(value, width, indent);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      for (const line of text.split("\n"))
        if (line.length > width) expect(line.trim().length > width || line.trim().endsWith(":")).toBe(true);
    }),
  );
});
