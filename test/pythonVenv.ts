import { execFileSync } from "node:child_process";
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
    execFileSync("python3", ["-m", "venv", "--clear", venv], { stdio: "inherit" });
    execFileSync(join(venv, "bin", "pip"), ["install", "--quiet", ...requirements], { stdio: "inherit" });
    writeFileSync(complete, "");
  });
  return venv;
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
