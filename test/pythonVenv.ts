import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The folder of a venv with these packages. It is in the user's cache; the first process that needs it makes it. */
export async function pythonVenv(name: string, requirements: readonly string[]): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pushpool-tests");
  const version = execFileSync("python3", ["--version"], { encoding: "utf8" });
  const venv = join(cache, `${name}-${createHash("sha256").update(`${version}${requirements}`).digest("hex").slice(0, 12)}`);
  const complete = join(venv, "complete");
  if (existsSync(complete)) return venv;
  mkdirSync(cache, { recursive: true });
  await alone(`${venv}.lock`, () => {
    if (existsSync(complete)) return;
    process.stderr.write(`installing ${name} into ${venv}, once\n`);
    // From 22.3 on, the pip of `python3` can install into another venv. To make a venv with its own pip takes 4 s.
    const shared = pipVersion() >= 22.3;
    execFileSync("python3", ["-m", "venv", "--clear", ...(shared ? ["--without-pip"] : []), venv], { stdio: "inherit" });
    const [python, args] = shared ? ["python3", ["--python", venv]] : [join(venv, "bin", "python"), []];
    execFileSync(python, ["-m", "pip", ...args, "install", "--quiet", "--disable-pip-version-check", ...requirements], {
      stdio: "inherit",
    });
    writeFileSync(complete, "");
  });
  return venv;
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
