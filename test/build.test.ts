import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { isBuilt } from "../scripts/buildIfNeeded.mts";
import { scratch } from "./scratch";

// A test run that skips a needed build tests former code.

/** A repository whose files were all changed at second 10, and that was built at second 20. */
function built(): { isBuilt(): boolean; change(path: string, second: number): void; remove(path: string): void } {
  const root = scratch();
  const change = (path: string, second: number) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
    for (const each of [path, dirname(path)]) utimesSync(join(root, each), second, second);
  };
  for (const file of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"]) change(file, 10);
  for (const folder of ["src", "components", "plugin", "web", "scripts"]) change(`${folder}/one.ts`, 10);
  change("src/runs/two.ts", 10);
  utimesSync(join(root, "src"), 10, 10);
  change("lib/cli.cjs", 20);
  return { isBuilt: () => isBuilt(root), change, remove: (path) => rmSync(join(root, path), { recursive: true }) };
}

test("a build without changes does nothing", () => expect(built().isBuilt()).toBe(true));

test.each(["src/runs/two.ts", "src/new.ts", "plugin/one.ts", "web/one.ts", "scripts/one.ts", "package-lock.json", "tsconfig.json"])(
  "a change of %s needs a build",
  (path) => {
    const repo = built();
    repo.change(path, 30);
    expect(repo.isBuilt()).toBe(false);
  },
);

test.each(["src/runs/two.ts", "lib", "lib/cli.cjs"])("without %s a build is needed", (path) => {
  const repo = built();
  repo.remove(path);
  expect(repo.isBuilt()).toBe(false);
});
