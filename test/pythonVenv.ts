import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { uvSettings } from "./uvSettings";

/**
 * The folder of a venv with these packages. It is in the user's cache; the first process that needs it makes it.
 * @param compiled whether all modules are compiled at once. Otherwise Python compiles each one at its first import, which is less work
 * if few are used. @default true
 */
export async function pythonVenv(name: string, requirements: readonly string[], { compiled = true } = {}): Promise<string> {
  return madeOnce(name, requirements, async (venv) => {
    const uv = await findUv();
    if (!(uv && installWithUv(uv, venv, requirements, compiled))) installWithPip(venv, requirements);
  });
}

/**
 * Python runs this line at its start. By default it collects garbage after every 700 new objects, and once more when it ends. An import of
 * Prefect makes very many objects, and all of them stay: the collections are a seventh of the processor time of a server's start, and three
 * tenths of a flow's. At the end, `freeze` hides them from the last collection.
 */
const COLLECT_SELDOM = "import atexit, gc; gc.set_threshold(100_000); atexit.register(gc.freeze)\n";

async function madeOnce(name: string, requirements: readonly string[], make: (venv: string) => void | Promise<void>): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pushpool-tests");
  const version = execFileSync("python3", ["--version"], { encoding: "utf8" });
  const venv = join(
    cache,
    `${name}-${createHash("sha256").update(`${version}${requirements}${COLLECT_SELDOM}`).digest("hex").slice(0, 12)}`,
  );
  const complete = join(venv, "complete");
  if (existsSync(complete)) return venv;
  mkdirSync(cache, { recursive: true });
  await alone(`${venv}.lock`, async () => {
    if (existsSync(complete)) return;
    process.stderr.write(`installing ${name} into ${venv}, once\n`);
    await make(venv);
    const lib = join(venv, "lib");
    for (const python of readdirSync(lib)) writeFileSync(join(lib, python, "site-packages", "collectSeldom.pth"), COLLECT_SELDOM);
    writeFileSync(complete, "");
  });
  return venv;
}

/** It installs Prefect in a third of pip's processor time. */
const UV = "uv>=0.8,<1";

/** The path of uv in a venv of its own; `undefined` where it cannot be installed. Without a wheel for this machine pip would compile it. */
async function findUv(): Promise<string | undefined> {
  try {
    return join(await madeOnce("uv", [UV], (venv) => installWithPip(venv, ["--only-binary", ":all:", UV])), "bin", "uv");
  } catch (error) {
    process.stderr.write(`uv cannot be installed, so pip installs: ${(error as Error).message}\n`);
    return undefined;
  }
}

/** @returns whether it succeeded; otherwise the reason is on stderr */
function installWithUv(uv: string, venv: string, requirements: readonly string[], compiled: boolean): boolean {
  execFileSync("python3", ["-m", "venv", "--clear", "--without-pip", venv], { stdio: "inherit" });
  const args = ["--quiet", "--python", join(venv, "bin", "python"), ...(compiled ? ["--compile-bytecode"] : [])];
  const { stdout } = spawnSync("python3", ["-m", "pip", "config", "list"], { encoding: "utf8" });
  const env = { ...uvSettings(stdout ?? ""), ...process.env };
  const { status } = spawnSync(uv, ["pip", "install", ...args, ...requirements], { stdio: "inherit", env });
  if (status !== 0) process.stderr.write(`uv could not install into ${venv}, so pip installs\n`);
  return status === 0;
}

function installWithPip(venv: string, args: readonly string[]): void {
  // From 22.3 on, the pip of `python3` can install into another venv. To make a venv with its own pip takes 4 s.
  const shared = pipVersion() >= 22.3;
  execFileSync("python3", ["-m", "venv", "--clear", ...(shared ? ["--without-pip"] : []), venv], { stdio: "inherit" });
  const [python, into] = shared ? ["python3", ["--python", venv]] : [join(venv, "bin", "python"), []];
  execFileSync(python, ["-m", "pip", ...into, "install", "--quiet", "--disable-pip-version-check", ...args], { stdio: "inherit" });
}

/** Such as 23.2; 0 without one. */
function pipVersion(): number {
  const { stdout } = spawnSync("python3", ["-m", "pip", "--version"], { encoding: "utf8" });
  return Number(/^pip (\d+\.\d+)/.exec(stdout ?? "")?.[1] ?? 0);
}

/** Run `work` while no other process runs it. A lock older than ten minutes belongs to a process that has died. */
export async function alone(lock: string, work: () => void | Promise<void>): Promise<void> {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - since > 600_000) rmSync(lock, { recursive: true, force: true });
      await sleep(500);
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
