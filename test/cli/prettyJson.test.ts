import fc from "fast-check";
import { expect, test } from "vitest";
import { prettyJson } from "../../src/cli/prettyJson";

const id = "01a206b3-da99-74c1-a84f-7116d785f9ad";

test("into a pipe it is as JSON.stringify has it, indented", () => {
  const value = { a: [1, { b: "x".repeat(200) }], c: {} };
  expect(prettyJson(value, Number.POSITIVE_INFINITY, 2)).toBe(JSON.stringify(value, null, 2).replace(/^/gm, "  "));
});

test("an id stays whole on 40 columns, however deep it stands", () => {
  const lines = prettyJson({ a: { b: { c: { run: id, text: `run ${id} of the rest` } } } }, 40, 4).split("\n");
  expect(lines.filter((line) => line.length > 40)).toEqual([]);
  expect(lines.filter((line) => line.includes(id))).toHaveLength(2);
});

test("no line is wider than the terminal, and together they are the same JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 20, max: 120 }), fc.integer({ min: 0, max: 4 }), (value, width, indent) => {
      const text = prettyJson(value, width, indent);
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(width);
      const bare = (json: string) => json.replaceAll(/\s/g, "");
      expect(bare(text)).toBe(bare(JSON.stringify(value)));
    }),
  );
});
