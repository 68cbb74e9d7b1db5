import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BuildContent, contentTag, contextFiles } from "../../src/dockerContext";
import { scratch } from "../scratch";

function context(files: Record<string, string>): string {
  const folder = scratch();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const FILES = { Dockerfile: "FROM a\nCOPY . .\n", "a.py": "1", "flows/b.py": "2", "notes/c": "3" };

test.each<[string, string[], string[]]>([
  ["no rules", [], ["Dockerfile", "a.py", "flows/b.py", "notes/c"]],
  ["a folder", ["notes"], ["Dockerfile", "a.py", "flows/b.py"]],
  ["a pattern in any folder", ["**/*.py", "# a comment", ""], ["Dockerfile", "notes/c"]],
  ["an exception", ["*", "!flows", "flows/x"], ["flows/b.py"]],
  ["an exception in an ignored folder", ["flows", "!flows/b.py"], ["Dockerfile", "a.py", "flows/b.py", "notes/c"]],
  ["a leading slash", ["/a.py"], ["Dockerfile", "flows/b.py", "notes/c"]],
])(".dockerignore: %s", (_, rules, files) => {
  expect(contextFiles(context(FILES), rules)).toEqual(files);
});

const of = (folder: string, more: Partial<BuildContent> = {}) =>
  contentTag({ context: folder, dockerfile: join(folder, "Dockerfile"), platforms: ["linux/amd64"], ...more });

test("the same content has the same tag, in another folder too", () => {
  const [one, other] = [context(FILES), context(FILES)];
  expect(of(one)).toMatch(/^[0-9a-f]{16}$/);
  expect(of(other)).toBe(of(one));
  chmodSync(join(other, "a.py"), 0o600);
  expect(of(other)).toBe(of(one));
  expect(of(one, { platforms: ["linux/arm64", "linux/amd64"] })).toBe(of(one, { platforms: ["linux/amd64", "linux/arm64"] }));
});

test("any other content has another one", () => {
  const folder = context(FILES);
  const tags = [of(folder), of(folder, { target: "x" }), of(folder, { args: { A: "1" } }), of(folder, { platforms: ["linux/arm64"] })];
  const changed = (change: () => void) => {
    change();
    tags.push(of(folder));
  };
  changed(() => writeFileSync(join(folder, "a.py"), "11"));
  changed(() => chmodSync(join(folder, "a.py"), 0o755));
  changed(() => renameSync(join(folder, "a.py"), join(folder, "b.py")));
  changed(() => symlinkSync("b.py", join(folder, "c.py")));
  changed(() => writeFileSync(join(folder, ".dockerignore"), "notes\n"));
  changed(() => writeFileSync(join(folder, "Dockerfile"), "FROM b\nCOPY . .\n"));
  expect(new Set(tags).size).toBe(tags.length);
  // Ignored files are not content. The Dockerfile's own list comes first.
  writeFileSync(join(folder, "notes/c"), "33");
  expect(of(folder)).toBe(tags.at(-1));
  writeFileSync(join(folder, "Dockerfile.dockerignore"), "");
  expect(of(folder)).not.toBe(tags.at(-1));
});
