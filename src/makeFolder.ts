import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Make a folder and its parents. By default only the owner has access. An existing folder does not change.
 * @throws the original error of the file system. (`mkdir` of node with `recursive` reports a read-only file system as ENOENT.)
 */
export function makeFolder(path: string, mode = 0o700): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const parent = dirname(path);
    if (parent !== path && !existsSync(parent)) makeFolder(parent, mode);
    if (!existsSync(path)) mkdirSync(path, { mode });
  }
}
