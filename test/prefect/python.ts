import { spawnSync } from "node:child_process";
import { describe } from "vitest";

/** `describe` with a real Prefect server. Without Python the suite is skipped with a message; in CI it fails. */
export function describePrefect(name: string, suite: () => void): void {
  const missing = missingPython();
  if (missing === undefined) describe(name, suite);
  else if (process.env.CI) throw new Error(`${name}: ${missing}`);
  else describe.skip(`${name} (SKIPPED: ${missing})`, suite);
}

function missingPython(): string | undefined {
  const asked = spawnSync("python3", ["-c", "import sys, venv, ensurepip; print(sys.version_info >= (3, 10))"], { encoding: "utf8" });
  if (asked.status !== 0) return "there is no python3 with venv to run a Prefect server in";
  return asked.stdout.trim() === "True" ? undefined : "python3 is older than 3.10, which a Prefect server needs";
}
