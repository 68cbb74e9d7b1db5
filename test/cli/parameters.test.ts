import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joinParameters, notesOnRepeats, parsePairs, parseParams } from "../../src/cli/parameters";
import { UserError } from "../../src/userError";
import { scratch } from "../scratch";

// Prefect's reading: a value that is JSON is that, anything else is text (`prefect deployment run -p`).
test.each([
  ["name=Ada", { name: "Ada" }],
  ["n=3", { n: 3 }],
  ['n="3"', { n: "3" }],
  ["flag=true", { flag: true }],
  ["nothing=null", { nothing: null }],
  ['list=[1, "a"]', { list: [1, "a"] }],
  ['o={"a": {"b": 1}}', { o: { a: { b: 1 } } }],
  ["empty=", { empty: "" }],
  ["url=http://x/?a=b", { url: "http://x/?a=b" }],
  ["broken={a", { broken: "{a" }],
  ["python=True", { python: "True" }],
])("-p %s", (pair, parameters) => expect(parsePairs([pair], "-p")).toEqual(parameters));

test.each(["name", "=Ada", ""])("%j is refused with the flag and an example", (pair) => {
  const parse = () => parsePairs(["a=1", pair], "--job-variable");
  expect(parse).toThrow(UserError);
  expect(parse).toThrow(`--job-variable "${pair}": must be KEY=VALUE, such as --job-variable name=Ada`);
});

test("the last value of a name counts, and no name is special", () => {
  expect(parsePairs(["a=1", "a=2"], "-p")).toEqual({ a: 2 });
  const odd = parsePairs(["__proto__=1", "constructor=2"], "-p");
  expect(Object.entries(odd)).toEqual([
    ["__proto__", 1],
    ["constructor", 2],
  ]);
  expect(Object.keys(joinParameters(odd, {}).parameters)).toEqual(["__proto__", "constructor"]);
});

test("a note names each key that is given more than once", () => {
  expect(notesOnRepeats(["a=1", "b=1", "a=2", "a=3", "c=b", "b="], "-p")).toEqual([
    "-p a: given more than once; the last value counts",
    "-p b: given more than once; the last value counts",
  ]);
  expect(notesOnRepeats(["a=1", "ab=1", "A=1"], "-p")).toEqual([]);
});

test("property: every JSON value is passed on unchanged", () =>
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((key) => !key.includes("=")),
      fc.jsonValue(),
      (key, value) => {
        const text = JSON.stringify(value);
        expect(parsePairs([`${key}=${text}`], "-p")).toEqual(Object.fromEntries([[key, JSON.parse(text)]]));
      },
    ),
  ));

test("--params has JSON, or names a file relative to the folder", () => {
  const folder = scratch();
  writeFileSync(join(folder, "p.json"), '{"name": "Ada"}');
  expect(parseParams('{"n": 1}', folder)).toEqual({ n: 1 });
  expect(parseParams("@p.json", folder)).toEqual({ name: "Ada" });
});

test.each([
  ["[1]", /^--params must be a JSON object, such as \{"name": "Ada"\}$/],
  ["null", /must be a JSON object/],
  ['{"a": }', /^--params: invalid JSON: .*line 1, column 7/],
  ["", /^--params/],
  ["@none.json", /^--params @none\.json: cannot read .*none\.json/],
  ["@broken.json", /^--params @broken\.json: .*line 2/],
])("--params %j is refused", (given, message) => {
  const folder = scratch();
  writeFileSync(join(folder, "broken.json"), '{\n  "a": 1,}\n');
  const parse = () => parseParams(given, folder);
  expect(parse).toThrow(UserError);
  expect(parse).toThrow(message);
});

test("-p overrides --params, and names in both are reported", () =>
  expect(joinParameters({ a: 1, b: 1 }, { b: 2, c: 2 })).toEqual({ parameters: { a: 1, b: 2, c: 2 }, twice: ["b"] }));
