import { execFileSync } from "node:child_process";
import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

const SOURCES = [
  "src",
  "components",
  "plugin",
  "web",
  "scripts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
];
const BUNDLE = "lib/cli.cjs";

/** Build `lib/` if it is older than its sources, so that the tests and the checks of the package use the code that is shipped. */
export default function build(): void {
  const root = join(import.meta.dirname, "..");
  if (isBuilt(root)) return;
  const start = new Date();
  execFileSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" });
  // What was changed during the build may not be in it.
  utimesSync(join(root, BUNDLE), start, start);
}

/** Whether the bundle is newer than all of its sources. A build removes it first. */
export function isBuilt(root: string): boolean {
  return newest(root) < changedAt(join(root, BUNDLE));
}

/** The latest change of the sources. A deleted file changes its folder. */
function newest(root: string): number {
  const changes = SOURCES.flatMap((path) => {
    const inside = statSync(join(root, path)).isDirectory() ? readdirSync(join(root, path), { recursive: true, encoding: "utf8" }) : [];
    return [changedAt(join(root, path)), ...inside.map((file) => changedAt(join(root, path, file)))];
  });
  return Math.max(...changes);
}

/** In milliseconds since 1970; 0 if the path does not exist. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
