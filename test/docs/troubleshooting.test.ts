import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repo, textOf } from "./markdown";

// Users search docs/troubleshooting.md by a message's words, so the code must contain them.

const sources = ["bin", "src", "components"]
  .flatMap((folder) => readdirSync(join(repo, folder), { recursive: true, encoding: "utf8" }).map((file) => join(repo, folder, file)))
  .filter((file) => /\.(ts|cjs)$/.test(file))
  .map((file) => readFileSync(file, "utf8"));

const messages = [...textOf("docs/troubleshooting.md").matchAll(/^### `(.*)`$/gm)].map(([, message = ""]) => message);

test("the page has messages", () => expect(messages.length).toBeGreaterThan(10));

test.each(messages)("a source file contains the words of `%s`", (message) => {
  const words = message
    .split("…")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  expect(sources.some((source) => words.every((part) => source.includes(part)))).toBe(true);
});
