import { hostname } from "node:os";
import { processStart } from "./processTable";

const own = new Map<string, string>();

/** A name of this process that no other process ever has: `<host>/<pid>/<start>`. @param host a name of this machine */
export function processName(host = hostname()): string {
  const name = own.get(host) ?? [host, process.pid, processStart(process.pid) ?? "unknown"].join("/");
  own.set(host, name);
  return name;
}

/**
 * Whether the process with this name is still running. A process on another host cannot be checked and counts as running.
 * @param here the name of this machine
 */
export function processLives(name: string, here = hostname()): boolean {
  const [host, pid, start] = name.split("/");
  return host !== here || name === processName(here) || processStart(Number(pid)) === start;
}
