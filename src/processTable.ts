import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";

/**
 * The start of a process: its time, and the boot. It distinguishes the process from all others with the same pid, in the past or future.
 * @returns `undefined` if there is no such process, or it is a zombie
 */
export function processStart(pid: number): string | undefined {
  return process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
}

/**
 * Find the running wrapper of a run among the processes of this user: its pid, and the `.pushpool` folder from which it was started. This works
 * only on Linux. The arguments of a wrapper include its folder, `<home>/runs/<run>/<attempt>`.
 */
export function wrapperOf(runId: string): { pid: number; home: string } | undefined {
  if (process.platform !== "linux") return undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    try {
      if (statSync(`/proc/${pid}`).uid !== process.getuid?.()) continue;
      for (const argument of readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")) {
        const at = argument.indexOf(`/runs/${runId}/`);
        if (argument.startsWith("/") && /^[0-9]+$/.test(argument.slice(at + `/runs/${runId}/`.length)) && at > 0)
          return { pid: Number(pid), home: argument.slice(0, at) };
      }
    } catch {
      // The process has ended in the meantime.
    }
  }
  return undefined;
}

let bootId: string | undefined;

/** Field 22 of `/proc/<pid>/stat` (proc(5)). The name in field 2 may contain spaces and parentheses. */
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
