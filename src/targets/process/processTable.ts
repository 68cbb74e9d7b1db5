import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * What tells one process from any other that has had or will have its pid: when it started, and since which boot.
 * @returns `undefined` if there is no such process, or only its zombie
 */
export function processStart(pid: number): string | undefined {
  return process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
}

let bootId: string | undefined;

/** Field 22 of `/proc/<pid>/stat` (proc(5)); the name in field 2 may hold spaces and parentheses. */
function startOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return undefined;
  bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").split("-")[0];
  return `${bootId}-${fields[18]}`;
}

function startByPs(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    })
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith("Z") ? undefined : start.join("_");
  } catch {
    return undefined;
  }
}
