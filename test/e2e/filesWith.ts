import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Files under a folder that contain one of these strings. Installed packages are skipped: reading them takes a minute. */
export function filesWith(texts: readonly string[], folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === "node_modules") return [];
    if (entry.isDirectory()) return filesWith(texts, path);
    if (!entry.isFile()) return [];
    const text = readFileSync(path, "latin1");
    return texts.some((each) => text.includes(each)) ? [path] : [];
  });
}
