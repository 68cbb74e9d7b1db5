import { createHash } from "node:crypto";
import { copyFileSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { describeFileError } from "../../fileErrors";
import { makeFolder } from "../../makeFolder";
import { processStart } from "../../processTable";
import { UserError } from "../../userError";

interface Holder {
  host: string;
  pid: number;
  start: string;
  since: string;
}

/**
 * Lock a stack for one operation. The lock of a dead process is taken over.
 * @returns a function that releases the lock
 * @throws {UserError} if another process holds it: exit code 2, with the process and the time; if the lock cannot be written: exit code 5
 */
export function lockStack(path: string, stack: string): () => void {
  const mine: Holder = { host: hostname(), pid: process.pid, start: processStart(process.pid) ?? "", since: new Date().toISOString() };
  const ownFile = `${path}.${process.pid}`;
  try {
    makeFolder(dirname(path));
    // On a full disk an empty file may remain: `finally` removes it.
    writeFileSync(ownFile, JSON.stringify(mine), { mode: 0o600 });
    const holder = acquire(path, ownFile);
    if (holder) throw lockedError(holder, stack, path);
    return () => rmSync(path, { force: true });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot lock stack ${stack}: cannot write ${path}: ${describeFileError(error)}`, 5);
  } finally {
    rmSync(ownFile, { force: true });
  }
}

/**
 * Take a lock, if need be from a dead process.
 *
 * Several processes may find the same dead holder. Only one may replace its lock: the one that holds a second lock, named after the dead
 * holder. That second lock is taken in the same way. Nobody else changes the dead holder's lock in this time. So it replaces the lock that
 * it has read.
 *
 * A lock file appears complete, by link or rename, so it always names its holder.
 * @param ownFile a file with the content of the new lock
 * @returns the live holder, if there is one
 */
function acquire(path: string, ownFile: string): Holder | undefined {
  for (;;) {
    if (tryLink(ownFile, path)) return undefined;
    const holder = readHolder(path);
    if (!holder) continue;
    if (isAlive(holder)) return holder;
    const successionLock = `${path}.${createHash("sha256").update(JSON.stringify(holder)).digest("hex").slice(0, 16)}`;
    const successor = acquire(successionLock, ownFile);
    if (successor) return successor;
    try {
      const present = readHolder(path);
      if (!present || JSON.stringify(present) !== JSON.stringify(holder)) continue;
      // Rename a copy: `rename` does nothing if both names are links to the same file.
      const copy = `${ownFile}.lock`;
      copyFileSync(ownFile, copy);
      renameSync(copy, path);
      return undefined;
    } finally {
      rmSync(successionLock, { force: true });
    }
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** @returns the holder, or `undefined` if there is no lock. A lock with invalid content counts as a dead process's lock. */
function readHolder(path: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { host: hostname(), pid: -1, start: "", since: "" };
  }
}

function isAlive({ host, pid, start }: Holder): boolean {
  return host !== hostname() || (pid > 0 && processStart(pid) === start);
}

function lockedError({ host, pid, since }: Holder, stack: string, path: string): UserError {
  const on = host === hostname() ? "" : ` on ${host}`;
  return new UserError(
    `stack ${stack} is being changed by process ${pid}${on} since ${since}: wait until it ends. If that process no longer exists, remove ${path}`,
  );
}
