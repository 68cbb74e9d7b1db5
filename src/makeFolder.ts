import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Make a folder and its parents, for its owner only unless `mode` says otherwise; one that is there stays as it is.
 * @throws the file system's own error: node's recursive form reports a read-only file system as ENOENT
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
