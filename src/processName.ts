import { hostname } from "node:os";
import { processStart } from "./processTable";

let own: string | undefined;

/** This process, by a name that no other has had or will have: `<host>/<pid>/<start>`. */
export function processName(): string {
  own ??= [hostname(), process.pid, processStart(process.pid) ?? "unknown"].join("/");
  return own;
}

/** Whether the process of that name is still there. One on another host cannot be asked: it is taken to live. */
export function processLives(name: string): boolean {
  const [host, pid, start] = name.split("/");
  return host !== hostname() || name === processName() || processStart(Number(pid)) === start;
}
