import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { processStart } from "../../targets/process/processTable";
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
 * @throws {UserError} naming the holder and since when
 */
export function lockStack(path: string, stack: string): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const mine: Holder = { host: hostname(), pid: process.pid, start: processStart(process.pid) ?? "", since: new Date().toISOString() };
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (;;) {
      try {
        // Whole or not there: a lock never lacks its holder's name.
        linkSync(beside, path);
        return () => rmSync(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = read(path);
      if (holder && lives(holder)) {
        const on = holder.host === hostname() ? "" : ` on ${holder.host}`;
        throw new UserError(
          `stack ${stack} is being changed by process ${holder.pid}${on} since ${holder.since}: wait for it to end. If it is not there any more, remove ${path}`,
        );
      }
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(beside, { force: true });
  }
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function lives({ host, pid, start }: Holder): boolean {
  return host !== hostname() || processStart(pid) === start;
}
