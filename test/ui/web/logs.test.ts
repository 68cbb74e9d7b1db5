import fc from "fast-check";
import { expect, test } from "vitest";
import type { LogRow } from "../../../src/ui/wire";
import { withoutAnsi } from "../../../web/logs/ansi";
import { LogLines, matchFrom } from "../../../web/logs/logLines";
import { LONGEST_SHOWN, piecesOf } from "../../../web/logs/pieces";

const rows = (from: number, ...texts: string[]): LogRow[] => texts.map((text, at) => ({ n: from + at, at: null, text, stderr: false }));
const many = (count: number, text: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => ({ n, at: null, text: text(n), stderr: false }));

test("lines come once, also if a reconnect brings some again", () => {
  const log = new LogLines();
  log.add(rows(0, "a", "b"));
  log.add(rows(1, "b", "c"));
  expect(log.lines.map(({ text }) => text).join("")).toBe("abc");
  expect(log.next).toBe(3);
});

test("a search finds lines without their codes, and those that come later", () => {
  const log = new LogLines();
  log.add(rows(0, "An \u001b[31mERR\u001b[0mOR", "fine"));
  log.find("error");
  expect(log.matches).toEqual([0]);
  log.add(rows(2, "another Error", "31m"));
  expect(log.matches).toEqual([0, 2]);
  log.find("");
  expect(log.matches).toEqual([]);
});

test("a style lasts until it ends, wherever the reader is", () => {
  const log = new LogLines();
  log.add(rows(0, "\u001b[31mred", "still", "end\u001b[0m", "plain"));
  expect(log.lines.map((line) => log.styleBefore(line).colour)).toEqual([undefined, 1, 1, undefined]);
});

test("of a very long log the newest lines stay, and matches stay with their lines", () => {
  const log = new LogLines();
  log.find("7777");
  log.add(many(250_000, (n) => `line ${n}`));
  expect(log.lines.length).toBeLessThanOrEqual(200_000);
  expect(log.dropped + log.lines.length).toBe(250_000);
  expect(log.lines.at(-1)?.n).toBe(249_999);
  expect(log.matches.length).toBeGreaterThan(0);
  expect(log.matches.every((at) => log.lines[at]?.text.includes("7777"))).toBe(true);
});

test.each<[number[], number, number]>([
  [[3, 8, 12], 0, 0],
  [[3, 8, 12], 4, 1],
  [[3, 8, 12], 8, 1],
  [[3, 8, 12], 13, 0],
  [[], 5, 0],
])("of the matches %j the next from line %d is at %d", (matches, line, expected) => {
  expect(matchFrom(matches, line)).toBe(expected);
});

const marked = (line: string, search: string) =>
  piecesOf(line, {}, search)
    .map(({ text, isMatch }) => (isMatch ? `[${text}]` : text))
    .join("|");

test.each<[string, string, string]>([
  ["abcabc", "b", "a|[b]|ca|[b]|c"],
  ["ABC", "bc", "A|[BC]"],
  ["a\u001b[31mb\u001b[0mc", "abc", "[a]|[b]|[c]"],
  ["a\u001b[31mbb\u001b[0mb", "b", "a|[b]|[b]|[b]"],
  ["aaa", "aa", "[aa]|a"],
  ["none", "x", "none"],
  ["", "x", ""],
])("%j searched for %j", (line, search, expected) => {
  expect(marked(line, search)).toBe(expected);
});

test("marks do not change the text, and mark the searched words", () => {
  const piece = fc.constantFrom("a", "b", "A", "\u001b[31m", "\u001b[0m", "\t", "é");
  fc.assert(
    fc.property(fc.array(piece), fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 3 }), (pieces, search) => {
      const line = pieces.join("");
      const found = piecesOf(line, {}, search);
      const text = withoutAnsi(line);
      expect(found.map((one) => one.text).join("")).toBe(text);
      expect(found.some(({ isMatch }) => isMatch)).toBe(text.toLowerCase().includes(search));
    }),
  );
});

test("of a line without an end only the start is laid out", () => {
  const shown = piecesOf("x".repeat(1_000_000), {}, "").reduce((sum, { text }) => sum + text.length, 0);
  expect(shown).toBe(LONGEST_SHOWN);
});
