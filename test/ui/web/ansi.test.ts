import fc from "fast-check";
import { expect, test } from "vitest";
import { classesOf, parseAnsi, type TextStyle, withoutAnsi } from "../../../web/logs/ansi";

const ESC = "\u001b";

const shown = (line: string, before?: TextStyle) => parseAnsi(line, before).parts.map(({ text, style }) => [text, classesOf(style)]);

test.each<[string, string, string[][]]>([
  ["no codes", "plain", [["plain", ""]]],
  ["nothing", "", []],
  ["a colour and its end", `a ${ESC}[31mred${ESC}[0m b`, [["a ", ""], ["red", "colour-1"], [" b", ""]]], // biome-ignore format: one row
  ["an end without a number", `${ESC}[32mgreen${ESC}[m b`, [["green", "colour-2"], [" b", ""]]], // biome-ignore format: one row
  ["several at once", `${ESC}[1;3;4;91mloud`, [["loud", "bold italic underline colour-9"]]],
  ["bold and dim end together", `${ESC}[1;2mx${ESC}[22my`, [["x", "bold dim"], ["y", ""]]], // biome-ignore format: one row
  ["a background", `${ESC}[42;30m OK ${ESC}[49;39m.`, [[" OK ", "colour-0 on-2"], [".", ""]]], // biome-ignore format: one row
  ["inverse hides the background", `${ESC}[7;35;42mx${ESC}[27my`, [["x", "colour-5 inverse"], ["y", "colour-5 on-2"]]], // biome-ignore format: one row
  ["the palette's first 16", `${ESC}[38;5;12mx`, [["x", "colour-12"]]],
  ["the palette's cube", `${ESC}[38;5;196mx`, [["x", "colour-9"]]],
  ["the palette's greys", `${ESC}[38;5;244mx`, [["x", "colour-8"]]],
  ["a palette's number that does not exist", `${ESC}[38;5;999mx`, [["x", ""]]],
  ["any colour", `${ESC}[38;2;0;0;230;1mx`, [["x", "bold colour-4"]]],
  ["any colour, with colons", `${ESC}[48:2::255:250:255mx`, [["x", "on-15"]]],
  ["an underline that is none", `${ESC}[4mx${ESC}[4:0my`, [["x", "underline"], ["y", ""]]], // biome-ignore format: one row
  ["an unknown code", `${ESC}[73mx`, [["x", ""]]],
  ["moves of the cursor", `a${ESC}[2Kb${ESC}[10;5Hc`, [["abc", ""]]],
  ["a link", `${ESC}]8;;https://example.com${ESC}\\text${ESC}]8;;${ESC}\\ end`, [["text end", ""]]],
  ["a title", `${ESC}]0;title\u0007text`, [["text", ""]]],
  ["a code that does not end", `a${ESC}[31`, [["a", ""]]],
  ["an escape at the end", `a${ESC}`, [["a", ""]]],
  ["a progress bar", "10%\r50%\r100%\r", [["100%", ""]]],
  ["control characters", "a\u0000b\u0008c\u007f", [["a␀b␈c␡", ""]]],
  ["a tab", "a\tb", [["a\tb", ""]]],
  ["HTML", '<script>alert("x")</script>', [['<script>alert("x")</script>', ""]]],
])("%s", (_, line, expected) => {
  expect(shown(line)).toEqual(expected);
});

test("a style lasts over lines until it ends", () => {
  const { after } = parseAnsi(`${ESC}[31mred`);
  expect(shown("still", after)).toEqual([["still", "colour-1"]]);
  expect(parseAnsi(`end${ESC}[0m`, after).after).toEqual({});
});

test("whatever a run writes, the shown text has no escape, and is the same with and without styles", () => {
  const piece = fc.constantFrom(ESC, "[", "]", "m", ";", "31", "38;5;", ":", "\r", "\u0007", "\\", "\u0000", "x", "é", "😀");
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const line = pieces.join("");
      const { parts } = parseAnsi(line);
      const text = parts.map((part) => part.text).join("");
      expect(text).not.toContain(ESC);
      expect(text).toBe(withoutAnsi(line));
      expect(parts.every((part) => part.text !== "")).toBe(true);
    }),
  );
});
