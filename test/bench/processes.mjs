// Reads the processes of this machine, as Linux reports them.
import { readdirSync, readFileSync } from "node:fs";

/** The ticks per second in `/proc/PID/stat`: `getconf CLK_TCK`, 100 on every Linux in use. */
const TICK = 100;

/** When the process started, in milliseconds since the epoch, with a precision of 10 ms. */
function startedAt(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [, started] = /^\S+(?: \S+){18} (\d+)/.exec(stat.slice(stat.lastIndexOf(")") + 2)) ?? [];
  const up = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  return Date.now() - up + (Number(started) / TICK) * 1000;
}

function text(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // It is gone, or belongs to another user.
    return "";
  }
}

/** The processes with a matching command line and environment. */
export function find({ command = /(?:)/, environment = "" }) {
  return readdirSync("/proc")
    .filter(
      (name) =>
        /^\d+$/.test(name) && command.test(text(name, "cmdline").replaceAll("\0", " ")) && text(name, "environ").includes(environment),
    )
    .map(Number);
}

/** When the first such process started, in milliseconds since the epoch; `undefined` if there is none. */
export function firstStart(which) {
  const starts = find(which).flatMap((pid) => {
    try {
      return [startedAt(pid)];
    } catch {
      return [];
    }
  });
  return starts.length > 0 ? Math.min(...starts) : undefined;
}

/** A process's memory, in bytes. */
export function memoryOf(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(text(pid, "status")) ?? [];
  return Number(kilobytes) * 1024;
}
