// The chromium of the page's tests, screenshots and bench. `node test/browser/chromium.mts` says which one that is, or why none starts.
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

/** A chromium that starts on this machine. */
export interface Chromium {
  executablePath: string;
  /** Such as `Chromium 153.0.8010.0`. */
  version: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/** Fonts look the same everywhere. Linux allows chromium's sandbox only to other users than root, and in few containers. */
const ARGS = ["--font-render-hinting=none", ...(process.platform === "linux" ? ["--no-sandbox"] : [])];

/** Names and places of an installed one. */
const INSTALLED = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const ON_MAC = ["/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

/**
 * Find a chromium: the one that `PUSHPOOL_TEST_BROWSER` names; on Linux (x64) that of the package `@sparticuz/chromium`; an installed one.
 * @throws {Error} in one line why none of them starts
 */
export async function findChromium(env: NodeJS.ProcessEnv = process.env): Promise<Chromium> {
  const reasons: string[] = [];
  const named = env.PUSHPOOL_TEST_BROWSER;
  if (named !== undefined) {
    const tried = starts(named, env);
    if (typeof tried !== "string") return tried;
    throw new Error(`PUSHPOOL_TEST_BROWSER names ${named}: ${tried}`);
  }
  if (process.platform === "linux" && process.arch === "x64") {
    const tried = await packaged(env);
    if (typeof tried !== "string") return tried;
    reasons.push(`@sparticuz/chromium: ${tried}`);
  }
  for (const path of installed(env)) {
    const tried = starts(path, env);
    if (typeof tried !== "string") return tried;
    reasons.push(`${path}: ${tried}`);
  }
  throw new Error(reasons.length > 0 ? reasons.join("; ") : `there is no ${INSTALLED.join(" or ")} on PATH`);
}

function installed(env: NodeJS.ProcessEnv): string[] {
  const onPath = (env.PATH ?? "").split(delimiter).flatMap((folder) => INSTALLED.map((name) => join(folder, name)));
  return [...onPath, ...(process.platform === "darwin" ? ON_MAC : [])].filter((path) => existsSync(path));
}

/** @returns the chromium, or why it does not start */
function starts(path: string, env: NodeJS.ProcessEnv): Chromium | string {
  const { error, status, stdout, stderr } = spawnSync(path, ["--version"], { env, encoding: "utf8" });
  if (error) return "code" in error && error.code === "ENOENT" ? "there is no such file" : error.message;
  if (status !== 0) return stderr.trim().split("\n")[0] || `it ended with exit code ${status}`;
  return { executablePath: path, version: stdout.trim(), args: ARGS, env };
}

/**
 * That of the npm package, decompressed once for each installation. Without the arguments that the package suggests: they turn off the
 * browser's same-origin policy, which is among the things that the tests are about.
 */
async function packaged(env: NodeJS.ProcessEnv): Promise<Chromium | string> {
  const require = createRequire(import.meta.url);
  const root = join(dirname(require.resolve("@sparticuz/chromium")), "..");
  const { version } = require(join(root, "package.json")) as { version: string };
  const archives = join(root, "bin");
  const folder = join(root, "..", "..", ".cache", `pushpool-chromium-${version}`);
  if (!existsSync(folder)) await decompress(archives, folder);
  const path = join(folder, "chromium");
  const tried = starts(path, env);
  if (typeof tried !== "string" || !/shared librar/.test(tried)) return tried;
  // Its libraries for a machine that has none, such as a small container.
  return starts(path, { ...env, LD_LIBRARY_PATH: [join(folder, "lib"), env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter) });
}

/** Whole or not at all: another process may do the same now. */
async function decompress(archives: string, folder: string): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const half = mkdtempSync(`${folder}-`);
  try {
    const from = (name: string) => createReadStream(join(archives, name)).pipe(createBrotliDecompress({ chunkSize: 1 << 20 }));
    await pipeline(from("chromium.br"), createWriteStream(join(half, "chromium"), { mode: 0o755 }));
    await pipeline(from("al2023.tar.br"), createWriteStream(join(half, "libraries.tar")));
    spawnSync("tar", ["-xf", "libraries.tar"], { cwd: half });
    rmSync(join(half, "libraries.tar"));
    renameSync(half, folder);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

if (import.meta.main) {
  try {
    const { version, executablePath } = await findChromium();
    console.log(`${version} (${executablePath})`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
