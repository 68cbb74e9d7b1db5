import fc from "fast-check";
import { expect, test } from "vitest";
import { parseEntrypoint } from "../../src/entrypoint";

test.each([
  ["flows.py:hello", { kind: "file", path: "flows.py", name: "hello" }],
  ["./flows/etl.py:hello", { kind: "file", path: "./flows/etl.py", name: "hello" }],
  ["/srv/a b/etl.py:hello", { kind: "file", path: "/srv/a b/etl.py", name: "hello" }],
  ["flows.py:Class.method", { kind: "file", path: "flows.py", name: "Class.method" }],
  ["c:/flows.py:hello", { kind: "file", path: "c:/flows.py", name: "hello" }],
  ["pkg.mod:hello", { kind: "module", module: "pkg.mod", name: "hello" }],
  ["pkg.mod.hello", { kind: "module", module: "pkg.mod", name: "hello" }],
  ["mod.naïve", { kind: "module", module: "mod", name: "naïve" }],
])("%s", (text, expected) => expect(parseEntrypoint(text)).toEqual(expected));

test.each([
  ["hello", /names no function: write it as path\/file\.py:function/],
  ["", /names no function/],
  ["flows.py", /names no function: write it as flows\.py:function/],
  ["flows/etl", /names no function/],
  ["flows.py:", /"" is not a valid function name/],
  ["flows.py:a-b", /"a-b" is not a valid function name/],
  ["flows.py:hello()", /"hello\(\)" is not a valid/],
  ["flows/etl:hello", /flows\/etl is not a Python file/],
  [":hello", /"" is neither a Python file nor/],
  ["my-flows:hello", /"my-flows" is neither/],
])("%j is invalid", (text, fault) => expect(parseEntrypoint(text)).toEqual({ fault: expect.stringMatching(fault) }));

test("property: any string is parsed or refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const parsed = parseEntrypoint(text);
      if ("fault" in parsed) return parsed.fault.length > 0;
      const place = parsed.kind === "file" ? parsed.path : parsed.module;
      return [`${place}:${parsed.name}`, `${place}.${parsed.name}`].includes(text);
    }),
  );
});
