import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json } from "../../src/json";
import { checkTemplate, defaultTemplate } from "../../src/template";

const WORDS = ["title", "description", "examples"];

/** Remove the keys that only people read. */
function wordless(tree: Json, named = false): Json {
  if (Array.isArray(tree)) return tree.map((item) => wordless(item));
  if (tree === null || typeof tree !== "object") return tree;
  const entries = Object.entries(tree).filter(([key]) => named || !WORDS.includes(key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, wordless(inner, key === "properties" || key === "definitions")]));
}

test.each([
  ["cloud-run-v2:push", "cloud-run-v2.from-code"],
  ["ecs:push", "ecs.from-code"],
  ["azure-container-instance:push", "azure-container-instance.from-code"],
] as const)("the template of %s equals Prefect's own, except for descriptions", (type, name) => {
  const file = join(__dirname, "..", "fixtures", "base-job-templates", `${name}.json`);
  const ours = defaultTemplate(type);
  expect(wordless(ours)).toEqual(wordless(JSON.parse(readFileSync(file, "utf8")) as Json));
  expect(() => checkTemplate(ours, "baseJobTemplate")).not.toThrow();
});
