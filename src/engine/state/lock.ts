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
 * Lock a stack for one operation. A lock whose holder has died is taken over.
 * @returns how to let it go
 * @throws {UserError} naming the holder and since when (2); where the lock cannot be written (5)
 */
export function lockStack(path: string, stack: string): () => void {
  const mine: Holder = { host: hostname(), pid: process.pid, start: processStart(process.pid) ?? "", since: new Date().toISOString() };
  const beside = `${path}.${process.pid}`;
  try {
    makeFolder(dirname(path));
    // On a full disk it may be there, and empty: then it goes too.
    writeFileSync(beside, JSON.stringify(mine), { mode: 0o600 });
    const holder = take(path, beside);
    if (holder) throw heldBy(holder, stack, path);
    return () => rmSync(path, { force: true });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot lock stack ${stack}: ${path} cannot be written: ${describeFileError(error)}`, 5);
  } finally {
    rmSync(beside, { force: true });
  }
}

/**
 * Take a lock, also from a holder that has died.
 *
 * Of several that find the same dead holder one may replace its lock: the one that has the lock named after that holder, which is taken in the
 * same way. Nobody else changes a dead holder's lock meanwhile, so that what is replaced is what was looked at. A lock appears under its name
 * whole, by link or rename: it never lacks its holder's name.
 * @param beside a file with what the lock shall say
 * @returns the live holder, where there is one
 */
function take(path: string, beside: string): Holder | undefined {
  for (;;) {
    if (link(beside, path)) return undefined;
    const holder = read(path);
    if (!holder) continue;
    if (lives(holder)) return holder;
    const succession = `${path}.${createHash("sha256").update(JSON.stringify(holder)).digest("hex").slice(0, 16)}`;
    const successor = take(succession, beside);
    if (successor) return successor;
    try {
      const present = read(path);
      if (!present || JSON.stringify(present) !== JSON.stringify(holder)) continue;
      // A copy: `rename` of a link onto another link of the same file does nothing.
      const copy = `${beside}.lock`;
      copyFileSync(beside, copy);
      renameSync(copy, path);
      return undefined;
    } finally {
      rmSync(succession, { force: true });
    }
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** @returns `undefined` if it is not there; one that nobody can have written has a holder that is no process */
function read(path: string): Holder | undefined {
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

function lives({ host, pid, start }: Holder): boolean {
  return host !== hostname() || (pid > 0 && processStart(pid) === start);
}

function heldBy({ host, pid, since }: Holder, stack: string, path: string): UserError {
  const on = host === hostname() ? "" : ` on ${host}`;
  return new UserError(
    `stack ${stack} is being changed by process ${pid}${on} since ${since}: wait for it to end. If it is not there any more, remove ${path}`,
  );
}
