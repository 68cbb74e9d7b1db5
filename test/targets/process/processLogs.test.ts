import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cut, readPage } from "../../../src/targets/process/processLogs";
import { scratch } from "../../scratch";

const texts = (bytes: Buffer, isLast: boolean) => cut(bytes, 0, isLast).map(({ text }) => text);

test.each<[string, string, boolean, string[]]>([
  ["complete lines", "a\nb\n", false, ["a", "b"]],
  ["an incomplete last line is held back", "a\nb", false, ["a"]],
  ["an incomplete last line is returned at the end", "a\nb", true, ["a", "b"]],
  ["empty lines count", "\n\na\n", false, ["", "", "a"]],
  ["CRLF", "a\r\nb\r\n", false, ["a", "b"]],
  ["a lone CR stays", "a\rb\n", false, ["a\rb"]],
  ["no bytes", "", true, []],
])("cut: %s", (_, text, isLast, lines) => expect(texts(Buffer.from(text), isLast)).toEqual(lines));

test("property: every line is returned once, in order, and always with the same time", () => {
  const step = fc.record({ out: fc.string({ maxLength: 8 }), err: fc.string({ maxLength: 8 }), read: fc.boolean(), stamp: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const folder = scratch();
      let now = 1_000_000;
      const written = { out: "", err: "" };
      const told: { stream: string; text: string; at: string }[] = [];
      let cursor: string | undefined;
      const read = (ended: boolean) => {
        const page = readPage(folder, cursor, ended, () => now);
        told.push(...page.lines);
        cursor = page.cursor;
        return page;
      };
      for (const name of ["out", "err"]) writeFileSync(join(folder, name), "");
      for (const { out, err, read: reads, stamp } of steps) {
        now += 1000;
        // This test is about line ends, so most characters become newlines.
        for (const [name, text] of [
          ["out", out],
          ["err", err],
        ] as const) {
          const lines = text.replace(/[^a-f]/g, "\n");
          written[name] += lines;
          appendFileSync(join(folder, name), lines);
        }
        if (stamp) appendFileSync(join(folder, "stamps"), `${now / 1000} ${written.out.length} ${written.err.length}\n`);
        if (reads) read(false);
      }
      now += 1000;
      while (!read(true).complete);
      for (const [stream, name] of [
        ["stdout", "out"],
        ["stderr", "err"],
      ] as const) {
        const expected = written[name].split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(told.filter((line) => line.stream === stream).map(({ text }) => text)).toEqual(expected);
      }
      // A later reader starts at the beginning and gets the same lines with the same times.
      now += 1_000_000;
      cursor = undefined;
      const before = told.splice(0);
      while (!read(true).complete);
      const key = ({ stream, text, at }: (typeof told)[number]) => `${stream} ${at} ${text}`;
      expect(told.map(key).sort()).toEqual(before.map(key).sort());
    }),
    { numRuns: 150 },
  );
});

test("pages have a limited size, and each continues after the last one", () => {
  const folder = scratch();
  const line = `${"x".repeat(99)}\n`;
  writeFileSync(join(folder, "out"), line.repeat(10_000));
  writeFileSync(join(folder, "err"), line.repeat(5_000));
  let cursor: string | undefined;
  let count = 0;
  let pages = 0;
  for (;;) {
    const page = readPage(folder, cursor, true, Date.now);
    count += page.lines.length;
    cursor = page.cursor;
    pages += 1;
    expect(page.lines.length).toBeLessThan(6_000);
    if (page.complete) break;
    expect(pages).toBeLessThan(50);
  }
  expect([count, pages > 2]).toEqual([15_000, true]);
});
