import { hostname } from "node:os";
import { processStart } from "./processTable";

let own: string | undefined;

/** A name of this process that no other process ever has: `<host>/<pid>/<start>`. */
export function processName(): string {
  own ??= [hostname(), process.pid, processStart(process.pid) ?? "unknown"].join("/");
  return own;
}

/** Whether the process with this name is still running. A process on another host cannot be checked and counts as running. */
export function processLives(name: string): boolean {
  const [host, pid, start] = name.split("/");
  return host !== hostname() || name === processName() || processStart(Number(pid)) === start;
}
