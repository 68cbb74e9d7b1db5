import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExactNumber } from "../../src/exactNumber";
import type { Json } from "../../src/json";
import { pythonStr } from "../../src/template/pythonText";

// The right-hand sides are the output of Python 3.11.
describe("str()", () => {
  test.each<[Json, string]>([
    [null, "None"],
    [true, "True"],
    [false, "False"],
    ["it's", "it's"],
    [0, "0"],
    [-12, "-12"],
    [2 ** 53, "9007199254740992"],
    [0.1, "0.1"],
    [1234.5, "1234.5"],
    [-0.0001, "-0.0001"],
    [0.00001, "1e-05"],
    [1e-7, "1e-07"],
    [1.5e-10, "1.5e-10"],
    [5e-324, "5e-324"],
    [1e16, "10000000000000000"],
    [new ExactNumber("1e16"), "1e+16"],
    [new ExactNumber("1.5e16"), "1.5e+16"],
    [new ExactNumber("1.0"), "1.0"],
    [new ExactNumber("-0.0"), "-0.0"],
    [new ExactNumber("1e3"), "1000.0"],
    [new ExactNumber("1500000000000000.0"), "1500000000000000.0"],
    [new ExactNumber("1.10"), "1.1"],
    [new ExactNumber("9007199254740993"), "9007199254740993"],
    [[new ExactNumber("2.0"), { k: new ExactNumber("12345678901234567890") }], "[2.0, {'k': 12345678901234567890}]"],
    [1e22, "1e+22"],
    [-1e300, "-1e+300"],
    [[], "[]"],
    [{}, "{}"],
    [[1, "a", null, [true]], "[1, 'a', None, [True]]"],
    [{ k: { n: 1.5 }, l: [] }, "{'k': {'n': 1.5}, 'l': []}"],
    [["it's", 'say "x"', `it's "x"`], `["it's", 'say "x"', 'it\\'s "x"']`],
    [
      ["\t\n\r\\", "\u0000\u001b\u007f\u0085", "\u00a0\u00ad\u200b\u2028\ue000", "é漢😀 ", "\u{e0001}"],
      "['\\t\\n\\r\\\\', '\\x00\\x1b\\x7f\\x85', '\\xa0\\xad\\u200b\\u2028\\ue000', 'é漢😀 ', '\\U000e0001']",
    ],
  ])("%j", (value, text) => expect(pythonStr(value)).toBe(text));
});

test("property: a printed number reads back as the same number, and has an exponent exactly if Python uses one", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = pythonStr(value);
      expect(Number(text) === value || (Number(text) === 0 && value === 0)).toBe(true);
      const size = Math.abs(value);
      // From 1e21 on, JSON has an exponent, so Python reads a float. Below that, an integer is an int.
      const least = Number.isInteger(value) ? 1e21 : 1e16;
      expect(text.includes("e")).toBe(size !== 0 && (size >= least || size < 1e-4));
    }),
  );
});
