import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";

/**
 * The command takes the place of this script, which leaves a watcher in its process group. The watcher reads a pipe that only our process
 * holds open. Once we are gone, it ends the group: a `kill -9` leaves nobody time to do that.
 */
const WATCHED = `
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
  /** End the process and what it started in its process group, at once. */
  kill(): void;
}

/**
 * Start a process that ends when this one ends, however it ends. The child leads a process group of its own: Ctrl-C in a terminal reaches
 * only us. Standard input is empty.
 */
export function startSupervised(command: string, args: string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }): Supervised {
  const child = spawn("/bin/sh", ["-c", WATCHED, "pushpool", command, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  }) as ChildProcess as Supervised["child"];
  // Held open, and nothing that we wait for.
  const held = child.stdio[3] as Socket | undefined;
  held?.on("error", () => {});
  held?.unref();
  let ended = false;
  const kill = () => {
    // Another group may have this number once the watcher is gone.
    if (!ended) killGroup(child);
  };
  child.once("exit", () => {
    // The watcher has nothing left to watch.
    kill();
    ended = true;
    held?.destroy();
  });
  return { child, kill };
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}
