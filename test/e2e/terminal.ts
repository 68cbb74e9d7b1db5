import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { test } from "vitest";
import type { Place } from "./pushpool";

const bin = join(__dirname, "..", "..", "bin", "pushpool.cjs");

const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) console.warn("SKIPPED: every test on a terminal, for there is no python3 here");

/** A test that needs a terminal, and so Python's pty module: skipped, and said, where there is no python3; never in CI. */
export const terminalTest = test.skipIf(!hasPython && !process.env.CI);

/** Wait until the text stands on the screen, or type. */
export type Step = ["wait" | "send", string];

export const CTRL_C = "\x03";
export const CTRL_D = "\x04";

/** A command on a terminal, by Python's pty module. The screen has spinners and all, and colours unless the place's NO_COLOR says otherwise. */
export function onTerminal({ env, folder }: Place, args: string[], steps: Step[], cwd = folder): { status: number; screen: string } {
  const driver = spawnSync("python3", [join(__dirname, "terminal.py"), JSON.stringify(steps), process.execPath, bin, ...args], {
    cwd,
    env: { ...env, TERM: "xterm" },
    encoding: "utf8",
    timeout: 100_000,
  });
  if (driver.status !== 0) throw new Error(`python3 is needed for a terminal: ${driver.error?.message ?? driver.stderr}`);
  const { status, screen, missed } = JSON.parse(driver.stdout) as { status: number; screen: string; missed: string | null };
  if (missed !== null) throw new Error(`${JSON.stringify(missed)} never came on the screen:\n${screen}`);
  return { status, screen };
}

/** What a person sees in the end: the last state of each line, without colours. */
export function linesOf(screen: string): string[] {
  return stripVTControlCharacters(screen.replaceAll(ERASE, "\r"))
    .split("\r\n")
    .map((line) => line.slice(line.lastIndexOf("\r") + 1));
}

const ERASE = "\r\x1b[2K";
