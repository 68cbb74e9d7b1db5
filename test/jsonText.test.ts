import fc from "fast-check";
import { expect, test } from "vitest";
import { sameJson } from "../src/canonicalJson";
import { parseJson, readJson } from "../src/jsonText";
import { UserError } from "../src/userError";

const faults: [string, string][] = [
  ["", "m is empty: it must be JSON"],
  [" \n", "m is empty: it must be JSON"],
  ['{"a": x}', "m: invalid JSON: unexpected character at line 1, column 7"],
  ['{\n  "a": hunter2\n}', "m: invalid JSON: unexpected character at line 2, column 8"],
  ['{\n  "a": 1,\n}', "m: invalid JSON: unexpected character at line 3, column 1"],
  ['{"a": 1', "m: invalid JSON: unexpected end of input at line 1, column 8"],
  ['{"a": "hunter2', "m: invalid JSON: unexpected end of input at line 1, column 15"],
  ['{"a": 1} x', "m: invalid JSON: unexpected character at line 1, column 10"],
  ["[1 2]", "m: invalid JSON: unexpected character at line 1, column 4"],
  ['{"a": "\n"}', "m: invalid JSON: unexpected character at line 1, column 8"],
];
test.each(faults)("the error for %j gives its position and quotes nothing", (text, message) => {
  expect(() => parseJson(text, "m")).toThrow(new UserError(message));
});

test("valid JSON is parsed", () => expect(parseJson(' {"a": [1, null]} ', "m")).toEqual({ a: [1, null] }));

// Python's json module reads and writes these numbers without changing them.
test.each([
  "9007199254740993",
  "-12345678901234567890",
  "1.0",
  "-0.0",
  "-0",
  "1e3",
  "1E-400",
  "1500000000000000.0",
  "1.10",
  "0.12345678901234567890",
  "1e22",
])("%s keeps its digits, alone and in a tree", (number) => {
  for (const text of [number, `[${number}]`, `{"a":${number},"b":[1,${number}]}`, `{"a":{"__proto__":${number}}}`])
    expect(JSON.stringify(parseJson(text, "m"))).toBe(text);
});

test("property: every number keeps its original string", () => {
  const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,30})$/);
  const number = fc
    .tuple(fc.constantFrom("", "-"), digits, fc.stringMatching(/^(\.[0-9]{1,25})?$/), fc.stringMatching(/^([eE][-+]?[0-9]{1,2})?$/))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(number), (numbers) => {
      const text = `{"a":[${numbers.join(",")}],"b":"1.0, 1e3"}`;
      expect(JSON.stringify(parseJson(text, "m"))).toBe(text);
    }),
  );
});

test("a number that Python cannot hold is refused with its path", () => {
  const refused: [string, string][] = [
    ['{"a": {"b": [1, 1e400]}}', "m: a.b[1] is 1e400, too large for a float: Python would read infinity"],
    ["-1e999", "m is -1e999, too large for a float: Python would read infinity"],
    [`{"n": ${"9".repeat(5000)}}`, "m: n has 5000 digits, and Python reads at most 4300"],
  ];
  for (const [text, message] of refused) expect(() => parseJson(text, "m")).toThrow(new UserError(message));
});

test("JSON that is nested too deeply is refused; brackets in strings do not count", () => {
  const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  expect(() => parseJson(deep(20_000), "m")).toThrow(
    new UserError("m is nested more than 200 levels deep: Prefect cannot read such a value"),
  );
  expect(() => parseJson(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, "m")).toThrow(/nested more than/);
  expect(parseJson(deep(200), "m")).toBeDefined();
  expect(parseJson(`["${"[".repeat(20_000)}\\""]`, "m")).toHaveLength(1);
});

test("values are equal exactly if Python reads them as the same", () => {
  const same = (one: string, other: string) => sameJson(readJson(one), readJson(other));
  for (const [one, other] of [
    ["1e3", "1000.0"],
    ["0.50", "0.5"],
    ["1e-7", "0.0000001"],
    ['{"a":[1.0],"b":2}', '{"b":2,"a":[1e0]}'],
  ] as const)
    expect(same(one, other)).toBe(true);
  for (const [one, other] of [
    ["1", "1.0"],
    ["9007199254740993", "9007199254740992"],
    ["0.0", "-0.0"],
  ] as const)
    expect(same(one, other)).toBe(false);
});
