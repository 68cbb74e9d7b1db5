import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";

/** How long a step may take to end after Ctrl-C, in milliseconds. Then it is killed. */
const GRACE = 5_000;

/** A step was interrupted, and no longer runs. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/**
 * Stop a process that leads its own group, and everything in the group: as Ctrl-C does, then, after some seconds, by force.
 * @param child started with `detached`
 */
async function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || !signal(pid, "SIGINT")) return;
  for (const end = Date.now() + GRACE; Date.now() < end && signal(pid, 0); ) await pause(50);
  while (signal(pid, "SIGKILL") && child.exitCode === null && child.signalCode === null) await pause(50);
}

/** @returns whether there is still a process in the group */
function signal(group: number, what: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, what);
    return true;
  } catch (error) {
    // EPERM: the system refuses to signal a group whose processes have all ended.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return false;
  }
}

/** Wait for a step's process. If it is interrupted meanwhile, stop it first. @throws {Interrupted} */
export async function unlessInterrupted<T>(interrupted: AbortSignal, child: ChildProcess, work: Promise<T>): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<"aborted">((done) => {
    onAbort = () => done("aborted");
    if (interrupted.aborted) onAbort();
    interrupted.addEventListener("abort", onAbort);
  });
  try {
    const first = await Promise.race([work.then((value) => ({ value })), aborted]);
    if (first !== "aborted") return first.value;
    work.catch(() => {});
    await stopGroup(child);
    throw new Interrupted("interrupted");
  } finally {
    interrupted.removeEventListener("abort", onAbort);
  }
}
