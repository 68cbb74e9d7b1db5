import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { version } from "../package.json";
import { dependencyOn, findOrigin, upgradeHint } from "../src/origin";
import { scratch } from "./scratch";

/** A `node_modules/pushpool` for which npm recorded this source. */
function installed(resolved: string | undefined, noted = true): { project: string; root: string } {
  const project = scratch();
  const root = join(project, "node_modules", "pushpool");
  mkdirSync(root, { recursive: true });
  const packages = { "node_modules/pushpool": resolved === undefined ? {} : { resolved } };
  writeFileSync(join(root, "package.json"), JSON.stringify({ version }));
  if (noted) writeFileSync(join(project, "node_modules", ".package-lock.json"), JSON.stringify({ packages }));
  return { project, root };
}

test("this repository is a checkout: git upgrades it, and `npm link` installs it", () => {
  const origin = findOrigin();
  expect(origin).toEqual({ kind: "checkout", root: join(__dirname, "..") });
  expect(upgradeHint(origin)).toBe(`run \`git pull && npm ci\` in ${join(__dirname, "..")}`);
  expect(dependencyOn(join(__dirname, "..", "examples", "local"), origin)).toBe("file:../..");
});

test("a package file is named while it exists", () => {
  const { project, root } = installed("file:../pushpool-0.1.0.tgz");
  const file = join(project, "..", "pushpool-0.1.0.tgz");
  const origin = findOrigin(root);
  expect(upgradeHint(origin)).toBe(`install a newer package file in place of ${file}`);
  expect(dependencyOn(project, { kind: "file", root, path: join(project, "here.tgz") })).toBe("file:node_modules/pushpool");
  writeFileSync(join(project, "here.tgz"), "");
  expect(dependencyOn(join(project, "infra"), { kind: "file", root, path: join(project, "here.tgz") })).toBe("file:../here.tgz");
});

test.each([
  [
    "git",
    "git+https://git.example/pushpool.git#0123abc",
    "run `npm install git+https://git.example/pushpool.git`",
    "git+https://git.example/pushpool.git",
  ],
  ["a registry", "https://registry.example/pushpool/-/pushpool-0.1.0.tgz", "run `npm install pushpool@latest`", `^${version}`],
  ["a registry whose address npm leaves out", undefined, "run `npm install pushpool@latest`", `^${version}`],
])("from %s", (_, resolved, hint, dependency) => {
  const { project, root } = installed(resolved);
  expect([upgradeHint(findOrigin(root)), dependencyOn(project, findOrigin(root))]).toEqual([hint, dependency]);
});

test("if npm recorded nothing, the hint names no source", () => {
  const { project, root } = installed(undefined, false);
  expect(findOrigin(root)).toEqual({ kind: "unknown", root });
  expect(upgradeHint(findOrigin(root))).toBe(`install a newer version in the same way as the one in ${root}`);
  expect(dependencyOn(project, findOrigin(root))).toBe("file:node_modules/pushpool");
});
