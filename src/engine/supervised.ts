import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";

/**
 * The command replaces this script (exec), which first starts a watcher in its process group.
 * The watcher reads a pipe that only our process holds open. When our process is gone, the pipe closes and the watcher ends the group.
 * This also works after a `kill -9`, which leaves us no time to do anything.
 */
const WATCHED_SCRIPT = `
(
  trap '' HUP INT TERM
  read -r line
  kill -TERM -$$
  command -p sleep 2
  kill -KILL -$$
) <&3 3<&- > /dev/null 2>&1 &
exec "$@" 3<&-
`;

/** A child process that does not outlive this one. */
export interface Supervised {
  child: ChildProcess & { stdout: Readable; stderr: Readable };
  /** End the process and its process group at once. */
  kill(): void;
}

/**
 * Start a process that ends when this one does, however this one ends. The child leads its own process group, so Ctrl-C in a terminal
 * reaches only us. Its standard input is empty.
 */
export function startSupervised(command: string, args: string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }): Supervised {
  const child = spawn("/bin/sh", ["-c", WATCHED_SCRIPT, "pushpool", command, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  }) as ChildProcess as Supervised["child"];
  // The pipe stays open, but must not keep our process alive.
  const watchedPipe = child.stdio[3] as Socket | undefined;
  watchedPipe?.on("error", () => {});
  watchedPipe?.unref();
  let ended = false;
  const kill = () => {
    // After the watcher has ended, the system may give the group's number to another group.
    if (!ended) killGroup(child);
  };
  child.once("exit", () => {
    // The watcher has nothing left to watch.
    kill();
    ended = true;
    watchedPipe?.destroy();
  });
  return { child, kill };
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}
