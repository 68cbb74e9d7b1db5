import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect } from "vitest";
import { type Place, place } from "../e2e/pushpool";
import type { Block } from "./markdown";
import { repo } from "./markdown";

/** A folder with `pushpool` on PATH, without the Pulumi CLI, and with an `npm` and `npx` that download nothing. */
export function readersPlace(cwd?: string): Place {
  const here = place(cwd === undefined ? {} : { cwd });
  const bin = join(here.folder, "bin");
  mkdirSync(bin);
  const program = (name: string, text: string) => writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  program("pushpool", `exec "${process.execPath}" "${join(repo, "bin", "pushpool.cjs")}" "$@"`);
  program("npx", 'exec "$@"');
  program("npm", "exit 0");
  const others = (process.env.PATH ?? "").split(delimiter).filter((folder) => !existsSync(join(folder, "pulumi")));
  here.env.PATH = [bin, ...others].join(delimiter);
  return here;
}

/** Prepare a project as `npm install` does: pushpool is this checkout. */
export function install(folder: string): void {
  mkdirSync(join(folder, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(repo, join(folder, "node_modules", "pushpool"));
  symlinkSync(join(repo, "node_modules", "@pulumi", "pulumi"), join(folder, "node_modules", "@pulumi", "pulumi"));
}

/** The exit status that a command's comment expects, such as `# exit status 1`. */
function expectedStatus(comment: string): number {
  return Number(/exit status (\d+)/.exec(comment)?.[1] ?? 0);
}

/** A command that follows a run gets Ctrl-C once it has shown something, or ended. */
function followed(command: string): string {
  return `
    set -m
    shown=$(mktemp)
    ${command} > "$shown" &
    until [ -s "$shown" ] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
    kill -INT $! 2>/dev/null
    wait $!
    cat "$shown"
    rm "$shown"`;
}

/**
 * Run the commands of a block, line by line, as a user would type them.
 * @param state `run`: the id that replaces RUN: that of the last detached run
 * @param after called between two commands
 */
export function runBlock(
  { page, line: first, text }: Block,
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
  state: { run: string },
  after: (command: string) => void = () => {},
): void {
  text.split("\n").forEach((line, index) => {
    const [, command = "", comment = ""] = /^(.*?)(?:\s+#\s*(.*))?$/.exec(line) ?? [];
    if (command === "") return;
    const follows = command.endsWith(" -f");
    // Nobody answers questions.
    const typed = `${command.replaceAll(/\bRUN\b/g, state.run)}${command === "pushpool destroy" ? " --yes" : ""}`;
    const { status, stdout, stderr } = spawnSync("sh", ["-c", follows ? followed(typed) : typed], {
      cwd,
      env,
      encoding: "utf8",
      timeout: 150_000,
    });
    const where = `${page}:${first + index}: ${command}`;
    if (follows) expect([where, stdout]).toEqual([where, expect.stringMatching(/\S/)]);
    else expect([where, status, status === expectedStatus(comment) ? "" : stdout + stderr]).toEqual([where, expectedStatus(comment), ""]);
    if (command.includes("--detach")) state.run = stdout.trim();
    after(command);
  });
}
