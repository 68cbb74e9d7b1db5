import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Whether a build context has this path, from the context's folder and with slashes. */
type IsIncluded = (path: string) => boolean;

/**
 * The rules of a context's `.dockerignore`. A file of the Dockerfile's own name replaces it
 * (https://docs.docker.com/build/concepts/context/#filename-and-location).
 */
export function ignoreRules(context: string, dockerfile: string): string[] {
  for (const path of [`${dockerfile}.dockerignore`, join(context, ".dockerignore")]) {
    const text = readIfThere(path);
    if (text !== undefined) return text.replace(/^\uFEFF/, "").split(/\r?\n/);
  }
  return [];
}

/** Decide by such rules, as Docker does: the last one that matches counts. */
function includedBy(rules: readonly string[]): IsIncluded {
  // Most programs build no image, and then need no reader of these rules.
  const ignore = (require("@balena/dockerignore") as typeof import("@balena/dockerignore")).default;
  return ignore()
    .add([...rules])
    .createFilter();
}

/**
 * The files and symbolic links of a build context, sorted, from the context's folder and with slashes.
 * @param context path of its folder
 */
export function contextFiles(context: string, rules: readonly string[]): string[] {
  const isIncluded = includedBy(rules);
  // An ignored folder may contain exceptions. Without any, nothing in it is read.
  const hasExceptions = rules.some((rule) => rule.trim().startsWith("!"));
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(context, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const included = isIncluded(path);
      if (entry.isDirectory() && (included || hasExceptions)) visit(path);
      else if (included && (entry.isFile() || entry.isSymbolicLink())) found.push(path);
    }
  };
  visit("");
  return found.sort();
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
