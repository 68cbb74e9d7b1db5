import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

// The page as it is packed. `pushpool ui` serves it under a policy without inline scripts and styles.

const built = join(__dirname, "..", "..", "lib", "web");
const files = readdirSync(built, { recursive: true, encoding: "utf8" });
const contentOf = (file: string) => readFileSync(join(built, file), "utf8");

test("its files are the document, the licences of the bundled packages, and assets named by their hash", () => {
  const names = files.filter((file) => file !== "assets").map((file) => file.replace(/(?<=^assets\/\w+-)[\w-]{8}(?=\.\w+$)/, "HASH"));
  expect(names.filter((name) => !name.startsWith("assets")).sort()).toEqual(["index.html", "licenses.md"]);
  expect(names.filter((name) => name.startsWith("assets") && !/^assets\/\w+-HASH\.(js|css)$/.test(name))).toEqual([]);
  expect(contentOf("licenses.md")).toMatch(/preact[\s\S]*Permission is hereby granted/);
});

test("the document has no inline script or style, and names no other host", () => {
  const html = contentOf("index.html");
  expect(html).toMatch(/<script type="module" crossorigin src="\/assets\/index-[\w-]{8}\.js"><\/script>/);
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:|\/\//);
});

test("its compressed script is under 60 kB", () => {
  const bytes = files.filter((file) => file.endsWith(".js")).reduce((sum, file) => sum + gzipSync(contentOf(file)).length, 0);
  expect(bytes).toBeLessThan(60_000);
});
