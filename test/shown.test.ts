import fc from "fast-check";
import { expect, test } from "vitest";
import { escaped, logLine, oneLine, quoted, readable, safeJson } from "../src/shown";
import { UserError } from "../src/userError";

const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(7);
const CSI = String.fromCharCode(0x9b);
const HOSTILE = `${ESC}]0;title${BEL}${CSI}2J\u202egnp.exe\r`;
// Every character that controls a terminal, except tab and line feed.
const ACTS = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const anyText = fc.string({
  unit: fc.oneof(fc.constantFrom(...HOSTILE, "\n", "\t", "é", "日", "😀"), fc.string({ minLength: 1, maxLength: 1 })),
});

test("control characters are escaped, and nothing else changes", () => {
  expect(escaped(HOSTILE)).toBe("\\x1b]0;title\\x07\\x9b2J\\u202egnp.exe\\r");
  expect(escaped("two\nlines\tand é 日 😀")).toBe("two\nlines\tand é 日 😀");
  expect(oneLine("two \r\n lines\tx")).toBe("two lines x");
});

test("property: the result never controls a terminal", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const shown of [
        escaped(text),
        oneLine(text),
        quoted(text),
        readable(`"${text}" is bad`),
        logLine(text, true),
        safeJson(JSON.stringify(text)),
      ])
        expect(shown).not.toMatch(ACTS);
      expect(oneLine(text)).not.toMatch(/[\n\t]/);
    }),
  );
});

test("property: escaped JSON parses to the same value", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(JSON.parse(safeJson(JSON.stringify(text)))).toBe(text);
    }),
  );
});

test("a run's output is escaped for a terminal, and unchanged in a pipe", () => {
  expect(logLine(`${ESC}[31mred${ESC}[0m`, false)).toBe(`${ESC}[31mred${ESC}[0m`);
  expect(logLine(`${ESC}[31mred${ESC}[0m ${CSI}`, true)).toBe("red \\x9b");
});

test("long quotations in a message are cut, and its beginning and end stay", () => {
  const long = "x".repeat(100_000);
  const { message } = new UserError(`--state "${long}": must be a state type. Use RUNNING`);
  expect(message).toMatch(/^--state "x{100}… \(100000 characters\)": must be a state type\. Use RUNNING$/);
  expect(new UserError(`cannot read ${long}: no such file`).message).toMatch(
    /^cannot read x+ … \(\d+ characters left out\) … x+: no such file$/,
  );
  expect(new UserError(`"${"y".repeat(150)}"`).message).toBe(`"${"y".repeat(150)}"`);
  expect(quoted({ a: long })).toHaveLength('{"a":"'.length + 94 + "… (100008 characters)".length);
});
