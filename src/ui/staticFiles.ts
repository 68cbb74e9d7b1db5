import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

/** One file of the page. */
export interface StaticFile {
  type: string;
  /** `no-store` for the page itself; a name with a hash never changes its content. */
  caching: string;
  read(): Uint8Array<ArrayBuffer>;
}

/**
 * The files of the page, by their paths (`/assets/main-BqX1.js`). The folder is listed once: only what it has at the start can be asked for,
 * so no path leads out of it.
 * @returns an empty map if the folder does not exist
 */
export function listFiles(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of entriesOf(folder)) {
    const type = TYPES[extname(entry)];
    if (type === undefined) continue;
    let content: Uint8Array<ArrayBuffer> | undefined;
    const isHashed = entry.startsWith("assets/") && /[-.][\w-]{8,}\.\w+$/.test(entry);
    files.set(`/${entry}`, {
      type,
      caching: isHashed ? "public, max-age=31536000, immutable" : "no-store",
      read: () => {
        content ??= new Uint8Array(readFileSync(join(folder, entry)));
        return content;
      },
    });
  }
  return files;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll("\\", "/"),
      );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
