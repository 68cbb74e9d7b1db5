import { expect, test } from "vitest";
import { parseJson } from "../src/jsonText";
import { UserError } from "../src/userError";

const faults: [string, string][] = [
  ["", "m is empty: it must be JSON"],
  [" \n", "m is empty: it must be JSON"],
  ['{"a": x}', "m is no JSON: it goes wrong at line 1, column 7"],
  ['{\n  "a": hunter2\n}', "m is no JSON: it goes wrong at line 2, column 8"],
  ['{\n  "a": 1,\n}', "m is no JSON: it goes wrong at line 3, column 1"],
  ['{"a": 1', "m is no whole JSON: it ends too early, at line 1, column 8"],
  ['{"a": "hunter2', "m is no whole JSON: it ends too early, at line 1, column 15"],
  ['{"a": 1} x', "m is no JSON: it goes wrong at line 1, column 10"],
  ["[1 2]", "m is no JSON: it goes wrong at line 1, column 4"],
  ['{"a": "\n"}', "m is no JSON: it goes wrong at line 1, column 8"],
];
test.each(faults)("%j: where it goes wrong, and nothing of it quoted", (text, message) => {
  expect(() => parseJson(text, "m")).toThrow(new UserError(message));
});

test("what is JSON comes through", () => expect(parseJson(' {"a": [1, null]} ', "m")).toEqual({ a: [1, null] }));
