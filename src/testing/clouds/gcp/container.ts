import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";

/** How a container's command ended. */
export type End = { kind: "exited"; code: number } | { kind: "signalled"; signal: number } | { kind: "notStarted"; message: string };

export interface ContainerOptions {
  argv: readonly string[];
  env: Record<string, string>;
  onLine: (stream: "stdout" | "stderr", text: string) => void;
}

/** A container of the fake: its command as a process group of this machine, with nothing of this process's environment but PATH. */
export class Container {
  readonly ended: Promise<End>;
  readonly #child: ChildProcess;
  #killed: NodeJS.Timeout | undefined;

  constructor({ argv, env, onLine }: ContainerOptions) {
    const folder = mkdtempSync(join(tmpdir(), "pushpool-container-"));
    const [command = "", ...args] = argv;
    const child = spawn(command, args, {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    for (const stream of ["stdout", "stderr"] as const) lines(child[stream] as NodeJS.ReadableStream, (text) => onLine(stream, text));
    this.ended = new Promise<End>((resolve) => {
      child.on("error", (error) => resolve({ kind: "notStarted", message: error.message }));
      // A container is over when its first process is; whatever it left behind goes with it.
      child.on("exit", () => this.#signalGroup("SIGKILL"));
      child.on("close", (code, signal) =>
        resolve(signal === null ? { kind: "exited", code: code ?? 0 } : { kind: "signalled", signal: constants.signals[signal] }),
      );
    });
    this.ended.finally(() => {
      clearTimeout(this.#killed);
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** SIGTERM to all of it, SIGKILL after the grace. */
  stop(graceMs: number): void {
    if (this.#killed) return;
    this.#signalGroup("SIGTERM");
    this.#killed = setTimeout(() => this.#signalGroup("SIGKILL"), graceMs);
  }

  kill(): void {
    this.#signalGroup("SIGKILL");
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

function lines(stream: NodeJS.ReadableStream, onLine: (text: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const parts = (rest + decoder.write(chunk)).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(part);
  });
  stream.on("end", () => {
    rest += decoder.end();
    if (rest !== "") onLine(rest);
    rest = "";
  });
}
