// `npm run lint`: publint and attw look at the package as users would get it, packed once. It does not build again what is built: the tests
// may run at the same time.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import buildIfNeeded from "./buildIfNeeded.mts";

buildIfNeeded();
const folder = mkdtempSync(join(tmpdir(), "pushpool-lint-"));
try {
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { encoding: "utf8" });
  const file = join(folder, JSON.parse(packed)[0].filename);
  for (const [command, ...args] of [["publint", "--strict"], ["attw"]]) execFileSync(command, [...args, file], { stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
