import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { test } from "vitest";
import type { Place } from "./pushpool";

const bin = join(__dirname, "..", "..", "bin", "pushpool.cjs");

const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) console.warn("SKIPPED: every test on a terminal, because python3 is not on PATH");

/** A test that needs a terminal, so it needs Python's pty module. Without python3 it is skipped with a message, but never in CI. */
export const terminalTest = test.skipIf(!hasPython && !process.env.CI);

/** Wait until the screen has the text, or type it. */
export type Step = ["wait" | "send", string];

export const CTRL_C = "\x03";
export const CTRL_D = "\x04";

/** Run a command on a terminal, with Python's pty module. The screen includes spinners, and colours unless the place has NO_COLOR. */
export function onTerminal({ env, folder }: Place, args: string[], steps: Step[], cwd = folder): { status: number; screen: string } {
  const driver = spawnSync("python3", [join(__dirname, "terminal.py"), JSON.stringify(steps), process.execPath, bin, ...args], {
    cwd,
    env: { ...env, TERM: "xterm" },
    encoding: "utf8",
    timeout: 170_000,
  });
  if (driver.status !== 0) throw new Error(`python3 is needed for a terminal: ${driver.error?.message ?? driver.stderr}`);
  const { status, screen, missed } = JSON.parse(driver.stdout) as { status: number; screen: string; missed: string | null };
  if (missed !== null) throw new Error(`${JSON.stringify(missed)} never came on the screen:\n${screen}`);
  return { status, screen };
}

/** What a person finally sees: the last state of each line, without colours. */
export function linesOf(screen: string): string[] {
  return stripVTControlCharacters(screen.replaceAll(ERASE, "\r"))
    .split("\r\n")
    .map((line) => line.slice(line.lastIndexOf("\r") + 1));
}

const ERASE = "\r\x1b[2K";
