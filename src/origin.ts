import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

/**
 * Where this copy of pushpool came from, as npm recorded it at the installation. Hints name that place, because a package that was
 * installed from a file cannot be upgraded by its name from a registry.
 */
export type Origin =
  /** A clone of the repository, used in place. */
  | { kind: "checkout"; root: string }
  /** A packed file, such as `pushpool-0.1.0.tgz`. @property path absolute */
  | { kind: "file"; root: string; path: string }
  /** A git URL, without the commit. */
  | { kind: "git"; root: string; url: string }
  | { kind: "registry"; root: string }
  /** npm recorded nothing: a global installation, or another package manager. */
  | { kind: "unknown"; root: string };

/**
 * Find out where this copy came from. Reads up to two small files.
 * @param root of the package @default this package's
 */
export function findOrigin(root: string = ownRoot()): Origin {
  if (existsSync(join(root, "src", "cli", "main.ts"))) return { kind: "checkout", root };
  const modules = dirname(root);
  if (basename(modules) !== "node_modules") return { kind: "unknown", root };
  const resolved = resolvedIn(modules);
  if (resolved === undefined) return { kind: "unknown", root };
  if (resolved.startsWith("file:")) return { kind: "file", root, path: resolve(dirname(modules), resolved.slice("file:".length)) };
  if (resolved.startsWith("git")) return { kind: "git", root, url: resolved.replace(/#.*$/, "") };
  return { kind: "registry", root };
}

/** How to get a newer pushpool, as the end of a sentence: "run `npm install pushpool@latest`". */
export function upgradeHint(origin: Origin = findOrigin()): string {
  switch (origin.kind) {
    case "checkout":
      return `run \`git pull && npm ci\` in ${origin.root}`;
    case "file":
      return `install a newer package file in place of ${origin.path}`;
    case "git":
      return `run \`npm install ${origin.url}\``;
    case "registry":
      return "run `npm install pushpool@latest`";
    case "unknown":
      return `install a newer version in the same way as the one in ${origin.root}`;
  }
}

/**
 * The dependency for the package.json of another project that gets this same pushpool.
 * @param folder of that project, absolute
 */
export function dependencyOn(folder: string, origin: Origin = findOrigin()): string {
  switch (origin.kind) {
    case "file":
      return existsSync(origin.path) ? localPath(folder, origin.path) : localPath(folder, origin.root);
    case "git":
      return origin.url;
    case "registry":
      return `^${versionOf(origin.root)}`;
    default:
      return localPath(folder, origin.root);
  }
}

function localPath(folder: string, path: string): string {
  return `file:${relative(folder, path) || "."}`;
}

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}

/** The `resolved` field of npm's own record in `node_modules`. `""` if npm leaves out the address of a registry. */
function resolvedIn(modules: string): string | undefined {
  try {
    const { packages } = JSON.parse(readFileSync(join(modules, ".package-lock.json"), "utf8")) as {
      packages?: Record<string, { resolved?: string }>;
    };
    const entry = packages?.["node_modules/pushpool"];
    return entry && (entry.resolved ?? "");
  } catch {
    return undefined;
  }
}

/** The folder of the package that contains this module: as source, as a module of `lib/`, or in the bundle. */
export function ownRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "bin", "pushpool.cjs")) || folder === dirname(folder)) return folder;
  }
}
