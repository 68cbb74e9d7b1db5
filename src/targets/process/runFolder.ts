import { existsSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { processStart } from "../../processTable";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { InfrastructureId } from "../target";
import type { Facts } from "./processOutcome";

/** The process of a wrapper, from its `pid` file. */
export interface WrapperProcess {
  pid: number;
  /** See `processStart`. */
  start: string;
  /** Milliseconds since 1970. */
  began: number;
}

/** The folder with the files of an attempt. */
export function runFolder(home: string, runId: string, attempt: number): string {
  return join(home, "runs", runId, String(attempt));
}

export function infrastructureId(runId: string, attempt: number, { pid, start }: WrapperProcess): InfrastructureId {
  return `${runId}/${attempt}@${hostname()}:${pid}:${start}`;
}

/**
 * Parse an infrastructure id.
 * @throws {UserError} for a process on another machine, which cannot be observed from here, and for a damaged id
 */
export function locate(home: string, id: InfrastructureId): { folder: string; pid: number; start: string } {
  const match = /^(?<run>[^/]+)\/(?<attempt>\d+)@(?<host>.*):(?<pid>\d+):(?<start>[^:]*(?::[^:]*)*)$/.exec(id);
  if (!match?.groups)
    throw new UserError(
      `the ledger has ${quoted(id)} as the process of a run, which is not a valid process id: the process cannot be observed`,
      5,
    );
  const { run = "", attempt, host, pid, start = "" } = match.groups;
  if (host !== hostname())
    throw new UserError(`the process of run ${run} is on machine ${host}, but this is ${hostname()}: follow it there`, 5);
  return { folder: runFolder(home, run, Number(attempt)), pid: Number(pid), start };
}

/** The wrapper of an attempt, once it has written its `pid` file. */
export function readWrapper(folder: string): WrapperProcess | undefined {
  const [pid, start, began] = readFacts(join(folder, "pid"))?.split(" ") ?? [];
  return pid === undefined || start === undefined ? undefined : { pid: Number(pid), start, began: Number(began) };
}

/** Read all facts about an attempt once. */
export function readFolder(folder: string, pid: number, start: string): Facts {
  // Check the process first: a wrapper that has ended has written all its files.
  const alive = processStart(pid) === start;
  const began = readWrapper(folder)?.began;
  const exit = readFacts(join(folder, "exit"))?.split(" ").map(Number);
  const noexec = readFacts(join(folder, "noexec"));
  const has = (name: string) => existsSync(join(folder, name));
  return {
    alive,
    startedAt: new Date(began ?? 0).toISOString(),
    ...(exit ? { exit: { code: exit[0] as number, at: changedAt(join(folder, "exit")) } } : {}),
    ...(noexec === undefined ? {} : { noexec: Number(noexec) }),
    stopping: has("stopping"),
    killing: has("killing"),
    timedOut: has("timedout"),
    orphaned: has("orphaned"),
    lastSign: lastChange(folder),
  };
}

/** The last change of any file. It is the best estimate of the end if there is no `exit` file. */
function lastChange(folder: string): string {
  const times = ["out", "err", "stamps", "killing", "orphaned", "stopping", "pid"].map((name) => {
    return statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  });
  return new Date(Math.max(...times)).toISOString();
}

/** The modification time is more precise than the seconds that the wrapper gets from a POSIX `date`. */
function changedAt(path: string): string {
  return statSync(path).mtime.toISOString();
}

/** Read a file with one complete line. `undefined` while the file is missing or the line is incomplete. */
function readFacts(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return text.endsWith("\n") ? text.trimEnd() : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
