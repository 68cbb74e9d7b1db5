import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { contextFiles, ignoreRules } from "./contextFiles";

/** What an image is built from. */
export interface BuildContent {
  /** Path of the context's folder. */
  context: string;
  /** Path of the Dockerfile. */
  dockerfile: string;
  target?: string | undefined;
  args?: Readonly<Record<string, string>> | undefined;
  platforms: readonly string[];
}

/**
 * The tag of an image: the same for the same content, and another one for any other. Content is the files of the context with their paths
 * and whether they are executable, the Dockerfile, the target, the build arguments and the platforms. Secrets are not part of it.
 * @returns 16 hexadecimal digits
 */
export function contentTag({ context, dockerfile, target = "", args = {}, platforms }: BuildContent): string {
  const hash = createHash("sha256");
  // The length before each part keeps two parts from looking like another two.
  const add = (part: string | Buffer) => hash.update(`${part.length}:`).update(part);
  add(readFileSync(dockerfile));
  add(JSON.stringify([target, Object.entries(args).sort(), [...platforms].sort()]));
  for (const path of contextFiles(context, ignoreRules(context, dockerfile))) {
    const file = join(context, path);
    const stats = lstatSync(file);
    add(path);
    // Git stores only this one bit of a file's mode. With all of it, two checkouts would differ.
    add(stats.isSymbolicLink() ? "link" : stats.mode & 0o111 ? "executable" : "file");
    add(stats.isSymbolicLink() ? readlinkSync(file) : readFileSync(file));
  }
  return hash.digest("hex").slice(0, 16);
}
