import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, pages, repo, textOf } from "./markdown";

/** A page's links, without those to the web. */
function linksOf(page: string): string[] {
  const prose = textOf(page)
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to).filter((to) => !/^[a-z]+:/.test(to));
}

test.each(pages)("%s: every link leads to an existing file and heading", (page) => {
  for (const link of linksOf(page)) {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : relative(repo, join(repo, dirname(page), path));
    expect([link, existsSync(join(repo, target))]).toEqual([link, true]);
    if (anchor !== undefined) expect([link, anchorsOf(target)]).toEqual([link, expect.arrayContaining([anchor])]);
  }
});

test("docs/README.md links every page of docs/, and so does the README", () => {
  const inDocs = readdirSync(join(repo, "docs")).filter((file) => file.endsWith(".md") && file !== "README.md");
  expect(inDocs.filter((file) => !linksOf("docs/README.md").includes(file))).toEqual([]);
  expect(inDocs.filter((file) => !linksOf("README.md").includes(`docs/${file}`))).toEqual([]);
});

test("every file and folder that CONTRIBUTING.md names exists", () => {
  const named = [...textOf("CONTRIBUTING.md").matchAll(/`((?:src|components|test|examples|docs|scripts)\/[^`<>*\s]*)`/g)].map(
    ([, path = ""]) => path,
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(repo, path)))).toEqual([]);
});

test("the README is short enough to be read completely", () => {
  expect(textOf("README.md").split("\n").length).toBeLessThan(125);
});
