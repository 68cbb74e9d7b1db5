import { existsSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { processStart } from "../../processTable";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { InfrastructureId } from "../target";
import type { Facts } from "./outcome";

/** The wrapper's process, as it wrote itself down. */
export interface WrapperProcess {
  pid: number;
  /** See `processStart`. */
  start: string;
  /** Milliseconds since 1970. */
  began: number;
}

/** Where one attempt's files are. */
export function runFolder(home: string, runId: string, attempt: number): string {
  return join(home, "runs", runId, String(attempt));
}

export function infrastructureId(runId: string, attempt: number, { pid, start }: WrapperProcess): InfrastructureId {
  return `${runId}/${attempt}@${hostname()}:${pid}:${start}`;
}

/**
 * What an id names.
 * @throws {UserError} for a process on another machine, which cannot be seen from here, and for a damaged id
 */
export function locate(home: string, id: InfrastructureId): { folder: string; pid: number; start: string } {
  const match = /^(?<run>[^/]+)\/(?<attempt>\d+)@(?<host>.*):(?<pid>\d+):(?<start>[^:]*(?::[^:]*)*)$/.exec(id);
  if (!match?.groups)
    throw new UserError(
      `the ledger names ${quoted(id)} as the process of a run, which is no id of one: its process cannot be looked at`,
      5,
    );
  const { run = "", attempt, host, pid, start = "" } = match.groups;
  if (host !== hostname()) throw new UserError(`the process of run ${run} is on ${host}, this is ${hostname()}: follow it there`, 5);
  return { folder: runFolder(home, run, Number(attempt)), pid: Number(pid), start };
}

/** The wrapper of a folder, once it has written itself down. */
export function readWrapper(folder: string): WrapperProcess | undefined {
  const [pid, start, began] = readFacts(join(folder, "pid"))?.split(" ") ?? [];
  return pid === undefined || start === undefined ? undefined : { pid: Number(pid), start, began: Number(began) };
}

/** Everything there is to know of an attempt, read once. */
export function readFolder(folder: string, pid: number, start: string): Facts {
  // In this order: a wrapper that is gone has written all it will.
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

/** When anything was last written: the nearest to an end that has no time of its own. */
function lastChange(folder: string): string {
  const times = ["out", "err", "stamps", "killing", "orphaned", "stopping", "pid"].map((name) => {
    return statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  });
  return new Date(Math.max(...times)).toISOString();
}

/** Finer than the seconds that a POSIX `date` gives the wrapper. */
function changedAt(path: string): string {
  return statSync(path).mtime.toISOString();
}

/** One whole line; `undefined` while it is not there or not whole. */
function readFacts(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return text.endsWith("\n") ? text.trimEnd() : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
