import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

// The page shows what runs write, and it may talk to pushpool only.

const folder = join(__dirname, "../../../web");
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(tsx?|css|html)$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));

test("there are sources to check", () => {
  expect(sources.length).toBeGreaterThan(50);
});

test.each(sources)("$file shows text as text, asks no other host, and has no inline script or style", ({ text }) => {
  expect(text).not.toMatch(
    /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment/,
  );
  expect(text).not.toMatch(/\beval\(|new Function\(|javascript:/);
  // A style is an object, which sets properties; a style as text would be an attribute.
  expect(text).not.toMatch(/\bstyle=(?!\{\{)|<style|cssText/);
  expect(text).not.toMatch(/\b(https?:)?\/\/[a-z0-9-]+(\.[a-z0-9-]+)+\//i);
  expect(text).not.toMatch(/@import|url\(\s*["']?(?!data:)[a-z]/i);
});

test.each(sources)("$file imports from the rest of pushpool only the types of its contract", ({ text }) => {
  const imports = [...text.matchAll(/import ([^;]*?) from "((?:\.\.\/)+(?:src|components)\/[^"]+)"/g)];
  for (const [, names, from] of imports) {
    expect(from).toMatch(/\/src\/ui\/wire$/);
    expect(names).toMatch(/^type /);
  }
});
