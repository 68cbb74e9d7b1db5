import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { makeFolder } from "../../makeFolder";
import { processStart } from "../../targets/process/processTable";
import { UserError } from "../../userError";
import { aboutPath } from "../../writeWhole";

interface Holder {
  host: string;
  pid: number;
  start: string;
  since: string;
}

/**
 * Lock a stack for one operation. A lock whose holder has died is taken over.
 * @returns how to let it go
 * @throws {UserError} naming the holder and since when
 */
export function lockStack(path: string, stack: string): () => void {
  makeFolder(dirname(path));
  const mine: Holder = { host: hostname(), pid: process.pid, start: processStart(process.pid) ?? "", since: new Date().toISOString() };
  const beside = `${path}.${process.pid}`;
  try {
    // On a full disk it may be there, and empty: then it goes too.
    writeFileSync(beside, JSON.stringify(mine), { mode: 0o600 });
    for (;;) {
      // Whole or not there: a lock never lacks its holder's name.
      if (link(beside, path)) return () => rmSync(path, { force: true });
      const holder = read(path);
      if (holder && lives(holder)) throw heldBy(holder, stack, path);
      if (holder) putAside(path, `${beside}.dead`);
    }
  } catch (error) {
    throw aboutPath(error, path);
  } finally {
    rmSync(beside, { force: true });
  }
}

/**
 * Take a dead holder's lock away. Another process may have done so since, and hold the lock now: what was moved is looked at, and one that
 * lives gets its lock back.
 */
function putAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = read(aside);
  if (moved && lives(moved)) link(aside, path);
  rmSync(aside, { force: true });
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
