import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { version } from "../../package.json";
import { scratch } from "../scratch";

const repo = join(__dirname, "..", "..");

test("CHANGELOG.md has this version, and the changesets make the entry of the next one", () => {
  const folder = scratch();
  for (const part of ["package.json", "CHANGELOG.md", ".changeset"]) cpSync(join(repo, part), join(folder, part), { recursive: true });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.org", ...args], { cwd: folder, encoding: "utf8" });
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "--message=Start");
  const changes = readdirSync(join(folder, ".changeset")).filter((file) => file.endsWith(".md") && file !== "README.md");
  const before = readFileSync(join(folder, "CHANGELOG.md"), "utf8");
  expect(before).toContain(`\n## ${version}\n`);

  const firstLines = changes.map(
    (file) =>
      readFileSync(join(folder, ".changeset", file), "utf8")
        .split("---\n\n")[1]
        ?.split("\n")[0],
  );
  execFileSync(process.execPath, [join(repo, "node_modules", "@changesets", "cli", "bin.js"), "version"], { cwd: folder, stdio: "pipe" });

  const after = readFileSync(join(folder, "CHANGELOG.md"), "utf8");
  for (const line of firstLines) expect(after).toContain(line);
  expect(after.slice(after.indexOf(`## ${version}`))).toBe(before.slice(before.indexOf(`## ${version}`)));
  for (const file of changes) expect([file, existsSync(join(folder, ".changeset", file))]).toEqual([file, false]);
});
