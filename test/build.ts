import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..");

/** Build `lib/` before the tests if it is older than its sources, so that the tests use the code that is shipped. */
export default function build(): void {
  if (newest("src", "components", "scripts", "package.json", "tsconfig.build.json") < changedAt(join(root, "lib", "cli.cjs"))) return;
  execFileSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" });
}

/** The latest change of these files and folders. A deleted file changes its folder. */
function newest(...paths: string[]): number {
  const changes = paths.flatMap((path) => {
    const inside = statSync(join(root, path)).isDirectory() ? readdirSync(join(root, path), { recursive: true, encoding: "utf8" }) : [];
    return [changedAt(join(root, path)), ...inside.map((file) => changedAt(join(root, path, file)))];
  });
  return Math.max(...changes);
}

/** In milliseconds since 1970; 0 if the path does not exist. A build writes the bundle last. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
