import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PACKED_ZONES } from "./venv";

/**
 * Start `prefect ARGUMENTS` in a fork of a process that has imported Prefect. All test files of this run share that process, which ends with
 * the run. Until such a server answers, it needs a third of the processor time.
 * @param log what the server prints is added to this file
 * @returns its process id; `undefined` where it cannot be forked, so that the caller starts Prefect itself
 */
export async function forkedServer(
  venv: string,
  server: { env: NodeJS.ProcessEnv; arguments: string[]; log: string },
): Promise<number | undefined> {
  // A fork on macOS may not use the system's libraries.
  if (process.platform !== "linux") return undefined;
  // vitest's workers are children of this process: one for each run.
  const run = process.ppid;
  const folder = join(tmpdir(), `pushpool-prefect-${process.getuid?.() ?? 0}-${run}-forks`);
  const socket = join(folder, "socket");
  if (made(folder)) {
    const out = openSync(join(folder, "log"), "a");
    // What it compiles, each later Python of the venv would compile again.
    const env = { ...server.env, PREFECT_HOME: folder, PYTHONDONTWRITEBYTECODE: "", ...PACKED_ZONES };
    const args = [join(__dirname, "forkServers.py"), socket, String(run)];
    spawn(join(venv, "bin", "python"), args, { detached: true, stdio: ["ignore", out, out], env }).unref();
  }
  // It listens before it imports Prefect.
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await asked(socket, JSON.stringify(server)).catch(({ code }: NodeJS.ErrnoException) => code);
    if (answer !== "ENOENT") return Number(answer) || undefined;
    await sleep(100);
  }
  return undefined;
}

function made(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Send a line to a socket, and read until its end. */
async function asked(path: string, line: string): Promise<string> {
  const socket = connect(path);
  socket.end(`${line}\n`);
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  return answer;
}
